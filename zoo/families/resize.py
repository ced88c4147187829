"""Resizing of images, with every convention of where pixels stand and every sampling kernel."""

from cases import case, rand
from golden import tf

raw = tf.raw_ops
SIZES = {"up": (7, 9), "down": (3, 2), "mixed": (9, 2), "same": (5, 4), "one": (1, 1)}
CORNERS = {
    "legacy": {},
    "align_corners": {"align_corners": True},
    "half_pixels": {"half_pixel_centers": True},
}


def resized(op, size, **corners):
    return lambda x: getattr(raw, op)(images=x, size=list(size), **corners)


def resized_as_asked(op, **corners):
    return lambda x, size: getattr(raw, op)(images=x, size=size, **corners)


for op in ("ResizeNearestNeighbor", "ResizeBilinear", "ResizeBicubic", "ResizeArea"):
    for corner, flags in CORNERS.items():
        if op == "ResizeArea" and "half_pixel_centers" in flags:
            continue
        for name, size in SIZES.items():
            case(f"{op}_{corner}_{name}", resized(op, size, **flags), ["float32[?,5,4,2]"], [(rand(2, 5, 4, 2),)])
        case(
            f"{op}_{corner}_given",
            resized_as_asked(op, **flags),
            ["float32[?,?,?,2]", "int32[2]"],
            [(rand(1, 5, 4, 2), [7, 3]), (rand(2, 3, 8, 2), [6, 16]), (rand(1, 4, 4, 2), [1, 5])],
        )
    case(f"{op}_uint8", resized(op, (4, 7), half_pixel_centers=True) if op != "ResizeArea" else resized(op, (4, 7)), ["uint8[?,?,?,3]"], [(rand(1, 6, 5, 3, low=0, high=255),)])
case("ResizeNearestNeighbor_int32", resized("ResizeNearestNeighbor", (3, 4)), ["int32[?,?,?,1]"], [(rand(1, 5, 5, 1),)])
case("ResizeNearestNeighbor_uneven", resized("ResizeNearestNeighbor", (49, 21)), ["float32[?,35,15,1]"], [(rand(1, 35, 15, 1),)])

KERNELS = ("lanczos1", "lanczos3", "lanczos5", "gaussian", "box", "triangle", "keyscubic", "mitchellcubic")
for kernel in KERNELS:
    for antialias in (True, False):
        case(
            f"ScaleAndTranslate_{kernel}_{'antialias' if antialias else 'plain'}",
            lambda x, scale, translation, _k=kernel, _a=antialias: raw.ScaleAndTranslate(
                images=x, size=[4, 5], scale=scale, translation=translation, kernel_type=_k, antialias=_a
            ),
            ["float32[?,?,?,2]", "float32[2]", "float32[2]"],
            [(rand(1, 7, 6, 2), [0.5, 0.8], [0.0, 0.25]), (rand(1, 3, 4, 2), [1.3, 1.25], [-0.5, 0.0])],
        )
for method in ("bilinear", "nearest", "bicubic", "area", "lanczos3", "gaussian", "mitchellcubic"):
    case(
        f"resize_{method}_antialias",
        lambda x, _m=method: tf.image.resize(x, [4, 5], method=_m, antialias=True),
        ["float32[?,9,8,3]"],
        [(rand(2, 9, 8, 3),)],
    )
