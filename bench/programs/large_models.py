"""Exports the models of the measurement load-large: large_models.py DIRECTORY

large       about 500 MB: dense layers, a stack of convolutions, and a second signature over the same variables
large_text  about 230 MB: the same behind an op on strings, which runs on the host
"""

import sys

import numpy as np
import tensorflow as tf

rng = np.random.default_rng(7)


def weights(*shape):
    fan_in = int(np.prod(shape[:-1]))
    return tf.Variable(rng.standard_normal(shape, np.float32) * np.float32(1 / np.sqrt(fan_in)))


class Network(tf.Module):
    """Two branches over 512 numbers: `depth` dense layers, and convolutions over them as an image."""

    def __init__(self, depth, width, channels):
        super().__init__()
        self.dense = [weights(512, width)] + [weights(width, width) for _ in range(depth)]
        sizes = [8, *channels]
        self.filters = [weights(3, 3, i, o) for i, o in zip(sizes, sizes[1:])]
        self.last = weights(width + channels[-1], 10)

    def features(self, x):
        y = x
        for kernel in self.dense:
            y = tf.nn.relu(y @ kernel)
        z = tf.reshape(x, [-1, 8, 8, 8])
        for kernel in self.filters:
            z = tf.nn.relu(tf.nn.conv2d(z, kernel, 1, 'SAME'))
        return tf.concat([y, tf.reduce_mean(z, [1, 2])], 1)

    def probabilities(self, x):
        return tf.nn.softmax(self.features(x) @ self.last)


def export_large(directory):
    network = Network(6, 4096, [512, 1024, 1024, 512])
    numbers = tf.TensorSpec([None, 512], tf.float32, name='x')
    predict = tf.function(lambda x: {'probabilities': network.probabilities(x)}, input_signature=[numbers])
    again = tf.function(lambda x: {'probabilities': network.probabilities(x)}, input_signature=[numbers])
    features = tf.function(lambda x: {'features': network.features(x)}, input_signature=[numbers])
    network.exported = [predict, again, features]
    tf.saved_model.save(
        network,
        f'{directory}/large/1',
        signatures={'serving_default': predict, 'again': again, 'features': features},
    )


def export_large_text(directory):
    network = Network(3, 4096, [512, 1024])
    text = tf.TensorSpec([None], tf.string, name='text')

    def predict(text):
        lengths = tf.cast(tf.strings.to_hash_bucket_fast(text, 512), tf.int32)
        return {'probabilities': network.probabilities(tf.one_hot(lengths, 512))}

    predict = tf.function(predict, input_signature=[text])
    network.exported = [predict]
    tf.saved_model.save(network, f'{directory}/large_text/1', signatures={'serving_default': predict})


export_large(sys.argv[1])
export_large_text(sys.argv[1])
