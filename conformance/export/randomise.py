"""Weights that make an untrained network answer differently for different inputs.

Fresh networks are nearly constant functions: batch-norm statistics of 0 and 1 let the signal fade or grow with depth,
and the softmax comes out flat, so a wrong kernel could go unseen. Here biases, gammas and betas are drawn at random,
batch-norm statistics are taken from data, and the last layer is centred and scaled until its outputs spread.
"""

import keras
import numpy as np
from golden import tf


def randomise(model, head, samples, seed=0, spread=3.0):
    """Draws the weights of `model` in place. `head` is its last Dense layer, `samples` a batch of typical inputs."""
    rng = np.random.default_rng(seed)
    norms = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            norms.append((layer, layer.momentum))
            layer.momentum = 0.0
            if layer.scale:
                layer.gamma.assign(rng.uniform(0.6, 1.4, layer.gamma.shape))
            layer.beta.assign(rng.normal(0, 0.3, layer.beta.shape))
        elif getattr(layer, "bias", None) is not None:
            layer.bias.assign(rng.normal(0, 0.1, layer.bias.shape))
    model(samples, training=True)
    for layer, momentum in norms:
        layer.momentum = momentum
        layer.moving_mean.assign(layer.moving_mean + rng.normal(0, 0.05, layer.moving_mean.shape))

    # Centred logits, or the classes' offsets would decide the softmax and the image would not.
    features = np.asarray(keras.Model(model.input, head.input)(samples, training=False))
    products = features @ np.asarray(head.kernel)
    scale = spread / max(np.std(products, axis=0).mean(), 1e-6)
    head.kernel.assign(head.kernel * scale)
    head.bias.assign(rng.normal(0, 0.5, head.bias.shape) - scale * products.mean(axis=0).reshape(head.bias.shape))


def images(count, size, low, high, seed):
    """Smooth coloured blobs with noise: inputs that a convolutional network tells apart, unlike white noise."""
    rng = np.random.default_rng(seed)
    colour = rng.uniform(0.1, 0.9, (count, 1, 1, 3))
    coarse = (colour + rng.normal(0, 0.25, (count, 3, 3, 3))).astype(np.float32)
    smooth = tf.image.resize(coarse, (size, size), method="bicubic").numpy()
    noise = rng.normal(0, 0.05, smooth.shape)
    return (low + (high - low) * np.clip(smooth + noise, 0, 1)).astype(np.float32)
