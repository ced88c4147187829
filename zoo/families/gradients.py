"""What gradients are made with, as models that explain their answers have them."""

import numpy as np
from cases import case, rand
from golden import tf

raw = tf.raw_ops
X = "float32[?,3]"

for ranks in ("[?,3] [3]", "[?,3] [?,3]", "[?] [?,?,?]", "[2,1] [1,5]", "[] [?,?]"):
    a, b = ranks.split()
    shapes = {"[?,3]": [2, 3], "[3]": [3], "[?]": [1], "[?,?,?]": [2, 1, 3], "[2,1]": [2, 1], "[1,5]": [1, 5], "[]": [], "[?,?]": [3, 1]}
    case(
        f"BroadcastGradientArgs_{ranks.replace(' ', '_').translate(str.maketrans('[],?', '..xn'))}",
        lambda x, y: list(raw.BroadcastGradientArgs(s0=tf.shape(x), s1=tf.shape(y))),
        [f"float32{a}", f"float32{b}"],
        [(rand(*shapes[a]), rand(*shapes[b]))] + ([(rand(1, 3), rand(4, 3))] if a == b else []),
    )


def saliency(x):
    """Of a small network with broadcasting."""
    w = tf.constant(np.random.RandomState(1).randn(3, 4), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.softmax(tf.nn.relu(x @ w + 0.1) * tf.reduce_mean(x, 1, keepdims=True))
        top = tf.reduce_max(y, 1)
    return {"y": y, "saliency": tf.abs(tape.gradient(top, x))}


case("saliency", saliency, [X], [(rand(4, 3),), (rand(1, 3),)])


def slope_of(fn):
    def call(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = fn(x)
        return tape.gradient(y, x)

    return call


EDGES = [[float("nan"), float("inf"), -float("inf")], [0.0, -0.0, 6.0], [-30.0, 30.0, 1e-30], [-1.0, 0.5, 7.0]]
FUNCTIONS = {
    "Tanh": tf.tanh,
    "Sigmoid": tf.sigmoid,
    "Sqrt": tf.sqrt,
    "Rsqrt": tf.math.rsqrt,
    "Reciprocal": tf.math.reciprocal,
    "Relu": tf.nn.relu,
    "Relu6": tf.nn.relu6,
    "LeakyRelu": lambda x: tf.nn.leaky_relu(x, 0.3),
    "Elu": tf.nn.elu,
    "Selu": tf.nn.selu,
    "Softplus": tf.math.softplus,
    "Softsign": tf.nn.softsign,
}
for name, fn in FUNCTIONS.items():
    case(f"gradient_{name}", slope_of(fn), [X], [(rand(2, 3),), (EDGES,)])
for data_format in ("NHWC", "NCHW"):
    case(f"BiasAddGrad_{data_format}", lambda x, f=data_format: raw.BiasAddGrad(out_backprop=x, data_format=f), ["float32[?,?,?,2]"], [(rand(2, 3, 4, 2),)])
