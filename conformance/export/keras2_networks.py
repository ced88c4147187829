"""Models of Keras 2 (PyPI's tf-keras), saved by `model.save(directory)`: functional, sequential and subclassed, recurrent
layers of every kind, layers of their own, and preprocessing.

serving_default    predict   the inputs and outputs of the Keras model
"""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tf_keras
from draws import Draws, stir
from golden import tf
from tf_keras import layers


def network(build, seed, draw, batches=(1, 4)):
    """A model function for export.py: `build` makes the Keras model, `draw(draws, batch)` the inputs of one case."""

    def make(directory):
        tf_keras.utils.set_random_seed(seed)
        model = build()
        if model.built:
            stir(model, seed)
        draws = Draws(seed)
        cases = [(f"batch of {n}", "serving_default", draw(draws, n)) for n in batches]
        if not model.built:  # a subclassed model gets its signature from its first call
            model.predict({k: np.asarray(v) for k, v in cases[0][2].items()}, verbose=0)
            stir(model, seed)
        model.save(str(directory), save_format="tf")
        return cases

    return make


def functional():
    image = layers.Input((28, 28, 1), name="image")
    x = layers.Conv2D(12, 3, activation="relu")(image)
    x = layers.MaxPooling2D()(layers.BatchNormalization()(x))
    x = layers.Conv2D(16, 3, activation="swish", padding="same")(x)
    x = layers.Dropout(0.3)(layers.Flatten()(x))
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    return tf_keras.Model(image, [digit, layers.Dense(1, activation="tanh", name="slant")(x)])


def sequential():
    return tf_keras.Sequential(
        [
            layers.Dense(24, activation="relu", input_shape=(9,), name="first"),
            layers.LayerNormalization(),
            layers.ActivityRegularization(),
            layers.Dense(12, activation="selu", kernel_initializer="lecun_normal"),
            layers.AlphaDropout(0.1),
            layers.Dense(1),
        ]
    )


class Subclassed(tf_keras.Model):
    """Control flow in `call`, and a layer used twice."""

    def __init__(self):
        super().__init__()
        self.embed = layers.Dense(16)
        self.mix = layers.Dense(16, activation="tanh")
        self.out = layers.Dense(3)

    def call(self, inputs, training=False):
        x = self.embed(inputs["x"])
        for _ in range(3):
            x = x + self.mix(x)
        x = tf.cond(tf.reduce_mean(x) > 0, lambda: x * 2.0, lambda: x)
        return {"y": self.out(x), "norm": tf.norm(x, axis=-1)}


class Cosine(layers.Layer):
    """Cosine of the angle to each of some learnt vectors."""

    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        self.kernel = self.add_weight("kernel", (int(shape[-1]), self.units))

    def call(self, x):
        return tf.linalg.l2_normalize(x, -1) @ tf.linalg.l2_normalize(self.kernel, 0)


def own_layers():
    x = layers.Input((10,), name="x")
    y = Cosine(6)(layers.Dense(8, activation=lambda v: v * tf.sigmoid(1.702 * v))(x))
    return tf_keras.Model(x, layers.Lambda(lambda v: tf.math.top_k(v, 3).values)(y))


def lstm():
    series = layers.Input((16, 5), name="series")
    x, h, c = layers.LSTM(10, return_sequences=True, return_state=True)(series)
    return tf_keras.Model(series, [layers.LSTM(6)(x), h, c])


def gru():
    series = layers.Input((None, 5), name="series")
    x = layers.GRU(10, return_sequences=True)(series)
    return tf_keras.Model(series, layers.GRU(6, go_backwards=True)(x))


def bidirectional():
    tokens = layers.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(50, 8, mask_zero=True)(tokens)
    x = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(x)
    x = layers.Bidirectional(layers.GRU(5), merge_mode="ave")(x)
    return tf_keras.Model(tokens, layers.Dense(2, activation="softmax")(x))


def unrolled():
    series = layers.Input((6, 4), name="series")
    x = layers.LSTM(7, unroll=True, return_sequences=True, recurrent_activation="hard_sigmoid")(series)
    x = layers.GRU(7, reset_after=False, return_sequences=True)(x)
    return tf_keras.Model(series, layers.SimpleRNN(5)(x))


def sequence_to_sequence():
    source, target = layers.Input((None, 6), name="source"), layers.Input((None, 4), name="target")
    _, h, c = layers.LSTM(12, return_state=True)(source)
    x = layers.LSTM(12, return_sequences=True)(target, initial_state=[h, c])
    x = layers.Attention()([x, layers.Dense(12)(source)])
    return tf_keras.Model([source, target], layers.TimeDistributed(layers.Dense(4, activation="softmax"))(x))


def conv_lstm():
    clip = layers.Input((4, 10, 10, 2), name="clip")
    x = layers.ConvLSTM2D(5, 3, padding="same")(clip)
    return tf_keras.Model(clip, layers.Conv2DTranspose(2, 3, strides=2)(x))


def attention():
    x = inputs = layers.Input((12, 16), name="x")
    for _ in range(2):
        y = layers.MultiHeadAttention(4, 4)(x, x, use_causal_mask=True)
        x = layers.LayerNormalization(epsilon=1e-6)(x + y)
        y = layers.Dense(16)(layers.Dense(32, activation=tf.nn.gelu)(x))
        x = layers.LayerNormalization(epsilon=1e-6)(x + y)
    return tf_keras.Model(inputs, layers.Dense(4)(layers.GlobalAveragePooling1D()(x)))


def preprocessing():
    """What tabular models have in front: every preprocessing layer for numbers and categories."""
    size = layers.Input((1,), name="size")
    kind = layers.Input((1,), dtype="string", name="kind")
    code = layers.Input((1,), dtype="int64", name="code")
    normalised = layers.Normalization(mean=3.0, variance=4.0)(size)
    bins = layers.Discretization([1.0, 2.5, 4.0])(size)
    kinds = layers.StringLookup(vocabulary=["a", "b", "c"], output_mode="multi_hot")(kind)
    hashed = layers.Hashing(7, salt=[3, 5])(kind)
    crossed = layers.HashedCrossing(9, output_mode="one_hot")((kind, code))
    encoded = layers.CategoryEncoding(5, output_mode="one_hot")(bins)
    hashed = layers.CategoryEncoding(7, output_mode="count")(hashed)
    codes = layers.IntegerLookup(vocabulary=[10, 20, 30], num_oov_indices=2, output_mode="one_hot")(code)
    x = layers.Concatenate()([normalised, kinds, crossed, encoded, hashed, codes])
    return tf_keras.Model([size, kind, code], layers.Dense(3, activation="softmax")(layers.Dense(8, "relu")(x)))


WORDS = ["A", "quick", "brown", "fox,", "jumps", "over", "the", "lazy", "dog!", "twice;", "Über-fox"]


def text():
    strings = layers.Input((1,), dtype="string", name="text")
    vectorize = layers.TextVectorization(max_tokens=12, output_sequence_length=6)
    vectorize.set_vocabulary(["fox", "dog", "the", "quick", "jumps"])
    x = layers.Embedding(12, 6)(vectorize(strings))
    x = layers.Bidirectional(layers.LSTM(5))(x)
    return tf_keras.Model(strings, layers.Dense(1, activation="sigmoid")(x))


def reverse_lookup():
    """The class names come out as strings."""
    x = layers.Input((6,), name="x")
    best = layers.Lambda(lambda v: tf.argmax(v, -1))(layers.Dense(4)(x))
    names = layers.StringLookup(vocabulary=["cat", "dog", "eel", "fly"], num_oov_indices=0, invert=True)(best)
    return tf_keras.Model(x, {"class": names})


def mobile():
    image = layers.Input((96, 96, 3), name="image")
    return tf_keras.applications.MobileNetV2(input_tensor=image, alpha=0.35, weights=None, classes=10)


def regnet():
    image = layers.Input((64, 64, 3), name="image")
    return tf_keras.applications.RegNetX002(input_tensor=image, weights=None, classes=10)


plain = lambda name, *shape: lambda d, n: {name: d.normal(n, *shape)}

MODELS = {
    "keras2_functional": network(functional, 201, lambda d, n: {"image": d.uniform(n, 28, 28, 1)}),
    "keras2_sequential": network(sequential, 202, plain("first_input", 9)),
    "keras2_subclassed": network(Subclassed, 203, plain("x", 5)),
    "keras2_own_layers": network(own_layers, 204, plain("x", 10)),
    "keras2_lstm": network(lstm, 205, plain("series", 16, 5)),
    "keras2_gru": network(gru, 206, plain("series", 9, 5)),
    "keras2_bidirectional": network(bidirectional, 207, lambda d, n: {"tokens": d.integers(0, 50, n, 8)}),
    "keras2_unrolled": network(unrolled, 208, plain("series", 6, 4)),
    "keras2_sequence_to_sequence": network(
        sequence_to_sequence, 209, lambda d, n: {"source": d.normal(n, 7, 6), "target": d.normal(n, 5, 4)}
    ),
    "keras2_conv_lstm": network(conv_lstm, 210, plain("clip", 4, 10, 10, 2)),
    "keras2_attention": network(attention, 211, plain("x", 12, 16)),
    "keras2_preprocessing": network(
        preprocessing,
        212,
        lambda d, n: {
            "size": d.uniform(n, 1, high=6),
            "kind": d.words("abcd", n, 1),
            "code": d.rng.choice(np.array([10, 20, 30, 40]), (n, 1)),
        },
    ),
    "keras2_text": network(text, 213, lambda d, n: {"text": d.sentences(WORDS, n, 1)}),
    "keras2_reverse_lookup": network(reverse_lookup, 214, plain("x", 6)),
    "keras2_mobilenet": network(mobile, 215, lambda d, n: {"image": d.uniform(n, 96, 96, 3, low=-1)}),
    "keras2_regnet": network(regnet, 216, lambda d, n: {"image": d.uniform(n, 64, 64, 3, high=255)}),
}
