"""Networks of JAX, by jax2tf and flax, and of Keras 3 on its JAX backend: each call is one XlaCallModule.

serving_default    the network, for a batch of any size
"""

import os
import subprocess
import sys

import numpy as np
from draws import Draws
from golden import tf


def older_stablehlo():
    """TensorFlow 2.21 reads StableHLO up to 1.13; this JAX writes 1.15 unless told otherwise."""
    from jax._src.export import _export

    _export.hlo.get_version_from_compatibility_requirement = lambda requirement: "1.13.0"


def network(build, shape, seed, draw=None):
    """A model function for export.py: `build()` makes the flax module, `shape` is that of an input without the batch."""

    def make(directory):
        import jax
        from jax.experimental import jax2tf

        older_stablehlo()
        draws = Draws(seed)
        sample = draw or (lambda n: draws.normal(n, *shape))
        module = build()
        given = sample(1)
        variables = module.init(jax.random.key(seed), given)
        rng = np.random.default_rng(seed)
        # Means, variances and biases are not what they begin with in a network that has been trained.
        stirred = jax.tree.map(
            lambda x: np.abs(np.asarray(x) + 0.1 * rng.normal(size=x.shape)).astype(np.float32)
            if x.ndim == 1
            else np.asarray(x),
            variables,
        )
        convert = jax2tf.convert(module.apply, polymorphic_shapes=[None, "(b, ...)"], with_gradient=False)
        saved = tf.Module()
        saved.weights = tf.nest.map_structure(tf.Variable, stirred)
        spec = tf.TensorSpec([None, *given.shape[1:]], given.dtype, name="x")
        call = tf.function(lambda x: {"y": convert(saved.weights, x)}, input_signature=[spec], autograph=False)
        tf.saved_model.save(saved, str(directory), signatures=call)
        return [(f"batch of {n}", "serving_default", {"x": sample(n)}) for n in (1, 3)]

    return make


def mlp():
    from flax import linen as nn

    return nn.Sequential([nn.Dense(64), nn.relu, nn.LayerNorm(), nn.Dense(32), nn.gelu, nn.Dense(10), nn.softmax])


def residual_network():
    from flax import linen as nn

    class Block(nn.Module):
        width: int
        stride: int = 1

        @nn.compact
        def __call__(self, x):
            steps = (self.stride, self.stride)
            y = nn.Conv(self.width, (3, 3), steps, use_bias=False)(x)
            y = nn.relu(nn.BatchNorm(use_running_average=True)(y))
            y = nn.Conv(self.width, (3, 3), use_bias=False)(y)
            y = nn.BatchNorm(use_running_average=True)(y)
            if x.shape != y.shape:
                x = nn.Conv(self.width, (1, 1), steps)(x)
            return nn.relu(x + y)

    class Network(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.relu(nn.Conv(16, (7, 7), (2, 2))(x))
            x = nn.max_pool(x, (3, 3), (2, 2), "SAME")
            x = Block(16)(x)
            x = Block(32, 2)(x)
            x = nn.avg_pool(x, (2, 2), (2, 2))
            x = nn.Conv(32, (3, 3), feature_group_count=32)(x)
            x = nn.ConvTranspose(8, (3, 3), (2, 2))(x)
            return nn.Dense(10)(x.mean((1, 2)))

    return Network()


def transformer():
    import jax.numpy as jnp
    from flax import linen as nn

    class Network(nn.Module):
        @nn.compact
        def __call__(self, tokens):
            x = nn.Embed(50, 32)(tokens)
            x = x + nn.Embed(12, 32)(jnp.arange(tokens.shape[1]))
            mask = nn.make_causal_mask(tokens)
            for _ in range(2):
                x = x + nn.MultiHeadDotProductAttention(4)(nn.LayerNorm()(x), mask=mask)
                x = x + nn.Dense(32)(nn.gelu(nn.Dense(64)(nn.LayerNorm()(x))))
            return nn.log_softmax(nn.Dense(50)(nn.LayerNorm()(x)))

    return Network()


def lstm():
    from flax import linen as nn

    class Network(nn.Module):
        @nn.compact
        def __call__(self, x):
            x = nn.RNN(nn.OptimizedLSTMCell(16))(x)
            x = nn.RNN(nn.GRUCell(8))(x)
            return nn.Dense(3)(x[:, -1])

    return Network()


KERAS_PROGRAM = """
import sys
sys.path.insert(0, {here!r})
import jax_models
jax_models.older_stablehlo()
import keras
from keras import layers
keras.utils.set_random_seed(3)
x = inputs = keras.Input((16, 16, 3), name="x")
x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
x = layers.BatchNormalization()(x)
x = layers.Activation("swish")(x)
x = layers.DepthwiseConv2D(3, padding="same")(x)
x = layers.MaxPooling2D()(x)
x = layers.Reshape((16, 8))(x)
x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))
x = layers.Bidirectional(layers.LSTM(6))(x)
x = layers.Dense(5, activation="softmax")(x)
keras.Model(inputs, x).export({directory!r}, format="tf_saved_model", verbose=False)
"""


def keras_on_jax(directory):
    import jax

    assert jax.__version__
    here = os.path.dirname(os.path.abspath(__file__))
    program = KERAS_PROGRAM.format(here=here, directory=str(directory))
    environment = {**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": os.path.dirname(here)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    draws = Draws(3)
    return [(f"batch of {n}", "serving_default", {"x": draws.normal(n, 16, 16, 3)}) for n in (1, 3)]


def tokens(seed):
    draws = Draws(seed)
    return lambda n: draws.integers(0, 50, n, 12)


MODELS = {
    "jax_mlp": network(mlp, (20,), 1),
    "jax_residual_network": network(residual_network, (32, 32, 3), 2),
    "jax_transformer": network(transformer, (12,), 4, tokens(4)),
    "jax_lstm": network(lstm, (9, 5), 5),
    "keras_on_jax": keras_on_jax,
}
