"""Normalization: fused ops, and the patterns that Keras and tf.nn write out."""

import keras
import numpy as np
from cases import case, keep, rand, variable
from golden import tf

raw = tf.raw_ops
rng = np.random.default_rng(3)


def parameters(channels):
    """Scale, offset, mean and variance."""
    shapes = rng.uniform(0.5, 1.5, channels), rng.normal(0, 0.5, channels), rng.normal(0, 1, channels)
    return [v.astype(np.float32) for v in (*shapes, rng.uniform(0.2, 2, channels))]


def fused(op, scale, offset, mean, variance, **attributes):
    def call(x):
        outputs = getattr(raw, op)(
            x=x, scale=scale, offset=offset, mean=mean, variance=variance, is_training=False, **attributes
        )
        return outputs.y

    return call


for op in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"):
    case(op, fused(op, *parameters(3)), ["float32[?,?,?,3]"], [(rand(2, 3, 2, 3),), (rand(0, 3, 2, 3),)])
case(
    "FusedBatchNormV3_epsilon",
    fused("FusedBatchNormV3", *parameters(3), epsilon=0.1),
    ["float32[?,?,?,3]"],
    [(rand(2, 3, 2, 3),)],
)
v = [variable(p) for p in parameters(4)]
case(
    "FusedBatchNormV3_variables",
    lambda x: fused("FusedBatchNormV3", *[tf.identity(p) for p in v], epsilon=0.001)(x),
    ["float32[?,?,?,4]"],
    [(rand(2, 3, 2, 4),)],
)
case(
    "FusedBatchNormV3_given",
    lambda x, scale, offset, mean, variance: fused("FusedBatchNormV3", scale, offset, mean, variance)(x),
    ["float32[?,?,?,3]", *["float32[3]"] * 4],
    [(rand(2, 3, 2, 3), rand(3), rand(3), rand(3), rand(3, low=0.2, high=2))],
)


def training(x):
    # With is_training the statistics are the batch's own, as in a model exported in training mode.
    scale, offset, *_ = training.parameters
    outputs = raw.FusedBatchNormV3(
        x=x, scale=scale, offset=offset, mean=[], variance=[], epsilon=0.001, is_training=True
    )
    return {"y": outputs.y, "mean": outputs.batch_mean, "variance": outputs.batch_variance}


training.parameters = parameters(3)
case("FusedBatchNormV3_training", training, ["float32[?,?,?,3]"], [(rand(2, 3, 2, 3),)])
case(
    "batch_normalization",
    lambda x: tf.nn.batch_normalization(x, *[tf.identity(v[i]) for i in (2, 3, 1, 0)], 0.001),
    ["float32[?,4]"],
    [(rand(3, 4),), (rand(0, 4),)],
)
case("moments", lambda x: list(tf.nn.moments(x, [0, 1], keepdims=True)), ["float32[?,?,3]"], [(rand(2, 4, 3),)])
case(
    "l2_normalize",
    lambda x: tf.math.l2_normalize(x, axis=-1),
    ["float32[?,4]"],
    [(rand(3, 4),), ([[0.0, 0.0, 0.0, 0.0]],)],
)
case(
    "LRN",
    lambda x: raw.LRN(input=x, depth_radius=2, bias=1.0, alpha=0.1, beta=0.6),
    ["float32[?,?,?,7]"],
    [(rand(1, 2, 3, 7),)],
)


def layer(made, shape):
    """A built Keras layer with drawn weights, as a function of x."""
    made.build(shape)
    for w in made.weights:
        positive = "gamma" in w.path or "variance" in w.path or "scale" in w.path
        if w.dtype == "float32":
            w.assign(rng.uniform(0.4, 1.6, w.shape) if positive else rng.normal(0, 0.5, w.shape))
        keep(w.value)
    return lambda x: made(x)


LAYERS = {
    "BatchNormalization": (keras.layers.BatchNormalization(), (None, 4)),
    "BatchNormalization_rank_4": (keras.layers.BatchNormalization(), (None, None, None, 4)),
    "BatchNormalization_axis_1": (keras.layers.BatchNormalization(axis=1), (None, 4, None, None)),
    "BatchNormalization_plain": (keras.layers.BatchNormalization(scale=False, center=False), (None, None, 4)),
    "LayerNormalization": (keras.layers.LayerNormalization(), (None, None, 4)),
    "LayerNormalization_two_axes": (keras.layers.LayerNormalization(axis=[1, 2], epsilon=1e-5), (None, 3, 4)),
    "RMSNormalization": (keras.layers.RMSNormalization(), (None, None, 4)),
    "GroupNormalization": (keras.layers.GroupNormalization(2), (None, 3, 2, 4)),
    "UnitNormalization": (keras.layers.UnitNormalization(), (None, 4)),
    "Rescaling": (keras.layers.Rescaling(1 / 127.5, -1), (None, None, 4)),
    "Normalization": (keras.layers.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 0.5, 2.0, 0.0]), (None, 4)),
}
for name, (made, shape) in LAYERS.items():
    spec = f"float32[{','.join('?' if d is None else str(d) for d in shape)}]"
    given = [d or 2 + i for i, d in enumerate(shape)]
    case(f"keras_{name}", layer(made, shape), [spec], [(rand(*given),), (rand(1, *given[1:]),)])
