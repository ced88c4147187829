"""Losses with their gradients: logarithms of softmaxes, by weights and by numbers of classes."""

import numpy as np
from cases import FLOATS, case, rand
from golden import tf

raw = tf.raw_ops

# Of half precision TensorFlow rounds after every step.
for dtype in FLOATS:
    case(
        f"SoftmaxCrossEntropyWithLogits_{dtype}",
        lambda x, labels: list(raw.SoftmaxCrossEntropyWithLogits(features=x, labels=labels)),
        [f"{dtype}[?,?]"] * 2,
        [(rand(2, 3), rand(2, 3)), (rand(3, 4), np.eye(3, 4)), (rand(0, 3), rand(0, 3)), (rand(1, 3), rand(2, 3)), (rand(2, 3), rand(1, 3))],
        errors=[(rand(2, 3), rand(2, 4))],
    )
    for labels in ("int32", "int64"):
        case(
            f"SparseSoftmaxCrossEntropyWithLogits_{dtype}_{labels}",
            lambda x, labels: list(raw.SparseSoftmaxCrossEntropyWithLogits(features=x, labels=labels)),
            [f"{dtype}[?,?]", f"{labels}[?]"],
            [(rand(3, 4), [0, 3, 2]), (rand(0, 4), np.zeros(0)), (rand(1, 1), [0])],
            errors=[(rand(2, 3), [0, 3]), (rand(2, 3), [-1, 0])] if dtype == "float32" else [],
        )
case(
    "certain",
    lambda x, labels: list(raw.SoftmaxCrossEntropyWithLogits(features=x, labels=labels)),
    ["float32[?,3]"] * 2,
    [([[0.0, -np.inf, 0.0], [100.0, -100.0, 0.0]], [[0.5, 0.0, 0.5], [1.0, 0.0, 0.0]])],
)
case(
    "categorical",
    lambda x, labels: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=x),
    ["float32[?,?,?]", "int32[?,?]"],
    [(rand(2, 3, 4), [[0, 1, 2], [3, 3, 3]])],
)
