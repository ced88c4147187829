"""Samples of TensorFlow Probability's distributions with seeds. Some call functions of which there is a form for processors
beside the general one, with numbers of its own: TensorFlow runs that."""

import tensorflow_probability as tfp
from cases import case
from golden import tf

tfd = tfp.distributions
F = "float32"
SEED = "int32[2]"
SEEDS = [([1, 2],), ([7, -3],)]
sampled = {
    "gamma": lambda: tfd.Gamma([0.5, 2.5], 1.5),
    "poisson": lambda: tfd.Poisson([0.5, 3.0, 40.0]),
    "binomial": lambda: tfd.Binomial([10.0, 100.0], probs=[0.3, 0.6]),
    "truncated_normal": lambda: tfd.TruncatedNormal(0.0, 1.0, -1.0, [0.5, 2.0]),
}
for name, make in sampled.items():
    case(name, lambda seed, _m=make: _m().sample(4, seed=seed), [SEED], SEEDS)
