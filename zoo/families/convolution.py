"""Convolutions: strides, dilations and every padding, with filters as constants, variables and inputs.

The spatial sizes are chosen so that SAME pads unevenly in some case of each op.
"""

import keras
import numpy as np
from cases import case, keep, rand, variable
from golden import tf

raw = tf.raw_ops
keras.utils.set_random_seed(23)
IMAGE = "float32[?,?,?,3]"


def weights(*shape, seed=0):
    """A filter that is a constant of the graph."""
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)


def applied(layer):
    return lambda x: layer(x)


def conv2d(filter, padding, strides=1, dilations=1, explicit=()):
    strides, dilations = np.broadcast_to(strides, 2), np.broadcast_to(dilations, 2)
    return lambda x: raw.Conv2D(
        input=x,
        filter=filter,
        strides=[1, *strides, 1],
        padding=padding,
        explicit_paddings=list(explicit),
        dilations=[1, *dilations, 1],
    )


images = [(rand(2, 7, 6, 3),), (rand(1, 5, 9, 3),)]
W = weights(3, 3, 3, 4)
for padding in ("SAME", "VALID"):
    for strides in (1, 2, (2, 1), 3):
        name = f"Conv2D_{padding}_stride_{strides}".replace("(", "").replace(", ", "x").replace(")", "")
        case(name, conv2d(W, padding, strides), [IMAGE], images)
    case(f"Conv2D_{padding}_dilation_2", conv2d(W, padding, 1, 2), [IMAGE], images)
    case(f"Conv2D_{padding}_dilation_2x1", conv2d(W, padding, 1, (2, 1)), [IMAGE], images)
    case(f"Conv2D_{padding}_kernel_1x1_stride_2", conv2d(weights(1, 1, 3, 4), padding, 2), [IMAGE], images)
    case(f"Conv2D_{padding}_kernel_2x3", conv2d(weights(2, 3, 3, 2), padding), [IMAGE], images)
    case(f"Conv2D_{padding}_kernel_4x4_stride_2", conv2d(weights(4, 4, 3, 2), padding, 2), [IMAGE], images)
explicit = (0, 0, 1, 2, 3, 0, 0, 0)
case("Conv2D_EXPLICIT", conv2d(W, "EXPLICIT", 1, 1, explicit), [IMAGE], images)
case("Conv2D_EXPLICIT_stride_2", conv2d(W, "EXPLICIT", 2, 1, explicit), [IMAGE], images)
case("Conv2D_empty_batch", conv2d(W, "SAME"), [IMAGE], [(rand(0, 7, 6, 3),)])
case("Conv2D_fixed_size_stride_2", conv2d(W, "SAME", 2), ["float32[?,8,8,3]"], [(rand(2, 8, 8, 3),)])
case("Conv2D_groups", conv2d(weights(3, 3, 2, 6), "SAME"), ["float32[?,?,?,4]"], [(rand(2, 5, 5, 4),)])
case("Conv2D_too_small", conv2d(W, "VALID"), [IMAGE], [(rand(1, 3, 3, 3),), (rand(1, 2, 2, 3),)])
case(
    "Conv2D_filter_given",
    lambda x, filter: raw.Conv2D(input=x, filter=filter, strides=[1, 1, 1, 1], padding="SAME"),
    [IMAGE, "float32[3,3,3,2]"],
    [(rand(1, 4, 5, 3), rand(3, 3, 3, 2))],
)
case(
    "Conv2D_float64",
    lambda x: raw.Conv2D(input=x, filter=W.astype(np.float64), strides=[1, 2, 2, 1], padding="SAME"),
    ["float64[?,?,?,3]"],
    [(rand(2, 7, 6, 3),)],
)
kernel, bias = variable(weights(3, 3, 3, 4, seed=1)), variable(weights(4, seed=2))
case(
    "Conv2D_variables_bias_relu",
    lambda x: tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, kernel, 2, "SAME"), bias)),
    [IMAGE],
    images,
)
case("Conv2D_kernel_larger_than_image", conv2d(weights(5, 5, 3, 2), "SAME", 2), [IMAGE], [(rand(1, 2, 3, 3),)])
case("conv1d", lambda x: tf.nn.conv1d(x, weights(3, 3, 4), 2, "SAME"), ["float32[?,?,3]"], [(rand(2, 7, 3),)])
case(
    "conv1d_dilated",
    lambda x: tf.nn.conv1d(x, weights(3, 3, 4), 1, "VALID", dilations=2),
    ["float32[?,?,3]"],
    [(rand(2, 7, 3),)],
)
causal = keras.layers.Conv1D(4, 3, padding="causal", dilation_rate=2)
causal.build((None, None, 3))
for weight in causal.weights:
    keep(weight.value)
case("keras_causal_conv1d", lambda x: causal(x), ["float32[?,?,3]"], [(rand(2, 7, 3),)])


def conv3d(padding, stride):
    return lambda x: raw.Conv3D(
        input=x, filter=weights(2, 3, 3, 2, 3), strides=[1, stride, stride, stride, 1], padding=padding
    )


def depthwise(filter, padding, stride=1, dilation=1, explicit=()):
    return lambda x: raw.DepthwiseConv2dNative(
        input=x,
        filter=filter,
        strides=[1, stride, stride, 1],
        padding=padding,
        explicit_paddings=list(explicit),
        dilations=[1, dilation, dilation, 1],
    )


for padding in ("SAME", "VALID"):
    for stride in (1, 2):
        case(
            f"Conv3D_{padding}_stride_{stride}",
            conv3d(padding, stride),
            ["float32[?,?,?,?,2]"],
            [(rand(1, 4, 5, 6, 2),)],
        )
        case(
            f"DepthwiseConv2dNative_{padding}_stride_{stride}",
            depthwise(weights(3, 3, 3, 1), padding, stride),
            [IMAGE],
            images,
        )
    case(f"DepthwiseConv2dNative_{padding}_multiplier_2", depthwise(weights(3, 3, 3, 2), padding), [IMAGE], images)
    case(f"DepthwiseConv2dNative_{padding}_kernel_5x4", depthwise(weights(5, 4, 3, 1), padding), [IMAGE], images)
case("DepthwiseConv2dNative_EXPLICIT", depthwise(weights(3, 3, 3, 1), "EXPLICIT", 2, 1, explicit), [IMAGE], images)
case(
    "depthwise_dilated",
    lambda x: tf.nn.depthwise_conv2d(x, weights(3, 3, 3, 1), [1, 1, 1, 1], "SAME", dilations=[2, 2]),
    ["float32[?,7,6,3]"],
    [(rand(2, 7, 6, 3),)],
)
case(
    "separable",
    lambda x: tf.nn.separable_conv2d(x, weights(3, 3, 3, 2), weights(1, 1, 6, 4), [1, 2, 2, 1], "SAME"),
    [IMAGE],
    images,
)
case(
    "Dilation2D",
    lambda x: raw.Dilation2D(
        input=x, filter=weights(2, 2, 3), strides=[1, 1, 1, 1], rates=[1, 1, 1, 1], padding="SAME"
    ),
    [IMAGE],
    images,
)


def transposed(size, padding, stride, kernel=(3, 3)):
    """Conv2DTranspose: the gradient of a convolution, its output size computed from the input's."""

    def call(x):
        shape = tf.shape(x)
        return raw.Conv2DBackpropInput(
            input_sizes=tf.stack([shape[0], size(shape[1], kernel[0]), size(shape[2], kernel[1]), 2]),
            filter=weights(*kernel, 2, 3),
            out_backprop=x,
            strides=[1, stride, stride, 1],
            padding=padding,
        )

    return call


small = [(rand(2, 3, 4, 3),), (rand(1, 5, 2, 3),)]
for stride in (1, 2, 3):
    case(
        f"Conv2DBackpropInput_SAME_stride_{stride}",
        transposed(lambda n, k, _s=stride: n * _s, "SAME", stride),
        [IMAGE],
        small,
    )
    full = lambda n, k, _s=stride: n * _s + max(k - _s, 0)
    case(f"Conv2DBackpropInput_VALID_stride_{stride}", transposed(full, "VALID", stride), [IMAGE], small)
case("Conv2DBackpropInput_SAME_odd_output", transposed(lambda n, k: n * 2 - 1, "SAME", 2), [IMAGE], small)
case("Conv2DBackpropInput_SAME_kernel_4", transposed(lambda n, k: n * 2, "SAME", 2, (4, 4)), [IMAGE], small)
case("Conv2DBackpropInput_SAME_kernel_2x5", transposed(lambda n, k: n * 2, "SAME", 2, (2, 5)), [IMAGE], small)
case(
    "Conv2DBackpropInput_constant_size",
    lambda x: raw.Conv2DBackpropInput(
        input_sizes=[2, 8, 6, 2], filter=weights(3, 3, 2, 3), out_backprop=x, strides=[1, 2, 2, 1], padding="SAME"
    ),
    ["float32[2,4,3,3]"],
    [(rand(2, 4, 3, 3),)],
)
for name, arguments in (("same", {"padding": "same"}), ("output_padding", {"padding": "valid", "output_padding": 1})):
    layer = keras.layers.Conv2DTranspose(2, 3, strides=2, **arguments)
    layer.build((None, None, None, 3))
    for weight in layer.weights:
        keep(weight.value)
    case(f"keras_Conv2DTranspose_{name}", applied(layer), [IMAGE], small)
case(
    "conv1d_transpose",
    lambda x: tf.nn.conv1d_transpose(x, weights(3, 2, 3), [tf.shape(x)[0], tf.shape(x)[1] * 2, 2], 2),
    ["float32[?,?,3]"],
    [(rand(2, 4, 3),)],
)
case(
    "conv3d_transpose",
    lambda x: tf.nn.conv3d_transpose(x, weights(2, 3, 3, 2, 3), [1, 4, 6, 8, 2], 2),
    ["float32[1,2,3,4,3]"],
    [(rand(1, 2, 3, 4, 3),)],
)

# Space and batch: how dilated convolutions were written, and pixel shuffles.
case(
    "SpaceToBatchND",
    lambda x: raw.SpaceToBatchND(input=x, block_shape=[2, 2], paddings=[[0, 0], [1, 1]]),
    ["float32[?,4,6,2]"],
    [(rand(1, 4, 6, 2),)],
)
case(
    "BatchToSpaceND",
    lambda x: raw.BatchToSpaceND(input=x, block_shape=[2, 2], crops=[[0, 0], [1, 0]]),
    ["float32[?,2,3,2]"],
    [(rand(4, 2, 3, 2),)],
)
case("SpaceToDepth", lambda x: raw.SpaceToDepth(input=x, block_size=2), ["float32[?,?,?,3]"], [(rand(2, 4, 6, 3),)])
case("DepthToSpace", lambda x: raw.DepthToSpace(input=x, block_size=2), ["float32[?,?,?,8]"], [(rand(2, 3, 2, 8),)])
case("atrous", lambda x: tf.nn.atrous_conv2d(x, weights(3, 3, 3, 2), 2, "SAME"), [IMAGE], [(rand(1, 7, 6, 3),)])
case("resize_nearest", lambda x: tf.image.resize(x, [7, 5], method="nearest"), [IMAGE], [(rand(1, 4, 3, 3),)])
case("resize_bilinear", lambda x: tf.image.resize(x, [7, 5]), [IMAGE], [(rand(1, 4, 3, 3),)])
case("resize_bilinear_down", lambda x: tf.image.resize(x, [3, 2]), [IMAGE], [(rand(1, 7, 5, 3),)])
case(
    "ResizeBilinear_align_corners",
    lambda x: raw.ResizeBilinear(images=x, size=[7, 5], align_corners=True),
    [IMAGE],
    [(rand(1, 4, 3, 3),)],
)
case("ResizeBilinear_legacy", lambda x: raw.ResizeBilinear(images=x, size=[7, 5]), [IMAGE], [(rand(1, 4, 3, 3),)])
case(
    "ResizeNearestNeighbor_legacy",
    lambda x: raw.ResizeNearestNeighbor(images=x, size=[7, 5]),
    [IMAGE],
    [(rand(1, 4, 3, 3),)],
)
case(
    "resize_size_given",
    lambda x, size: raw.ResizeBilinear(images=x, size=size, half_pixel_centers=True),
    [IMAGE, "int32[2]"],
    [(rand(1, 4, 3, 3), [6, 9])],
)
case("keras_upsampling", lambda x: keras.layers.UpSampling2D(2)(x), [IMAGE], [(rand(1, 2, 3, 3),)])
case(
    "keras_upsampling_bilinear",
    lambda x: keras.layers.UpSampling2D(2, interpolation="bilinear")(x),
    ["float32[?,2,3,3]"],
    [(rand(1, 2, 3, 3),)],
)
