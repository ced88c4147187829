"""Distributions and processes of PyPI's `tensorflow-probability` behind a signature.

serving_default    predict   x: points, to densities, moments and posteriors
"""

import numpy as np
from draws import Draws
from golden import tf


def served(build, seed, shape):
    """`build(tfp)` gives the function that is served."""

    def make(directory):
        import tensorflow_probability as tfp

        module = tf.Module()
        spec = tf.TensorSpec((None, *shape), tf.float32, name="x")
        module.serve = tf.function(build(tfp)).get_concrete_function(x=spec)
        tf.saved_model.save(module, str(directory), signatures={"serving_default": module.serve})
        draws = Draws(seed)
        return [
            (f"batch of {n}", "serving_default", {"x": draws.uniform(n, *shape, low=0.05, high=0.95)}) for n in (1, 4)
        ]

    return make


def hidden_markov(tfp):
    d = tfp.distributions
    observed = d.Normal(np.float32([0, 1]), np.float32([1, 0.5]))
    transitions = d.Categorical(probs=np.float32([[0.7, 0.3], [0.2, 0.8]]))
    model = d.HiddenMarkovModel(d.Categorical(probs=np.float32([0.6, 0.4])), transitions, observed, num_steps=6)
    return lambda x: {"log": model.log_prob(x), "states": model.posterior_marginals(x).logits_parameter()}


def gaussian_process(tfp):
    draws = Draws(742)
    kernel = tfp.math.psd_kernels.MaternFiveHalves(1.2, 0.4)
    points, values = draws.uniform(8, 2), draws.normal(8)

    def serve(x):
        process = tfp.distributions.GaussianProcessRegressionModel(kernel, x, points, values, 0.1)
        return {"mean": process.mean(), "variance": process.variance()}

    return serve


def mixture(tfp):
    d = tfp.distributions
    model = d.MixtureSameFamily(d.Categorical(probs=np.float32([0.3, 0.7])), d.StudentT(3.0, np.float32([0, 1]), 0.5))
    return lambda x: {"log": model.log_prob(x), "mean": model.mean() + 0.0 * x}


def chain(tfp):
    kernel = tfp.mcmc.HamiltonianMonteCarlo(tfp.distributions.Normal(0.0, 1.0).log_prob, 0.3, 3)
    return lambda x: {"samples": tfp.mcmc.sample_chain(4, x, kernel=kernel, trace_fn=None, seed=(5, 6))}


MODELS = {
    "tfp_hidden_markov": served(hidden_markov, 741, (6,)),
    "tfp_gaussian_process": served(gaussian_process, 742, (2,)),
    "tfp_mixture": served(mixture, 743, ()),
    "tfp_chain": served(chain, 744, ()),
}
