"""Image bytes, resizing, colour and boxes."""

import numpy as np
from cases import case, rand
from golden import tf

raw = tf.raw_ops
rng = np.random.default_rng(4)
IMAGE = "float32[?,?,?,3]"

small = tf.image.resize(rng.uniform(0, 255, (3, 3, 3)), (16, 12), method="bicubic")
PIXELS = np.clip(small.numpy(), 0, 255).astype(np.uint8)
PNG = tf.io.encode_png(PIXELS).numpy()
GRAY_PNG = tf.io.encode_png(PIXELS[..., :1]).numpy()
RGBA_PNG = tf.io.encode_png(np.concatenate([PIXELS, 255 - PIXELS[..., :1]], -1)).numpy()
DEEP_PNG = tf.io.encode_png(PIXELS.astype(np.uint16) * 257).numpy()
JPEG = tf.io.encode_jpeg(PIXELS, quality=95).numpy()
GRAY_JPEG = tf.io.encode_jpeg(PIXELS[..., :1], quality=95).numpy()
BMP = (
    b"BM"
    + (54 + 2 * 8).to_bytes(4, "little")
    + bytes(4)
    + (54).to_bytes(4, "little")
    + (40).to_bytes(4, "little")
    + (2).to_bytes(4, "little")
    + (2).to_bytes(4, "little")
    + (1).to_bytes(2, "little")
    + (24).to_bytes(2, "little")
    + bytes(24)
    + bytes([1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0])
)
SCALAR = ["string[]"]
BAD = [(b"not an image",), (b"",)]

case("DecodePng", lambda x: raw.DecodePng(contents=x), SCALAR, [(PNG,), (GRAY_PNG,), (RGBA_PNG,)], errors=BAD)
case("DecodePng_3", lambda x: raw.DecodePng(contents=x, channels=3), SCALAR, [(PNG,), (GRAY_PNG,), (RGBA_PNG,)])
case("DecodePng_1", lambda x: raw.DecodePng(contents=x, channels=1), SCALAR, [(GRAY_PNG,)])
case("DecodePng_uint16", lambda x: raw.DecodePng(contents=x, dtype=tf.uint16), SCALAR, [(DEEP_PNG,)])
case("DecodeJpeg", lambda x: raw.DecodeJpeg(contents=x), SCALAR, [(JPEG,), (GRAY_JPEG,)], errors=BAD)
case(
    "DecodeJpeg_3_accurate",
    lambda x: raw.DecodeJpeg(contents=x, channels=3, dct_method="INTEGER_ACCURATE"),
    SCALAR,
    [(JPEG,)],
)
case("DecodeBmp", lambda x: raw.DecodeBmp(contents=x), SCALAR, [(BMP,)])
case(
    "DecodeImage",
    lambda x: raw.DecodeImage(contents=x, channels=3, expand_animations=False),
    SCALAR,
    [(PNG,), (BMP,)],
    errors=BAD,
)
case(
    "image_to_float",
    lambda x: tf.image.convert_image_dtype(tf.io.decode_image(x, 3, expand_animations=False), tf.float32),
    SCALAR,
    [(PNG,)],
)
case(
    "bytes_to_batch",
    lambda x: tf.map_fn(
        lambda b: tf.image.resize(tf.ensure_shape(tf.io.decode_png(b, 3), [None, None, 3]), [4, 4]),
        x,
        fn_output_signature=tf.TensorSpec([4, 4, 3], tf.float32),
    ),
    ["string[?]"],
    [(np.array([PNG, GRAY_PNG], object),)],
)
case("EncodePng", lambda x: raw.DecodePng(contents=raw.EncodePng(image=x)), ["uint8[?,?,3]"], [(PIXELS[:4, :3],)])

for method in ("bilinear", "nearest", "bicubic", "area", "lanczos3"):
    for antialias in (False, True) if method in ("bilinear", "bicubic") else (False,):
        resize = lambda x, m=method, a=antialias: tf.image.resize(x, [5, 4], method=m, antialias=a)
        case(
            f"resize_{method}{'_antialias' if antialias else ''}",
            resize,
            [IMAGE],
            [(rand(1, 9, 7, 3),), (rand(1, 3, 3, 3),)],
        )
case("resize_uint8", lambda x: tf.image.resize(x, [5, 4]), ["uint8[?,?,?,3]"], [(rand(1, 9, 7, 3),)])
case("resize_with_pad", lambda x: tf.image.resize_with_pad(x, 6, 6), ["float32[?,8,4,3]"], [(rand(1, 8, 4, 3),)])
case("central_crop", lambda x: tf.image.central_crop(x, 0.5), ["float32[8,6,3]"], [(rand(8, 6, 3),)])
case(
    "flip",
    lambda x: {"left_right": tf.image.flip_left_right(x), "up_down": tf.image.flip_up_down(x)},
    ["float32[?,4,3,3]"],
    [(rand(1, 4, 3, 3),)],
)
case("rot90", lambda x: tf.image.rot90(x), ["float32[?,4,3,3]"], [(rand(1, 4, 3, 3),)])
case("grayscale", lambda x: tf.image.rgb_to_grayscale(x), [IMAGE], [(rand(1, 2, 3, 3),)])
case(
    "hsv",
    lambda x: {"hsv": tf.image.rgb_to_hsv(x), "back": tf.image.hsv_to_rgb(tf.image.rgb_to_hsv(x))},
    [IMAGE],
    [(rand(1, 2, 3, 3, low=0, high=1),)],
)
case("AdjustContrastv2", lambda x: tf.image.adjust_contrast(x, 1.7), [IMAGE], [(rand(1, 4, 3, 3, low=0, high=1),)])
case(
    "adjust_brightness_saturation",
    lambda x: {"b": tf.image.adjust_brightness(x, 0.2), "s": tf.image.adjust_saturation(x, 0.4)},
    [IMAGE],
    [(rand(1, 4, 3, 3, low=0, high=1),)],
)
case("per_image_standardization", lambda x: tf.image.per_image_standardization(x), [IMAGE], [(rand(2, 4, 3, 3),)])
case(
    "ImageProjectiveTransformV3",
    lambda x: raw.ImageProjectiveTransformV3(
        images=x,
        transforms=[[1.0, 0.2, -1.0, 0.1, 0.9, 0.5, 0.0, 0.0]],
        output_shape=[5, 6],
        fill_value=0.0,
        interpolation="BILINEAR",
    ),
    ["float32[?,5,6,1]"],
    [(rand(1, 5, 6, 1),)],
)

BOXES = [
    [0.1, 0.1, 0.6, 0.7],
    [0.0, 0.2, 1.0, 0.9],
    [0.12, 0.1, 0.62, 0.7],
    [0.7, 0.7, 0.9, 0.95],
    [0.05, 0.1, 0.6, 0.72],
]
SCORES = [0.9, 0.75, 0.6, 0.3, 0.95]
case(
    "CropAndResize",
    lambda x, boxes, index: raw.CropAndResize(image=x, boxes=boxes, box_ind=index, crop_size=[3, 4]),
    [IMAGE, "float32[?,4]", "int32[?]"],
    [(rand(2, 7, 6, 3), BOXES[:3], [0, 1, 0]), (rand(1, 5, 5, 3), [[-0.2, 0.0, 1.2, 1.0]], [0])],
)
case(
    "CropAndResize_nearest",
    lambda x: raw.CropAndResize(
        image=x, boxes=[[0.9, 0.1, 0.2, 0.8]], box_ind=[0], crop_size=[3, 3], method="nearest", extrapolation_value=-1.0
    ),
    [IMAGE],
    [(rand(1, 7, 6, 3),)],
)
NMS = ["float32[?,4]", "float32[?]"]
case(
    "NonMaxSuppressionV3",
    lambda boxes, scores: raw.NonMaxSuppressionV3(
        boxes=boxes, scores=scores, max_output_size=3, iou_threshold=0.5, score_threshold=0.2
    ),
    NMS,
    [(BOXES, SCORES), (np.zeros([0, 4]), [])],
)
case(
    "NonMaxSuppressionV4",
    lambda boxes, scores: list(
        raw.NonMaxSuppressionV4(
            boxes=boxes,
            scores=scores,
            max_output_size=4,
            iou_threshold=0.5,
            score_threshold=0.2,
            pad_to_max_output_size=True,
        )
    ),
    NMS,
    [(BOXES, SCORES)],
)
case(
    "NonMaxSuppressionV5",
    lambda boxes, scores: list(
        raw.NonMaxSuppressionV5(
            boxes=boxes, scores=scores, max_output_size=4, iou_threshold=0.5, score_threshold=0.1, soft_nms_sigma=0.5
        )
    ),
    NMS,
    [(BOXES, SCORES)],
)
case(
    "CombinedNonMaxSuppression",
    lambda boxes, scores: list(
        raw.CombinedNonMaxSuppression(
            boxes=boxes,
            scores=scores,
            max_output_size_per_class=3,
            max_total_size=4,
            iou_threshold=0.5,
            score_threshold=0.2,
        )
    ),
    ["float32[?,?,1,4]", "float32[?,?,2]"],
    [(np.array(BOXES).reshape(1, 5, 1, 4), rand(1, 5, 2, low=0, high=1))],
)
case(
    "ExtractImagePatches",
    lambda x: raw.ExtractImagePatches(
        images=x, ksizes=[1, 2, 2, 1], strides=[1, 2, 2, 1], rates=[1, 1, 1, 1], padding="SAME"
    ),
    [IMAGE],
    [(rand(1, 5, 4, 3),)],
)
