"""A small transformer encoder over tokens, batch and sequence length unknown, padding masked.

serving_default    predict   tokens: int32 [-1, -1] -> logits: float [-1, 5], sequence: float [-1, -1, 64]
tokens_int64       predict   the same over int64
"""

import keras
import numpy as np
from golden import tf
from keras import layers, ops

VOCABULARY, LONGEST, WIDTH = 500, 128, 64


class PositionEmbedding(layers.Layer):
    """Adds a learnt vector per position."""

    supports_masking = True

    def build(self, shape):
        self.table = self.add_weight(shape=(LONGEST, WIDTH), initializer=keras.initializers.RandomNormal(stddev=0.3))

    def call(self, x):
        return x + ops.take(self.table, ops.arange(ops.shape(x)[1]), axis=0)


def block(x, heads, hidden):
    attended = layers.MultiHeadAttention(heads, WIDTH // heads, dropout=0.1)(x, x)
    x = layers.LayerNormalization(epsilon=1e-6)(x + attended)
    y = layers.Dense(hidden, activation="gelu")(x)
    y = layers.Dropout(0.1)(layers.Dense(WIDTH)(y))
    return layers.LayerNormalization(epsilon=1e-6)(x + y)


def export(directory):
    keras.utils.set_random_seed(21)
    rng = np.random.default_rng(21)
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    vectors = keras.initializers.RandomNormal(stddev=1.0)
    x = layers.Embedding(VOCABULARY, WIDTH, mask_zero=True, embeddings_initializer=vectors)(tokens)
    x = PositionEmbedding()(x)
    for _ in range(2):
        x = block(x, heads=4, hidden=128)
    pooled = layers.GlobalAveragePooling1D()(x)
    logits = layers.Dense(5, kernel_initializer=keras.initializers.RandomNormal(stddev=0.7))(pooled)
    model = keras.Model(tokens, {"logits": logits, "sequence": x})
    for weight in model.weights:
        if weight.name in ("bias", "beta"):
            weight.assign(rng.normal(0, 0.2, weight.shape))
        elif weight.name == "gamma":
            weight.assign(rng.uniform(0.6, 1.4, weight.shape))

    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, dtype in (("serving_default", tf.int32), ("tokens_int64", tf.int64)):
        call = lambda tokens: model(tokens, training=False)
        archive.add_endpoint(name, call, [tf.TensorSpec([None, None], dtype, "tokens")])
    archive.write_out(str(directory), verbose=False)

    def sentences(batch, length, padded=0):
        values = rng.integers(1, VOCABULARY, (batch, length))
        for row in range(batch if padded else 0):
            values[row, length - padded * row :] = 0
        return {"tokens": values}

    sets = [("one of 7", sentences(1, 7)), ("three of 16, padded", sentences(3, 16, padded=4))]
    sets += [("two of 128", sentences(2, LONGEST)), ("one token", sentences(1, 1))]
    return [(title, signature, s) for signature in ("serving_default", "tokens_int64") for title, s in sets]


MODELS = {"transformer": export}
