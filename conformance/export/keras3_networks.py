"""Small networks of every kind that Keras 3 builds: vision, signals, sequences, attention, tables of features.

serving_default    predict   the inputs and outputs of the Keras model
"""

import keras
import numpy as np
from draws import Draws, stir
from golden import tf
from keras import layers, ops

BATCHES = (1, 4)


def network(build, seed, draw, batches=BATCHES, export=None):
    """A model function for export.py: `build` makes the Keras model, `draw(draws, batch)` the inputs of one case."""

    def make(directory):
        keras.utils.set_random_seed(seed)
        keras.config.set_dtype_policy("float32")
        model = build()
        stir(model, seed)
        model.export(directory, verbose=False, **(export or {}))
        draws = Draws(seed)
        return [(f"batch of {n}", "serving_default", draw(draws, n)) for n in batches]

    return make


# Vision


def unet():
    x = image = keras.Input((32, 32, 3), name="image")
    kept = []
    for width in (8, 16):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same")(x))
        kept.append(x)
        x = layers.MaxPooling2D()(layers.ReLU()(x))
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    for width, skipped in zip((16, 8), reversed(kept)):
        x = layers.Conv2DTranspose(width, 2, strides=2, padding="same")(x)
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(layers.Concatenate()([x, skipped]))
    return keras.Model(image, layers.Conv2D(1, 1, activation="sigmoid", name="mask")(x))


def segmenter():
    """Dilated convolutions at several rates over an image of any size, as in DeepLab."""
    image = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(image)
    rates = [layers.Conv2D(8, 3, dilation_rate=r, padding="same", activation="relu")(x) for r in (1, 2, 4)]
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(x)
    pooled = layers.Conv2D(8, 1, activation="relu")(pooled)
    x = layers.Concatenate()(rates)
    x = layers.Conv2D(8, 1)(x) + pooled
    x = layers.UpSampling2D(2)(x)
    return keras.Model(image, layers.Softmax(name="classes")(layers.Conv2D(5, 1)(x)))


def super_resolution():
    image = keras.Input((None, None, 1), name="image")
    x = layers.Conv2D(32, 5, padding="same", activation="tanh")(image)
    x = layers.Conv2D(16, 3, padding="same", activation="tanh")(x)
    x = layers.Conv2D(9, 3, padding="same")(x)
    return keras.Model(image, layers.Lambda(lambda t: tf.nn.depth_to_space(t, 3), name="large")(x))


def separable():
    image = keras.Input((28, 28, 1), name="image")
    x = layers.SeparableConv2D(16, 3, depth_multiplier=2, activation="relu")(image)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same")(x)
    x = layers.LayerNormalization()(layers.ZeroPadding2D(((1, 2), (0, 1)))(x))
    x = layers.AveragePooling2D(3, strides=2, padding="same")(layers.LeakyReLU(0.2)(x))
    x = layers.Cropping2D(1)(layers.PReLU(shared_axes=[1, 2])(x))
    return keras.Model(image, layers.Dense(10, activation="log_softmax")(layers.Flatten()(x)))


def residual_cifar():
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(layers.Rescaling(1 / 255)(image))
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        shortcut = layers.Conv2D(width, 1, strides=stride, use_bias=False)(y)
        y = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(y)
        y = layers.ReLU()(layers.BatchNormalization()(y))
        x = layers.Add()([layers.Conv2D(width, 3, padding="same", use_bias=False)(y), shortcut])
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.BatchNormalization()(x)))
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def group_norms():
    image = keras.Input((16, 16, 8), name="image")
    x = layers.GroupNormalization(4)(layers.Conv2D(16, 3, padding="same")(image))
    x = layers.GroupNormalization(-1)(layers.Conv2D(16, 3, padding="same", activation="silu")(x))
    x = layers.RMSNormalization()(x)
    x = layers.UnitNormalization()(layers.GlobalMaxPooling2D()(x))
    return keras.Model(image, layers.Dense(4, activation="softplus")(x))


def squeeze_excite():
    image = keras.Input((24, 24, 3), name="image")
    x = layers.Conv2D(24, 3, strides=2, padding="same", activation="hard_swish")(image)
    weights = layers.GlobalAveragePooling2D(keepdims=True)(x)
    weights = layers.Conv2D(6, 1, activation="relu")(weights)
    x = layers.Multiply()([x, layers.Conv2D(24, 1, activation="hard_sigmoid")(weights)])
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(32, 3, activation="mish")(x))
    return keras.Model(image, layers.Dense(7)(x))


class Patches(layers.Layer):
    """Cuts images into squares in a row, with a learnt vector for each place and one for the class."""

    def __init__(self, size, count, width):
        super().__init__()
        self.project = layers.Conv2D(width, size, strides=size)
        self.count, self.width = count, width

    def build(self, shape):
        self.project.build(shape)
        self.place = self.add_weight(shape=(1, self.count + 1, self.width), initializer="random_normal", name="place")
        self.head = self.add_weight(shape=(1, 1, self.width), initializer="random_normal", name="head")

    def call(self, x):
        x = ops.reshape(self.project(x), (-1, self.count, self.width))
        head = ops.broadcast_to(self.head, (ops.shape(x)[0], 1, self.width))
        return ops.concatenate([head, x], axis=1) + self.place


def attend(x, heads, width, context=None, causal=False):
    y = layers.LayerNormalization(epsilon=1e-6)(x)
    other = y if context is None else context
    return x + layers.MultiHeadAttention(heads, width // heads)(y, other, use_causal_mask=causal)


def feed_forward(x, width, activation="gelu"):
    y = layers.Dense(width * 2, activation=activation)(layers.LayerNormalization(epsilon=1e-6)(x))
    return x + layers.Dense(width)(y)


def vision_transformer():
    image = keras.Input((32, 32, 3), name="image")
    x = Patches(8, 16, 48)(image)
    for _ in range(3):
        x = feed_forward(attend(x, 4, 48), 48)
    x = layers.LayerNormalization(epsilon=1e-6)(x)
    return keras.Model(image, layers.Dense(10)(x[:, 0]))


def mlp_mixer():
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Reshape((64, 48))(layers.Conv2D(48, 4, strides=4)(image))
    for _ in range(2):
        y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
        y = layers.Dense(64)(layers.Dense(96, activation="gelu")(y))
        x = x + layers.Permute((2, 1))(y)
        x = x + layers.Dense(48)(layers.Dense(96, activation="gelu")(layers.LayerNormalization()(x)))
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def augmented():
    """Layers that change images only in training, and those that always do."""
    image = keras.Input((40, 48, 3), dtype="uint8", name="image")
    x = layers.Resizing(32, 32, interpolation="bilinear")(image)
    x = layers.RandomRotation(0.2)(layers.RandomFlip()(layers.Rescaling(1 / 127.5, offset=-1)(x)))
    x = layers.CenterCrop(28, 28)(layers.RandomZoom(0.1)(x))
    x = layers.GaussianNoise(0.1)(layers.Conv2D(8, 3, strides=2, activation="selu")(x))
    return keras.Model(image, layers.Dense(3)(layers.SpatialDropout2D(0.2)(x)))


def video():
    clip = keras.Input((8, 16, 16, 3), name="clip")
    x = layers.Conv3D(8, 3, padding="same", activation="relu")(clip)
    x = layers.MaxPooling3D((1, 2, 2))(layers.BatchNormalization()(x))
    x = layers.Conv3D(16, (2, 3, 3), strides=(2, 1, 1), activation="relu")(x)
    x = layers.Conv3DTranspose(8, 2, strides=2)(layers.AveragePooling3D(2)(x))
    return keras.Model(clip, layers.Dense(6)(layers.GlobalAveragePooling3D()(x)))


def moving_images():
    clip = keras.Input((5, 12, 12, 1), name="clip")
    x = layers.ConvLSTM2D(6, 3, padding="same", return_sequences=True)(clip)
    x = layers.TimeDistributed(layers.Conv2D(4, 3, strides=2))(x)
    return keras.Model(clip, layers.ConvLSTM2D(3, 3)(x))


def autoencoder():
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="elu")(image)
    x = layers.Flatten()(layers.Conv2D(16, 3, strides=2, padding="same", activation="elu")(x))
    code = layers.Dense(6, name="code")(x)
    y = layers.Reshape((7, 7, 16))(layers.Dense(7 * 7 * 16, activation="elu")(code))
    y = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="elu")(y)
    y = layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid")(y)
    error = ops.mean(ops.square(image - y), axis=[1, 2, 3])
    return keras.Model(image, {"code": code, "image": y, "error": error})


def siamese():
    tower = keras.Sequential(
        [keras.Input((20, 20, 1)), layers.Conv2D(8, 5, activation="relu"), layers.Flatten(), layers.Dense(12)]
    )
    left, right = keras.Input((20, 20, 1), name="left"), keras.Input((20, 20, 1), name="right")
    alike = layers.Dot(axes=1, normalize=True, name="alike")([tower(left), tower(right)])
    return keras.Model([left, right], alike)


# Signals and series


def text_cnn():
    tokens = keras.Input((40,), dtype="int32", name="tokens")
    x = layers.Embedding(300, 24)(tokens)
    parts = [layers.GlobalMaxPooling1D()(layers.Conv1D(16, n, activation="relu")(x)) for n in (2, 3, 5)]
    return keras.Model(tokens, layers.Dense(4, activation="softmax")(layers.Concatenate()(parts)))


def wavenet():
    series = keras.Input((None, 4), name="series")
    x = layers.Conv1D(16, 1)(series)
    total = 0
    for rate in (1, 2, 4, 8):
        gate = layers.Conv1D(16, 2, padding="causal", dilation_rate=rate, activation="sigmoid")(x)
        y = layers.Conv1D(16, 2, padding="causal", dilation_rate=rate, activation="tanh")(x) * gate
        total = total + layers.Conv1D(16, 1)(y)
        x = x + y
    return keras.Model(series, layers.Conv1D(3, 1)(layers.ReLU()(total)))


def forecaster():
    """Past values, their calendar and a constant per series; a forecast with its spread."""
    past = keras.Input((48, 3), name="past")
    series = keras.Input((), dtype="int64", name="series")
    x = layers.LSTM(24, return_sequences=True)(past)
    x = layers.LSTM(16)(x)
    x = layers.Concatenate()([x, layers.Embedding(30, 5)(series)])
    x = layers.RepeatVector(12)(x)
    x = layers.GRU(16, return_sequences=True)(x)
    mean = layers.TimeDistributed(layers.Dense(1))(x)
    spread = layers.Dense(1, activation="softplus")(x)
    return keras.Model([past, series], {"mean": mean, "spread": spread})


def lstm_classifier():
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = layers.Embedding(200, 16, mask_zero=True)(tokens)
    x = layers.Bidirectional(layers.LSTM(12, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(12))(x)
    return keras.Model(tokens, layers.Dense(3, activation="softmax")(x))


def gru_tagger():
    tokens = keras.Input((None,), dtype="int64", name="tokens")
    x = layers.Embedding(200, 16)(tokens)
    x = layers.Bidirectional(layers.GRU(12, return_sequences=True), merge_mode="sum")(x)
    x = layers.GRU(10, return_sequences=True, reset_after=False, go_backwards=True)(x)
    return keras.Model(tokens, layers.Dense(9)(x))


def simple_rnn():
    series = keras.Input((20, 6), name="series")
    x = layers.SimpleRNN(16, return_sequences=True)(series)
    return keras.Model(series, layers.Dense(2)(layers.SimpleRNN(8, activation="relu")(x)))


def stacked_cells():
    series = keras.Input((15, 6), name="series")
    cells = [layers.LSTMCell(12), layers.GRUCell(10), layers.SimpleRNNCell(8)]
    y, *states = layers.RNN(cells, return_state=True, return_sequences=True)(series)
    last = layers.Concatenate()([s if not isinstance(s, (list, tuple)) else s[0] for s in states])
    return keras.Model(series, {"sequence": y, "last": last})


def vibration():
    """1-D convolutions down and up over raw signals."""
    signal = keras.Input((256, 2), name="signal")
    x = layers.Conv1D(8, 7, strides=2, padding="same", activation="relu")(signal)
    x = layers.SeparableConv1D(16, 5, strides=2, padding="same", activation="relu")(x)
    x = layers.MaxPooling1D(2)(layers.DepthwiseConv1D(3, padding="same")(x))
    x = layers.Conv1DTranspose(8, 4, strides=4, padding="same")(x)
    x = layers.UpSampling1D(2)(layers.ZeroPadding1D(1)(x))
    return keras.Model(signal, layers.Conv1D(1, 3)(layers.Cropping1D(2)(x)))


def mel_classifier():
    wave = keras.Input((4000,), name="wave")
    x = layers.MelSpectrogram(fft_length=256, sequence_stride=128, num_mel_bins=20, sampling_rate=4000)(wave)
    x = layers.Conv1D(12, 3, activation="relu")(layers.Permute((2, 1))(x / 40.0))
    return keras.Model(wave, layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


# Attention


class Positions(layers.Layer):
    """Adds a learnt vector per position."""

    supports_masking = True

    def __init__(self, longest, width):
        super().__init__()
        self.longest, self.width = longest, width

    def build(self, shape):
        self.table = self.add_weight(shape=(self.longest, self.width), initializer="random_normal", name="table")

    def call(self, x):
        return x + self.table[: ops.shape(x)[1]]


def language_model():
    """A GPT in small: causal attention, weights of the embedding also on the way out."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    embedding = layers.Embedding(120, 48)
    x = Positions(64, 48)(embedding(tokens))
    for _ in range(3):
        x = feed_forward(attend(x, 4, 48, causal=True), 48)
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    return keras.Model(tokens, ops.matmul(x, ops.transpose(embedding.embeddings)))


def grouped_language_model():
    """Rotary positions, grouped queries, RMS norms and gated layers, as in recent language models."""
    tokens = keras.Input((24,), dtype="int32", name="tokens")
    x = layers.Embedding(120, 32)(tokens)
    angle = np.outer(np.arange(24), 1.0 / 100 ** (np.arange(16) / 16)).astype(np.float32)
    cos, sin = np.cos(angle), np.sin(angle)
    for _ in range(2):
        y = layers.RMSNormalization()(x)
        a, b = y[..., :16], y[..., 16:]
        y = ops.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)
        x = x + layers.GroupQueryAttention(8, 4, 2)(y, y, use_causal_mask=True)
        y = layers.RMSNormalization()(x)
        x = x + layers.Dense(32)(layers.Dense(64, activation="silu")(y) * layers.Dense(64)(y))
    return keras.Model(tokens, layers.Dense(120)(layers.RMSNormalization()(x)))


def translator():
    """Encoder and decoder with attention across, padding masked."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = Positions(40, 32)(layers.Embedding(90, 32, mask_zero=True)(source))
    x = feed_forward(attend(x, 2, 32), 32, "relu")
    y = Positions(40, 32)(layers.Embedding(80, 32, mask_zero=True)(target))
    for _ in range(2):
        y = attend(y, 2, 32, causal=True)
        y = feed_forward(attend(y, 2, 32, context=x), 32, "relu")
    return keras.Model([source, target], layers.Dense(80)(y))


def additive_attention():
    query, value = keras.Input((None, 10), name="query"), keras.Input((None, 10), name="value")
    a = layers.AdditiveAttention()([query, value])
    b, scores = layers.Attention(use_scale=True)([query, value], return_attention_scores=True)
    return keras.Model([query, value], {"a": a, "b": b, "scores": scores})


def einsum_dense():
    x = keras.Input((6, 8), name="x")
    y = layers.EinsumDense("abc,cde->abde", output_shape=(None, 4, 3), bias_axes="de")(x)
    y = layers.EinsumDense("abde,de->abd", output_shape=(None, 4))(y)
    return keras.Model(x, layers.Softmax(axis=1)(y))


# Tables of features


def recommender():
    user, item = keras.Input((), dtype="int64", name="user"), keras.Input((), dtype="int64", name="item")
    history = keras.Input((10,), dtype="int64", name="history")
    items = layers.Embedding(60, 12, mask_zero=True)
    u = layers.Concatenate()([layers.Embedding(40, 12)(user), layers.GlobalAveragePooling1D()(items(history))])
    u = layers.Dense(12, activation="relu")(u)
    i = items(item)
    deep = layers.Dense(8, activation="relu")(layers.Concatenate()([u, i, u * i]))
    return keras.Model([user, item, history], layers.Dense(1, activation="sigmoid", name="score")(deep))


def experts():
    x = keras.Input((12,), name="x")
    gate = layers.Softmax()(layers.Dense(4)(x))
    each = ops.stack([layers.Dense(6, activation="tanh")(x) for _ in range(4)], axis=1)
    best, which = ops.top_k(gate, 2)
    y = ops.sum(each * ops.expand_dims(gate, -1), axis=1)
    return keras.Model(x, {"y": y, "best": best, "which": which})


def deep_and_cross():
    x = keras.Input((16,), name="x")
    cross = x
    for _ in range(3):
        cross = x * layers.Dense(16)(cross) + cross
    deep = layers.Dense(24, activation="relu")(layers.BatchNormalization()(x))
    y = layers.Dense(1)(layers.Concatenate()([cross, deep]))
    return keras.Model(x, {"logit": y, "probability": layers.Activation("sigmoid")(y)})


def activations():
    x = keras.Input((5, 7), name="x")
    names = "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_tanh leaky_relu linear log_sigmoid mish relu6 "
    names += "selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparsemax squareplus tanh tanh_shrink"
    made = {}
    for name in names.split():
        function = getattr(keras.activations, name)
        y = ops.pad(x, [[0, 0], [0, 0], [0, 1]]) if name == "glu" else x
        made[name] = layers.Activation(function)(y)
    return keras.Model(x, made)


def preprocessed():
    """Keras 3 preprocessing layers in front of a network, as exported for serving: strings and numbers come in."""
    age = keras.Input((1,), name="age")
    city = keras.Input((1,), dtype="string", name="city")
    code = keras.Input((1,), dtype="int64", name="code")
    norm = layers.Normalization(mean=40.0, variance=90.0)(age)
    bins = layers.Discretization(bin_boundaries=[20.0, 30.0, 50.0], output_mode="one_hot")(age)
    where = layers.StringLookup(vocabulary=["Oslo", "Rome", "Bonn"], output_mode="one_hot", num_oov_indices=2)(city)
    codes = layers.IntegerLookup(vocabulary=[5, 17, 99], output_mode="multi_hot")(code)
    hashed = layers.Hashing(11, output_mode="one_hot")(city)
    x = layers.Concatenate()([norm, bins, where, codes, hashed])
    return keras.Model([age, city, code], layers.Dense(2)(layers.Dense(9, activation="relu")(x)))


CITIES = ["Oslo", "Rome", "Bonn", "Köln", "", "paris"]
WORDS = ["the", "cat", "sat", "on", "a", "mat", "Dog", "barks;", "not,", "zebra!", "naïve", "42", "café"]


def text_classifier():
    text = keras.Input((), dtype="string", name="text")
    vectorize = layers.TextVectorization(max_tokens=20, output_sequence_length=8)
    vectorize.set_vocabulary(["the", "cat", "sat", "on", "mat", "dog", "barks", "not", "café"])
    x = layers.Embedding(20, 8)(vectorize(text))
    return keras.Model(text, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(x)))


def bag_of_words():
    text = keras.Input((), dtype="string", name="text")
    vectorize = layers.TextVectorization(ngrams=2, output_mode="tf_idf", standardize="lower")
    vectorize.set_vocabulary(["the", "cat", "the cat", "on a", "42"], idf_weights=[0.4, 1.1, 1.3, 1.7, 2.0])
    return keras.Model(text, layers.Dense(3)(vectorize(text)))


# Number formats


def of_policy(policy):
    def build():
        keras.config.set_dtype_policy(policy)
        image = keras.Input((16, 16, 3), name="image")
        x = layers.Conv2D(12, 3, activation="relu")(image)
        x = layers.GlobalAveragePooling2D()(layers.BatchNormalization()(x))
        x = layers.Dense(8, activation="gelu")(x)
        model = keras.Model(image, layers.Dense(5, activation="softmax", dtype="float32")(x))
        keras.config.set_dtype_policy("float32")
        return model

    return build


def int8():
    x = keras.Input((32,), name="x")
    y = layers.Dense(24, activation="relu")(x)
    model = keras.Model(x, layers.Dense(6)(layers.Dense(24, activation="relu")(y)))
    stir(model, 4)
    model.quantize("int8")
    return model


image = lambda *shape, high=1.0: lambda d, n: {"image": d.uniform(n, *shape, high=high)}
plain = lambda name, *shape: lambda d, n: {name: d.normal(n, *shape)}
tokens = lambda most, length, dtype=np.int32, least=1: (
    lambda d, n: {"tokens": d.integers(least, most, n, length, dtype=dtype)}
)


def padded(most, length):
    def draw(d, n):
        values = d.integers(1, most, n, length)
        for row in range(n):
            values[row, length - row :] = 0
        return {"tokens": values}

    return draw


MODELS = {
    "unet": network(unet, 101, image(32, 32, 3)),
    "segmenter": network(segmenter, 102, image(24, 40, 3)),
    "super_resolution": network(super_resolution, 103, image(17, 23, 1)),
    "separable": network(separable, 104, image(28, 28, 1)),
    "residual_cifar": network(residual_cifar, 105, image(32, 32, 3, high=255.0)),
    "group_norms": network(group_norms, 106, image(16, 16, 8)),
    "squeeze_excite": network(squeeze_excite, 107, image(24, 24, 3)),
    "vision_transformer": network(vision_transformer, 108, image(32, 32, 3)),
    "mlp_mixer": network(mlp_mixer, 109, image(32, 32, 3)),
    "augmented": network(augmented, 110, lambda d, n: {"image": d.integers(0, 256, n, 40, 48, 3, dtype=np.uint8)}),
    "video": network(video, 111, plain("clip", 8, 16, 16, 3)),
    "moving_images": network(moving_images, 112, plain("clip", 5, 12, 12, 1)),
    "autoencoder": network(autoencoder, 113, image(28, 28, 1)),
    "siamese": network(siamese, 114, lambda d, n: {"left": d.uniform(n, 20, 20, 1), "right": d.uniform(n, 20, 20, 1)}),
    "text_cnn": network(text_cnn, 121, tokens(300, 40)),
    "wavenet": network(wavenet, 122, plain("series", 30, 4)),
    "forecaster": network(
        forecaster, 123, lambda d, n: {"past": d.normal(n, 48, 3), "series": d.integers(0, 30, n, dtype=np.int64)}
    ),
    "lstm_classifier": network(lstm_classifier, 124, padded(200, 14)),
    "gru_tagger": network(gru_tagger, 125, tokens(200, 11, np.int64)),
    "simple_rnn": network(simple_rnn, 126, plain("series", 20, 6)),
    "stacked_cells": network(stacked_cells, 127, plain("series", 15, 6)),
    "vibration": network(vibration, 128, plain("signal", 256, 2)),
    "mel_classifier": network(mel_classifier, 129, plain("wave", 4000)),
    "language_model": network(language_model, 131, tokens(120, 20)),
    "grouped_language_model": network(grouped_language_model, 132, tokens(120, 24)),
    "translator": network(
        translator,
        133,
        lambda d, n: {"source": padded(90, 12)(d, n)["tokens"], "target": padded(80, 9)(d, n)["tokens"]},
    ),
    "additive_attention": network(
        additive_attention, 134, lambda d, n: {"query": d.normal(n, 5, 10), "value": d.normal(n, 7, 10)}
    ),
    "einsum_dense": network(einsum_dense, 135, plain("x", 6, 8)),
    "recommender": network(
        recommender,
        141,
        lambda d, n: {
            "user": d.integers(0, 40, n, dtype=np.int64),
            "item": d.integers(0, 60, n, dtype=np.int64),
            "history": d.integers(0, 60, n, 10, dtype=np.int64),
        },
    ),
    "experts": network(experts, 142, plain("x", 12)),
    "deep_and_cross": network(deep_and_cross, 143, plain("x", 16)),
    "activations": network(activations, 144, lambda d, n: {"x": d.normal(n, 5, 7, scale=3.0)}),
    "preprocessed": network(
        preprocessed,
        145,
        lambda d, n: {
            "age": d.uniform(n, 1, low=0, high=90),
            "city": d.words(CITIES, n, 1),
            "code": d.rng.choice(np.array([5, 17, 99, 3]), (n, 1)),
        },
    ),
    "text_classifier": network(text_classifier, 146, lambda d, n: {"text": d.sentences(WORDS, n)}),
    "bag_of_words": network(bag_of_words, 147, lambda d, n: {"text": d.sentences(WORDS, n)}),
    "mixed_float16": network(of_policy("mixed_float16"), 151, image(16, 16, 3)),
    "mixed_bfloat16": network(of_policy("mixed_bfloat16"), 152, image(16, 16, 3)),
    "float64": network(of_policy("float64"), 153, lambda d, n: {"image": d.uniform(n, 16, 16, 3).astype(np.float64)}),
    "int8": network(int8, 154, plain("x", 32)),
}
