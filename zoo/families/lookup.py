"""Tables and Keras' preprocessing layers for text and categories."""

import keras
import numpy as np
from cases import case, keep
from golden import tf

layers = keras.layers
S = "string[?]"


def rows(*values):
    return (np.array([v.encode() for v in values], object),)


WORDS = ["the", "cat", "sat", "naïve", ""]


def table(keys, values, default, key_dtype, value_dtype):
    pairs = tf.lookup.KeyValueTensorInitializer(keys, values, key_dtype, value_dtype)
    return keep(tf.lookup.StaticHashTable(pairs, default))


string_to_int = table(WORDS, range(5), -1, tf.string, tf.int64)
int_to_string = table([10, 20, -3], ["ten", "twenty", "minus"], "other", tf.int64, tf.string)
int_to_float = table([1, 2], [0.5, 2.5], 0.0, tf.int32, tf.float32)
case("HashTable_string_to_int", lambda x: string_to_int.lookup(x), [S], [rows("cat", "dog", "", "naïve"), rows()])
case(
    "HashTable_rank_2",
    lambda x: string_to_int.lookup(x),
    ["string[?,?]"],
    [(np.array([[b"cat", b"x"], [b"sat", b"the"]], object),)],
)
case("HashTable_int_to_string", lambda x: int_to_string.lookup(x), ["int64[?]"], [([10, 11, -3],)])
case("HashTable_int_to_float", lambda x: int_to_float.lookup(x), ["int32[?]"], [([1, 3, 2],)])
case("HashTable_size", lambda x: string_to_int.size() + tf.size(x, tf.int64), [S], [rows("a")])

vocabulary = keep(
    tf.lookup.StaticVocabularyTable(tf.lookup.KeyValueTensorInitializer(WORDS, range(5), tf.string, tf.int64), 3)
)
case("StaticVocabularyTable", lambda x: vocabulary.lookup(x), [S], [rows("cat", "dog", "bird", "fish", "the")])


words_file = "families/words.txt"  # relative: tables are named after it
line_numbers = tf.lookup.TextFileInitializer(
    words_file, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
)
file_table = keep(tf.lookup.StaticHashTable(line_numbers, -1))
case("HashTable_from_an_asset", lambda x: file_table.lookup(x), [S], [rows("gamma", "alpha", "delta")])
lines = tf.lookup.TextFileInitializer(
    words_file, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE
)
label_table = keep(tf.lookup.StaticHashTable(lines, "unknown"))
case("labels_from_an_asset", lambda x: label_table.lookup(x), ["int64[?]"], [([2, 0, 7],)])


def applied(layer):
    keep(layer)
    return lambda x: layer(x)


LAYERS = {
    "StringLookup": (layers.StringLookup(vocabulary=["a", "b", "c"]), "string", ["b", "z", "a"]),
    "StringLookup_two_oov": (
        layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=2),
        "string",
        ["b", "z", "y", "a"],
    ),
    "StringLookup_multi_hot": (
        layers.StringLookup(vocabulary=["a", "b", "c"], output_mode="multi_hot"),
        "string",
        ["b", "z", "a"],
    ),
    "StringLookup_one_hot": (
        layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot"),
        "string",
        ["b", "z", "a"],
    ),
    "StringLookup_invert": (layers.StringLookup(vocabulary=["a", "b"], invert=True), "int64", [1, 0, 2, 9]),
    "IntegerLookup": (layers.IntegerLookup(vocabulary=[12, 36, 1138]), "int64", [36, 7, 12]),
    "Hashing": (layers.Hashing(num_bins=7), "string", ["a", "b", "c"]),
    "Hashing_salt": (layers.Hashing(num_bins=7, salt=[13, 37]), "string", ["a", "b", "c"]),
    "Hashing_int": (layers.Hashing(num_bins=7), "int64", [1, 2, 300]),
    "Discretization": (layers.Discretization(bin_boundaries=[0.0, 1.0, 2.0]), "float32", [-1.5, 0.0, 1.0, 3.4, 0.5]),
    "CategoryEncoding_one_hot": (layers.CategoryEncoding(num_tokens=4, output_mode="one_hot"), "int64", [3, 2, 0, 1]),
}
for name, (layer, dtype, values) in LAYERS.items():
    given = rows(*values) if dtype == "string" else (values,)
    case(f"keras_{name}", applied(layer), [f"{dtype}[?]"], [given])
counts = layers.CategoryEncoding(num_tokens=4, output_mode="count")
case("keras_CategoryEncoding_count", applied(counts), ["int64[?,?]"], [([[0, 1, 1], [2, 3, 3]],)])

SENTENCES = rows("The cat sat.", "a NAÏVE cat, sat; sat!", "", "unknown words here")
for name, options in {
    "int": {},
    "length_4": {"output_sequence_length": 4},
    "multi_hot": {"output_mode": "multi_hot"},
    "count": {"output_mode": "count"},
    "bigrams": {"ngrams": 2, "output_sequence_length": 6},
    "characters": {"split": "character", "output_sequence_length": 5},
}.items():
    known = ["the", "cat", "sat", "a", "the cat"] if name != "characters" else list("acest")
    layer = layers.TextVectorization(vocabulary=known, **options)
    case(f"keras_TextVectorization_{name}", applied(layer), [S], [SENTENCES])
weighted = layers.TextVectorization(output_mode="tf_idf", vocabulary=["the", "cat", "sat"], idf_weights=[0.4, 1.2, 2.0])
case("keras_TextVectorization_tf_idf", applied(weighted), [S], [SENTENCES])
