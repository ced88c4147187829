"""A multi-layer perceptron of 784-512-512-10, the usual benchmark of small models.

serving_default    predict   x: float [-1, 784] -> logits, probabilities: float [-1, 10]
"""

import keras
import numpy as np
from randomise import randomise


def mlp(directory):
    keras.utils.set_random_seed(31)
    rng = np.random.default_rng(31)
    x = keras.Input((784,), name="x")
    y = keras.layers.Dense(512, activation="relu")(x)
    y = keras.layers.Dense(512, activation="relu")(y)
    head = keras.layers.Dense(10)
    logits = head(y)
    base = keras.Model(x, logits)
    randomise(base, head, rng.uniform(0, 1, (32, 784)).astype(np.float32))
    model = keras.Model(x, {"logits": logits, "probabilities": keras.layers.Softmax()(logits)})
    model.export(directory, verbose=False)
    batch = lambda n: {"x": rng.uniform(0, 1, (n, 784)).astype(np.float32)}
    return [(f"batch of {n}", "serving_default", batch(n)) for n in (1, 3, 32)]


MODELS = {"mlp": mlp}
