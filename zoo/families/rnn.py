"""Recurrent layers as they are trained and exported: masked, stacked, stateless, bidirectional, convolutional."""

import keras
import numpy as np
from cases import case, keep, rand

layers = keras.layers
keras.utils.set_random_seed(29)


def model(*parts, shape, dtype="float32"):
    built = keras.Sequential([keras.Input(shape, dtype=dtype), *parts])
    rng = np.random.default_rng(len(parts))
    for weight in built.weights:
        if weight.dtype == "float32":
            weight.assign(rng.normal(0, 0.5, weight.shape))
        keep(weight.value)
    return lambda x: built(x, training=False)


TIME = [(rand(2, 6, 4),), (rand(1, 1, 4),)]
WORDS = [([[1, 2, 3, 0, 0], [5, 4, 0, 0, 0], [1, 1, 2, 3, 4]],), ([[2]],)]
STATIC = [(rand(2, 6, 4),), (rand(0, 6, 4),)]

for name, parts in {
    "gru_masked_sequences": [layers.Embedding(6, 4, mask_zero=True), layers.GRU(3, return_sequences=True)],
    "lstm_masked_sequences": [layers.Embedding(6, 4, mask_zero=True), layers.LSTM(3, return_sequences=True)],
    "bidirectional_masked": [layers.Embedding(6, 4, mask_zero=True), layers.Bidirectional(layers.LSTM(3))],
}.items():
    case(name, model(*parts, shape=(None,), dtype="int32"), ["int32[?,?]"], WORDS)

for name, parts in {
    "lstm_stack": [layers.LSTM(5, return_sequences=True), layers.LSTM(3)],
    "lstm_dense": [layers.LSTM(5, return_sequences=True), layers.TimeDistributed(layers.Dense(2)), layers.LSTM(3), layers.Dense(2)],
    "gru_backwards": [layers.GRU(3, go_backwards=True, return_sequences=True)],
    "gru_relu": [layers.GRU(3, activation="relu", recurrent_activation="hard_sigmoid")],
    "lstm_relu": [layers.LSTM(3, activation="relu")],
    "bidirectional_average": [layers.Bidirectional(layers.GRU(3), merge_mode="ave")],
}.items():
    case(name, model(*parts, shape=(None, 4)), ["float32[?,?,4]"], TIME)
    if name == "lstm_stack":
        case(f"{name}_static", model(*parts, shape=(6, 4)), ["float32[?,6,4]"], STATIC)

case("time_major_masking", model(layers.Masking(0.0), layers.LSTM(3), shape=(None, 2)), ["float32[?,?,2]"], [([[[1, 2], [0, 0], [3, 4]], [[0, 0], [1, 1], [0, 0]]],)])
case("conv_lstm", model(layers.ConvLSTM2D(2, 3, padding="same"), shape=(None, 5, 4, 1)), ["float32[?,?,5,4,1]"], [(rand(2, 3, 5, 4, 1),)])


def carried(x, h, c):
    """The states are the caller's, as in a decoder."""
    y, *states = decoder(x, initial_state=[h, c], training=False)
    return {"y": y, "h": states[0], "c": states[1]}


decoder = layers.LSTM(3, return_sequences=True, return_state=True)
decoder.build((None, None, 4))
for weight in decoder.weights:
    if weight.dtype == "float32":
        weight.assign(np.random.default_rng(3).normal(0, 0.5, weight.shape))
    keep(weight.value)
case("decoder", carried, ["float32[?,?,4]", "float32[?,3]", "float32[?,3]"], [(rand(2, 5, 4), rand(2, 3), rand(2, 3)), (rand(2, 5, 4), rand(1, 3), rand(1, 3))])
