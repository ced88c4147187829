"""LSTM layers of Keras 3, with unknown batch and time."""

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
    "LSTM": layers.LSTM(3),
    "LSTM_sequences": layers.LSTM(3, return_sequences=True),
    "LSTM_backwards": layers.LSTM(3, return_sequences=True, go_backwards=True),
    "LSTM_states": layers.LSTM(3, return_state=True),
    "LSTM_unrolled": layers.LSTM(2, unroll=True),
    "Bidirectional_LSTM": layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
}
for name, layer in LAYERS.items():
    time = "5" if name == "LSTM_unrolled" else "?"
    inputs = [(rand(2, 5, 4),)] if time == "5" else [(rand(2, 5, 4),), (rand(3, 1, 4),)]
    case(name, applied(layer), [f"float32[?,{time},4]"], inputs)

masked = keras.Sequential([layers.Embedding(6, 4, mask_zero=True), layers.LSTM(3)])
masked.build((None, None))
for weight in masked.weights:
    if weight.dtype == "float32":
        weight.assign(np.random.default_rng(9).normal(0, 0.5, weight.shape))
    keep(weight.value)
case("masked_LSTM", lambda ids: masked(ids), ["int32[?,?]"], [([[1, 2, 3, 0], [5, 0, 0, 0]],)])
