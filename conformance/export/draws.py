"""Random weights and inputs for the small networks."""

import numpy as np


def stir(model, seed=0):
    """Draws what initialisers leave constant (biases, scales, statistics), so that none of them can go unseen."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if "float" not in str(getattr(weight, "dtype", "")):
            continue
        name = weight.name.split("/")[-1].split(":")[0]
        value = np.asarray(weight, np.float64)
        if name in ("gamma", "scale", "moving_variance") or "variance" in name:
            weight.assign(rng.uniform(0.6, 1.4, value.shape))
        elif name in ("bias", "beta", "moving_mean", "mean") or not value.any():
            weight.assign(value + rng.normal(0, 0.2, value.shape))


class Draws:
    """Inputs from one seed."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def normal(self, *shape, scale=1.0):
        return self.rng.normal(0, scale, shape).astype(np.float32)

    def uniform(self, *shape, low=0.0, high=1.0):
        return self.rng.uniform(low, high, shape).astype(np.float32)

    def integers(self, low, high, *shape, dtype=np.int32):
        return self.rng.integers(low, high, shape).astype(dtype)

    def words(self, vocabulary, *shape):
        return np.array(self.rng.choice(list(vocabulary), shape), dtype=object)

    def sentences(self, vocabulary, *shape, longest=9):
        texts = [
            " ".join(self.rng.choice(list(vocabulary), self.rng.integers(0, longest)))
            for _ in range(int(np.prod(shape)))
        ]
        return np.array(texts, dtype=object).reshape(shape)
