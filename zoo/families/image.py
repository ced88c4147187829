"""Images: colours, crops, patches, transformations, and the tf.image functions that models are served with."""

import numpy as np
from cases import case, rand
from golden import tf

raw = tf.raw_ops
IMAGE = "float32[?,?,?,3]"
UNIT = {"low": 0.0, "high": 1.0}

case("resize_one_image", lambda x: tf.image.resize(x, [4, 5]), ["uint8[?,?,3]"], [(rand(6, 7, 3, low=0, high=255),)])
case("resize_keeping_ratio", lambda x: tf.image.resize(x, [4, 8], preserve_aspect_ratio=True), ["float32[6,9,3]"], [(rand(6, 9, 3),)])
case("resize_with_pad", lambda x: tf.image.resize_with_pad(x, 6, 6), [IMAGE], [(rand(1, 8, 4, 3),), (rand(1, 3, 9, 3),)])
case("resize_with_crop_or_pad", lambda x: tf.image.resize_with_crop_or_pad(x, 5, 6), [IMAGE], [(rand(1, 8, 4, 3),), (rand(2, 3, 9, 3),)])
case("central_crop", lambda x: tf.image.central_crop(x, 0.5), ["float32[?,?,3]"], [(rand(8, 7, 3),)])
case("pad_to_bounding_box", lambda x: tf.image.pad_to_bounding_box(x, 1, 2, 6, 8), [IMAGE], [(rand(1, 3, 4, 3),)])
case("crop_to_bounding_box", lambda x: tf.image.crop_to_bounding_box(x, 1, 2, 2, 2), [IMAGE], [(rand(1, 5, 5, 3),)])
case("per_image_standardization", tf.image.per_image_standardization, ["float32[?,?,?,3]"], [(rand(2, 4, 5, 3),), (np.ones((1, 2, 2, 3)),)])
tf_gray = lambda images: tf.image.rgb_to_grayscale(images)  # noqa: E731
case("rgb_to_grayscale", tf_gray, [IMAGE], [(rand(1, 3, 3, 3),)])
case("rgb_to_grayscale_uint8", lambda images: tf.image.rgb_to_grayscale(images), ["uint8[?,?,3]"], [(rand(3, 3, 3, low=0, high=255),)])
case("grayscale_to_rgb", lambda images: tf.image.grayscale_to_rgb(images), ["float32[?,?,?,1]"], [(rand(1, 3, 3, 1),)])
case("flip_left_right", lambda image: tf.image.flip_left_right(image), [IMAGE], [(rand(1, 3, 4, 3),)])
case("flip_up_down", lambda image: tf.image.flip_up_down(image), ["float32[?,?,3]"], [(rand(3, 4, 3),)])
case("rot90", lambda image: tf.image.rot90(image), [IMAGE], [(rand(1, 3, 4, 3),)])
case("transpose", lambda image: tf.image.transpose(image), [IMAGE], [(rand(1, 3, 4, 3),)])
case("convert_image_dtype", lambda image: tf.image.convert_image_dtype(image, tf.float32), ["uint8[?,?,3]"], [(rand(3, 4, 3, low=0, high=255),)])
case("convert_image_dtype_back", lambda image: tf.image.convert_image_dtype(image, tf.uint8, saturate=True), ["float32[?,?,3]"], [(rand(3, 4, 3),)])
case("adjust_brightness", lambda image: tf.image.adjust_brightness(image, 0.2), [IMAGE], [(rand(1, 3, 4, 3, **UNIT),)])
case("adjust_contrast", lambda images: tf.image.adjust_contrast(images, 1.7), [IMAGE], [(rand(2, 3, 4, 3),)])
case("adjust_contrast_uint8", lambda images: tf.image.adjust_contrast(images, 1.7), ["uint8[?,?,3]"], [(rand(4, 4, 3, low=0, high=255),)])
case("adjust_saturation", lambda image: tf.image.adjust_saturation(image, 1.5), [IMAGE], [(rand(2, 3, 4, 3, **UNIT),)])
for delta in (0.3, -0.45, 0.0):
    case(f"adjust_hue_{delta}", lambda image, _d=delta: tf.image.adjust_hue(image, _d), [IMAGE], [(rand(1, 3, 4, 3, **UNIT),)])
case("adjust_gamma", lambda image: tf.image.adjust_gamma(image, 0.7), [IMAGE], [(rand(1, 3, 4, 3, **UNIT),)])
for dtype in ("float32", "float64"):
    case(f"RGBToHSV_{dtype}", lambda x: raw.RGBToHSV(images=x), [f"{dtype}[?,3]"], [(rand(12, 3, **UNIT),), ([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]],)])
    case(f"HSVToRGB_{dtype}", lambda x: raw.HSVToRGB(images=x), [f"{dtype}[?,3]"], [(rand(12, 3, **UNIT),)])
case("rgb_to_yuv", lambda images: tf.image.rgb_to_yuv(images), [IMAGE], [(rand(1, 3, 4, 3, **UNIT),)])
case("rgb_to_yiq", lambda images: tf.image.rgb_to_yiq(images), [IMAGE], [(rand(1, 3, 4, 3, **UNIT),)])
case("total_variation", lambda images: tf.image.total_variation(images), [IMAGE], [(rand(2, 3, 4, 3),)])
case("sobel_edges", lambda image: tf.image.sobel_edges(image), ["float32[?,5,4,3]"], [(rand(1, 5, 4, 3),)])
case("image_gradients", lambda image: list(tf.image.image_gradients(image)), ["float32[1,5,4,3]"], [(rand(1, 5, 4, 3),)])
case("psnr", lambda a, b: tf.image.psnr(a, b, 1.0), [IMAGE, IMAGE], [(rand(1, 3, 4, 3, **UNIT), rand(1, 3, 4, 3, **UNIT))])
case("ssim", lambda a, b: tf.image.ssim(a, b, 1.0), ["float32[?,16,16,1]", "float32[?,16,16,1]"], [(rand(1, 16, 16, 1, **UNIT), rand(1, 16, 16, 1, **UNIT))])

for padding in ("SAME", "VALID"):
    case(
        f"ExtractImagePatches_{padding}",
        lambda x, _p=padding: raw.ExtractImagePatches(images=x, ksizes=[1, 3, 2, 1], strides=[1, 2, 1, 1], rates=[1, 1, 2, 1], padding=_p),
        ["float32[?,?,?,2]"],
        [(rand(2, 6, 5, 2),)],
    )
case("ExtractVolumePatches", lambda x: raw.ExtractVolumePatches(input=x, ksizes=[1, 2, 2, 2, 1], strides=[1, 1, 2, 1, 1], padding="SAME"), ["float32[?,3,4,3,2]"], [(rand(1, 3, 4, 3, 2),)])
case("ExtractImagePatches_int32", lambda x: raw.ExtractImagePatches(images=x, ksizes=[1, 2, 2, 1], strides=[1, 2, 2, 1], rates=[1, 1, 1, 1], padding="SAME"), ["int32[?,?,?,1]"], [(rand(1, 5, 5, 1),)])

BOXES = [[0.1, 0.2, 0.8, 0.9], [0.0, 0.0, 1.0, 1.0], [-0.2, 0.3, 1.2, 0.7], [0.9, 0.8, 0.1, 0.2]]
for method in ("bilinear", "nearest"):
    case(
        f"CropAndResize_{method}",
        lambda image, boxes, box_ind, _m=method: raw.CropAndResize(
            image=image, boxes=boxes, box_ind=box_ind, crop_size=[3, 4], method=_m, extrapolation_value=-1.0
        ),
        ["float32[?,?,?,2]", "float32[?,4]", "int32[?]"],
        [(rand(2, 6, 5, 2), BOXES, [0, 1, 1, 0]), (rand(1, 3, 3, 2), np.zeros((0, 4)), [])],
        [(rand(1, 3, 3, 2), BOXES, [0, 1, 0, 0])],
    )
case("CropAndResize_one_pixel", lambda image, boxes: raw.CropAndResize(image=image, boxes=boxes, box_ind=[0, 0, 0, 0], crop_size=[1, 1]), ["uint8[1,?,?,3]", "float32[4,4]"], [(rand(1, 6, 5, 3, low=0, high=255), BOXES)])

TRANSFORMS = [[0.9, 0.2, 0.5, -0.1, 1.1, -0.4, 0.0, 0.0], [1.0, 0.0, 1.5, 0.0, 1.0, -0.7, 0.01, 0.02]]
for fill in ("CONSTANT", "REFLECT", "WRAP", "NEAREST"):
    for interpolation in ("NEAREST", "BILINEAR"):
        case(
            f"ImageProjectiveTransformV3_{fill}_{interpolation}",
            lambda images, transforms, _f=fill, _i=interpolation: raw.ImageProjectiveTransformV3(
                images=images, transforms=transforms, output_shape=[5, 6], fill_value=0.5, interpolation=_i, fill_mode=_f
            ),
            ["float32[?,?,?,2]", "float32[?,8]"],
            [(rand(2, 6, 5, 2), TRANSFORMS), (rand(2, 4, 7, 2), TRANSFORMS[:1])],
        )
case("ImageProjectiveTransformV2", lambda images: raw.ImageProjectiveTransformV2(images=images, transforms=TRANSFORMS[:1], output_shape=tf.shape(images)[1:3], interpolation="BILINEAR"), ["uint8[?,?,?,1]"], [(rand(1, 6, 5, 1, low=0, high=255),)])
case("DrawBoundingBoxes", lambda images, boxes: raw.DrawBoundingBoxes(images=images, boxes=boxes), [IMAGE, "float32[?,?,4]"], [(rand(1, 9, 8, 3, **UNIT), [BOXES[:3]])])
case("DrawBoundingBoxesV2", lambda images, boxes: raw.DrawBoundingBoxesV2(images=images, boxes=boxes, colors=[[1.0, 0.0, 0.5], [0.2, 0.3, 0.4]]), [IMAGE, "float32[?,?,4]"], [(rand(1, 9, 8, 3, **UNIT), [BOXES[:3]])])
