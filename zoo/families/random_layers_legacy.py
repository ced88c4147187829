"""Random layers of tf-keras that a serving function calls as in training.

Their generators' states are variables: the cases run one after the other on one loaded model.
"""

import numpy as np
import tf_keras
from cases import case, keep
from golden import tf

IMAGES = "float32[?,6,8,3]"
rng = np.random.default_rng(4)
images = [(rng.random((n, 6, 8, 3)).astype(np.float32),) for n in (2, 1, 3)]
rows = [(rng.random((n, 5)).astype(np.float32),) for n in (3, 2, 1)]


class Holder(tf.Module):
    """Layers hang on modules, with the variables that their generators hold."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.all = list(getattr(layer, "variables", []))
        self.values = [getattr(v, "value", v) for v in self.all]


def layer_case(name, layer, specs, inputs):
    layer(tf.constant(inputs[0][0]), training=True)
    keep(Holder(layer))
    case(name, lambda x: layer(x, training=True), specs, inputs)


T = tf_keras.layers
layer_case("flip", T.RandomFlip(seed=1), [IMAGES], images)
layer_case("rotation", T.RandomRotation(0.2, seed=2), [IMAGES], images)
layer_case("dropout", T.Dropout(0.4, seed=8), ["float32[?,5]"], rows)
layer_case("noise", T.GaussianNoise(0.3, seed=10), ["float32[?,5]"], rows)
