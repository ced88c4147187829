"""Whole models that draw random numbers while they answer: each case calls one again, and what it draws goes on."""

import keras
import numpy as np
import tensorflow_probability as tfp
from cases import case, keep
from golden import tf

tfd = tfp.distributions
rng = np.random.default_rng(11)
L = keras.layers


class Holder(tf.Module):
    """Keeps a model with its variables and with the states of its generators."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        layers = [*model.layers, model]
        seeds = [g for layer in layers for g in (getattr(layer, "seed_generator", None), getattr(layer, "generator", None), getattr(layer, "seeds", None)) if g is not None]
        self.kept = [v.value for v in [*model.variables, *[g.state for g in seeds]]]


def pixels(n):
    return (rng.integers(0, 256, [n, 12, 10, 3]).astype(np.uint8),)


def features(n):
    return (rng.normal(0, 1, [n, 6]).astype(np.float32),)


keras.utils.set_random_seed(5)
# Augmentation and dropout left on, for predictions that differ from call to call.
image = keras.Input([12, 10, 3], dtype="uint8")
x = L.Rescaling(1 / 255.0)(image)
x = L.RandomFlip("horizontal", seed=1)(x)
x = L.RandomTranslation(0.2, 0.2, seed=2)(x)
x = L.RandomContrast(0.3, value_range=(0, 1), seed=3)(x)
x = L.Conv2D(8, 3, activation="relu")(x)
x = L.SpatialDropout2D(0.3, seed=4)(x)
x = L.GlobalAveragePooling2D()(x)
x = L.Dropout(0.4, seed=5)(x)
classifier = keras.Model(image, L.Dense(4, activation="softmax")(x))
keep(Holder(classifier))


class Encoder(keras.Model):
    """A variational autoencoder, which samples what it decodes."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(9)
        self.hidden, self.mean, self.spread = L.Dense(8, "tanh"), L.Dense(3), L.Dense(3)
        self.decoder = keras.Sequential([L.Dense(8, "tanh"), L.Dense(6)])

    def call(self, x):
        hidden = self.hidden(x)
        noise = keras.random.normal(keras.ops.shape(self.mean(hidden)), seed=self.seeds)
        return self.decoder(self.mean(hidden) + keras.ops.exp(0.5 * self.spread(hidden)) * noise)


encoder = Encoder()
encoder(tf.zeros([1, 6]))
keep(Holder(encoder))


class Sampler(tf.Module):
    """A language model that draws its next token with a generator of its own."""

    def __init__(self):
        super().__init__()
        self.generator = tf.random.Generator.from_seed(77)
        self.table = tf.Variable(tf.constant(rng.normal(0, 1.5, [20, 20]), tf.float32))

    def __call__(self, start, steps):
        def step(i, tokens):
            logits = tf.gather(self.table, tokens[:, -1])
            best, ids = tf.math.top_k(logits / 0.8, 5)
            drawn = best - tf.math.log(-tf.math.log(self.generator.uniform(tf.shape(best), 1e-6, 1.0)))
            token = tf.gather(ids, tf.argmax(drawn, -1), batch_dims=1)
            return i + 1, tf.concat([tokens, token[:, None]], 1)

        loop = tf.while_loop(lambda i, t: i < steps, step, [0, start], shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, None])])
        return loop[1]


sampler = keep(Sampler())


def bayesian(x, seed):
    """A regression whose weights have a distribution."""
    seeds = tfp.random.split_seed(seed, 3)
    scale = tf.math.rsqrt(tf.random.stateless_gamma([20], seeds[0], 3.0, 2.0))
    weights = tfd.Normal(tf.zeros([6]), 0.5).sample(20, seed=seeds[1])
    mean = tf.einsum("bf,sf->sb", x, weights)
    outcomes = tfd.Normal(mean, scale[:, None]).sample(seed=seeds[2])
    return {"mean": tf.reduce_mean(outcomes, 0), "spread": tf.math.reduce_std(outcomes, 0)}


def crops(image, seed):
    """Crops by TensorFlow's own augmentation."""
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(tf.shape(image), tf.zeros([1, 0, 4]), seed, min_object_covered=0.0, use_image_if_no_bounding_boxes=True)
    cropped = tf.image.resize(tf.slice(image, begin, size), [6, 6])
    return tf.image.stateless_random_brightness(tf.image.stateless_random_flip_left_right(cropped, seed), 20.0, seed)


case("classifier", lambda image: classifier(image, training=True), ["uint8[?,12,10,3]"], [pixels(2), pixels(1), pixels(3)])
case("autoencoder", lambda x: encoder(x), ["float32[?,6]"], [features(3), features(1)])
case("language_model", lambda start, steps: tf.function(sampler)(start, steps), ["int32[?,?]", "int32[]"], [([[1, 2], [3, 4]], 6), ([[7]], 9), ([[7]], 0)])
case("bayesian_regression", bayesian, ["float32[?,6]", "int32[2]"], [features(2) + ([1, 2],), features(1) + ([3, 4],)])
case("crops", crops, ["uint8[?,?,3]", "int32[2]"], [(pixels(1)[0][0], [8, 9]), (pixels(1)[0][0], [8, 10])])
