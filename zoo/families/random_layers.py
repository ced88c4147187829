"""Random layers of Keras 3 that a serving function calls as in training.

Their generators' states are variables: the cases run one after the other on one loaded model.
"""

import keras
import numpy as np
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


L = keras.layers
layer_case("flip", L.RandomFlip(seed=1), [IMAGES], images)
layer_case("rotation", L.RandomRotation(0.2, seed=2), [IMAGES], images)
layer_case("translation", L.RandomTranslation(0.2, 0.3, seed=4), [IMAGES], images)
layer_case("contrast", L.RandomContrast(0.4, value_range=(0, 1), seed=5), [IMAGES], images)
layer_case("dropout", L.Dropout(0.4, seed=8), ["float32[?,5]"], rows)
layer_case("noise", L.GaussianNoise(0.3, seed=10), ["float32[?,5]"], rows)
layer_case("alpha_dropout", L.AlphaDropout(0.3, seed=12), ["float32[?,5]"], rows)

generator = keep(keras.random.SeedGenerator(21))
keep(Holder(type("State", (), {"variables": [generator.state]})()))


def keras_random(n):
    return {
        "normal": keras.random.normal((3,), seed=generator),
        "uniform": keras.random.uniform((n, 2), seed=generator),
        "integers": keras.random.randint((4,), 0, 10, seed=generator),
        "truncated": keras.random.truncated_normal((3,), seed=generator),
        "gamma": keras.random.gamma((3,), 0.7, seed=generator),
        "beta": keras.random.beta((3,), 2.0, 0.5, seed=generator),
        "binomial": keras.random.binomial((3,), 9.0, 0.3, seed=generator),
        "categorical": keras.random.categorical(tf.ones([2, 4]), 3, seed=generator),
        "shuffle": keras.random.shuffle(tf.range(6), seed=generator),
        "dropped": keras.random.dropout(tf.ones([n, 2]), 0.5, seed=generator),
    }


case("keras_random", keras_random, ["int32[]"], [(2,), (2,)])
