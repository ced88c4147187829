"""Activation functions: TensorFlow's ops and the compositions that Keras writes."""

import keras
from cases import EDGES, FLOATS, case, rand
from golden import tf

raw = tf.raw_ops
ROW = EDGES.reshape(1, -1)


def op(name, argument, **attributes):
    """A function of x by the op's name and what the op calls its argument."""
    return lambda x: getattr(raw, name)(**{argument: x}, **attributes)


def applied(function):
    return lambda x: function(x)


for dtype in FLOATS:
    inputs = [(rand(2, 3),), (rand(0, 3),), (ROW,)]
    for name in ("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Softplus", "Softsign"):
        case(f"{name}_{dtype}", op(name, "features"), [f"{dtype}[?,?]"], inputs)
    for name in ("Sigmoid", "Tanh", "Erf", "Erfc"):
        case(f"{name}_{dtype}", op(name, "x"), [f"{dtype}[?,?]"], inputs)
    for name in ("Softmax", "LogSoftmax"):
        rows = [[[1000.0, 1000.5, -1000.0], [-80.0, 0.0, 80.0]]]
        case(f"{name}_{dtype}", op(name, "logits"), [f"{dtype}[?,?]"], [(rand(2, 5),), (rand(0, 5),), rows])

case("LeakyRelu_alpha", op("LeakyRelu", "features", alpha=0.05), ["float32[?]"], [(EDGES,)])
case("Relu_int32", op("Relu", "features"), ["int32[?]"], [(EDGES,)])
case("Softmax_rank_4", op("Softmax", "logits"), ["float32[?,?,?,?]"], [(rand(2, 2, 3, 4),), (rand(1, 4, 2, 2),)])
case("Softmax_rank_1", op("Softmax", "logits"), ["float32[?]"], [(rand(6),)])
case("Softmax_unknown_rank", op("Softmax", "logits"), ["float32[*]"], [(rand(6),), (rand(2, 3, 4),)])
case("LogSoftmax_rank_3", op("LogSoftmax", "logits"), ["float32[?,?,?]"], [(rand(2, 3, 4),)])
# Softmax over another axis: transposes around the op.
case("softmax_axis_1", lambda x: tf.nn.softmax(x, axis=1), ["float32[?,?,3]"], [(rand(2, 4, 3),)])
case("log_softmax_axis_0", lambda x: tf.nn.log_softmax(x, axis=0), ["float32[?,?]"], [(rand(3, 4),)])
case("softmax_with_infinities", op("Softmax", "logits"), ["float32[?,3]"], [([[1.0, float("-inf"), 2.0]],)])

KERAS = {
    "gelu_erf": lambda x: keras.ops.gelu(x, approximate=False),
    "gelu_tanh": lambda x: keras.ops.gelu(x, approximate=True),
    "silu": keras.ops.silu,
    "hard_sigmoid": keras.ops.hard_sigmoid,
    "hard_silu": keras.ops.hard_silu,
    "hard_tanh": keras.ops.hard_tanh,
    "mish": lambda x: keras.activations.mish(x),
    "celu": lambda x: keras.ops.celu(x, alpha=0.7),
    "log_sigmoid": keras.ops.log_sigmoid,
    "exponential": keras.activations.exponential,
    "softplus": keras.ops.softplus,
    "soft_shrink": keras.ops.soft_shrink,
    "hard_shrink": keras.ops.hard_shrink,
    "tanh_shrink": keras.ops.tanh_shrink,
    "squareplus": keras.ops.squareplus,
    "sparse_plus": keras.ops.sparse_plus,
    "threshold": lambda x: keras.ops.threshold(x, 0.5, -1.0),
    "relu_capped": lambda x: keras.activations.relu(x, negative_slope=0.1, max_value=6.0, threshold=0.5),
    "sparsemax": lambda x: keras.activations.sparsemax(x),
}
for name, function in KERAS.items():
    inputs = [(rand(2, 4),), (rand(0, 4),)] + ([] if name == "sparsemax" else [(ROW,)])
    case(f"keras_{name}", applied(function), ["float32[?,?]"], inputs)
case("keras_glu", lambda x: keras.ops.glu(x, axis=-1), ["float32[?,4]"], [(rand(3, 4),)])
case("tf_gelu_erf", lambda x: tf.nn.gelu(x), ["float32[?,?]"], [(rand(2, 4),), (ROW,)])
case("tf_gelu_tanh", lambda x: tf.nn.gelu(x, approximate=True), ["float32[?,?]"], [(rand(2, 4),), (ROW,)])
case("tf_swish", lambda x: tf.nn.swish(x), ["float32[?,?]"], [(rand(2, 4),), (ROW,)])
case("tf_crelu", lambda x: tf.nn.crelu(x), ["float32[?,2]"], [(rand(3, 2),)])
case(
    "prelu",
    lambda x, alpha: tf.nn.relu(x) - alpha * tf.nn.relu(-x),
    ["float32[?,?,3]", "float32[3]"],
    [(rand(2, 2, 3), rand(3))],
)
