"""Pooling windows. Average pooling leaves padding out of the mean."""

import keras
from cases import case, rand
from golden import tf

raw = tf.raw_ops
IMAGE = "float32[?,?,?,3]"
images = [(rand(2, 7, 6, 3),), (rand(1, 5, 9, 3),)]


def pool(op, kernel, stride, padding, **rest):
    argument = "value" if op == "AvgPool" else "input"
    window = {"ksize": [1, *kernel, 1], "strides": [1, *stride, 1], "padding": padding}
    return lambda x: getattr(raw, op)(**{argument: x}, **window, **rest)


WINDOWS = (((2, 2), (2, 2)), ((3, 3), (2, 2)), ((3, 3), (1, 1)), ((2, 3), (1, 2)), ((2, 2), (3, 3)))
for padding in ("SAME", "VALID"):
    for op in ("MaxPool", "AvgPool"):
        for kernel, stride in WINDOWS:
            name = f"{op}_{padding}_{kernel[0]}x{kernel[1]}_stride_{stride[0]}x{stride[1]}"
            case(name, pool(op, kernel, stride, padding), [IMAGE], images)
        volume = [(rand(1, 4, 5, 6, 2),)]
        case(f"{op}3D_{padding}", pool(f"{op}3D", (2, 2, 3), (2, 1, 2), padding), ["float32[?,?,?,?,2]"], volume)
    case(
        f"MaxPool_{padding}_negative",
        pool("MaxPool", (3, 3), (2, 2), padding),
        [IMAGE],
        [(rand(1, 5, 5, 3, low=-9, high=-1),)],
    )
    case(
        f"AvgPool_{padding}_float64",
        pool("AvgPool", (3, 3), (2, 2), padding),
        ["float64[?,?,?,2]"],
        [(rand(1, 5, 5, 2),)],
    )

case(
    "MaxPool_EXPLICIT",
    pool("MaxPool", (3, 3), (2, 2), "EXPLICIT", explicit_paddings=[0, 0, 1, 0, 0, 1, 0, 0]),
    [IMAGE],
    images,
)


def pool_of_padded(op, padding):
    def run(x):
        y = tf.nn.conv2d(x, tf.constant([[[[-1.0, 0.5], [0.5, -2.0], [1.0, 1.0]]]]), 1, "VALID")
        return pool(op, (3, 3), (2, 2), padding)(tf.pad(y, [[0, 0], [1, 1], [1, 2], [0, 0]]))

    return run


# Zeros of an op of its own count, as those that pooling pads with do not.
for op in ("MaxPool", "AvgPool"):
    for padding in ("VALID", "SAME"):
        inputs = [(rand(1, 5, 5, 3, low=-9, high=-1),), (rand(2, 5, 5, 3, low=1, high=9),)]
        case(f"{op}_{padding}_of_padded", pool_of_padded(op, padding), ["float32[?,5,5,3]"], inputs)

case("MaxPool_empty_batch", pool("MaxPool", (2, 2), (2, 2), "VALID"), [IMAGE], [(rand(0, 4, 4, 3),)])
case("AvgPool_empty_batch", pool("AvgPool", (2, 2), (2, 2), "SAME"), [IMAGE], [(rand(0, 4, 4, 3),)])
case(
    "MaxPool_nan",
    pool("MaxPool", (2, 2), (2, 2), "VALID"),
    ["float32[?,2,4,1]"],
    [([[[[1.0], [float("nan")], [2.0], [3.0]], [[0.5], [0.1], [-1.0], [float("-inf")]]]],)],
)
case(
    "MaxPoolV2_window_given",
    lambda x: raw.MaxPoolV2(input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME"),
    [IMAGE],
    images,
)


def max_pool_with_argmax(include_batch):
    return lambda x: list(
        raw.MaxPoolWithArgmax(
            input=x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME", include_batch_in_index=include_batch
        )
    )


case("MaxPoolWithArgmax", max_pool_with_argmax(False), [IMAGE], images)
case("MaxPoolWithArgmax_batch_in_index", max_pool_with_argmax(True), [IMAGE], images)

LAYERS = {
    "MaxPooling2D": (keras.layers.MaxPooling2D(), 4),
    "AveragePooling2D_same": (keras.layers.AveragePooling2D(3, padding="same"), 4),
    "GlobalAveragePooling2D": (keras.layers.GlobalAveragePooling2D(), 4),
    "GlobalMaxPooling2D_keepdims": (keras.layers.GlobalMaxPooling2D(keepdims=True), 4),
    "MaxPooling1D": (keras.layers.MaxPooling1D(2), 3),
    "AveragePooling1D_same": (keras.layers.AveragePooling1D(3, strides=2, padding="same"), 3),
    "GlobalMaxPooling1D": (keras.layers.GlobalMaxPooling1D(), 3),
}


def applied(layer):
    return lambda x: layer(x)


for name, (layer, rank) in LAYERS.items():
    shape = (2, 7, 6, 3) if rank == 4 else (2, 7, 3)
    case(f"keras_{name}", applied(layer), [f"float32[{','.join('?' * (rank - 1))},3]"], [(rand(*shape),)])
