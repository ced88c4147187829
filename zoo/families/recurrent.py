"""Recurrent layers of Keras 3 other than LSTM, with unknown batch and time."""

import keras
import numpy as np
from cases import case, keep, rand

layers = keras.layers
keras.utils.set_random_seed(17)


def applied(layer, width=4):
    layer.build((None, None, width))
    for weight in layer.weights:
        if weight.dtype == "float32":
            weight.assign(np.random.default_rng(len(weight.shape)).normal(0, 0.5, weight.shape))
        keep(weight.value)
    return lambda x: layer(x)


LAYERS = {
    "GRU": layers.GRU(3),
    "GRU_sequences": layers.GRU(3, return_sequences=True),
    "GRU_reset_before": layers.GRU(3, reset_after=False),
    "SimpleRNN": layers.SimpleRNN(3, return_sequences=True),
    "Bidirectional_GRU_sum": layers.Bidirectional(layers.GRU(3), merge_mode="sum"),
    "stacked": layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]),
    "TimeDistributed": layers.TimeDistributed(layers.Dense(2)),
}
for name, layer in LAYERS.items():
    if name == "TimeDistributed":
        case(name, applied(layer), ["float32[?,5,4]"], [(rand(2, 5, 4),)])
    else:
        case(name, applied(layer), ["float32[?,?,4]"], [(rand(2, 5, 4),), (rand(3, 1, 4),)])
