"""Keras' TextVectorization in all its modes."""

import keras
import numpy as np
from cases import case, keep

layers = keras.layers
S = "string[?]"


def rows(*values):
    return (np.array([v.encode() for v in values], object),)


def column(*values):
    return (np.array([[v.encode()] for v in values], object),)


def applied(layer):
    keep(layer)
    return lambda x: layer(x)


TEXT = rows("The quick, brown fox!", "jumps over THE lazy dog", "", "fox fox éa")
VOCABULARY = ["the", "fox", "dog", "over"]
VECTORIZATIONS = {
    "standardize_lower": {"standardize": "lower"},
    "standardize_punctuation": {"standardize": "strip_punctuation"},
    "standardize_none": {"standardize": None},
    "split_none": {"split": None},
    "whitespace": {"split": "whitespace"},
    "ngrams_2": {"ngrams": 2, "vocabulary": ["the quick", "fox fox", "fox"]},
    "ngrams_list": {"ngrams": (1, 3), "output_mode": "count"},
    "length": {"output_sequence_length": 3},
    "multi_hot": {"output_mode": "multi_hot", "pad_to_max_tokens": True, "max_tokens": 10},
    "count": {"output_mode": "count"},
    "tf_idf": {"output_mode": "tf_idf", "idf_weights": [0.1, 0.2, 0.3, 0.4]},
    "character": {"split": "character", "vocabulary": list("thefo é")},
}
for name, options in VECTORIZATIONS.items():
    layer = layers.TextVectorization(**({"vocabulary": VOCABULARY} | options))
    case(f"TextVectorization_{name}", applied(layer), [S], [TEXT])
case("TextVectorization_column", applied(layers.TextVectorization(vocabulary=VOCABULARY)), ["string[?,1]"], [column("the fox", "dog")])
ragged = keep(layers.TextVectorization(vocabulary=VOCABULARY, ragged=True))
case("TextVectorization_ragged", lambda x: (lambda r: {"values": r.values, "splits": r.row_splits})(ragged(x)), [S], [TEXT])
trained = layers.TextVectorization(output_mode="tf_idf")
trained.adapt(np.array(["a b a", "c b"], object))
case("TextVectorization_adapted", applied(trained), [S], [rows("a b q", "c c")])
