"""Lookup tables of every kind: filled from the checkpoint, from files by columns, with values of any dtype and shape."""

import numpy as np
from cases import case, keep
from golden import tf

raw = tf.raw_ops
lookup = tf.lookup
S = "string[?]"


def rows(*values):
    return (np.array([v.encode() for v in values], object),)


class Kept(tf.Module):
    """Tables hang on modules, as layers keep theirs."""

    def __init__(self, table):
        super().__init__()
        self.table = table


def mutable(keys, values, key_dtype, value_dtype, default, cls=lookup.experimental.MutableHashTable, **options):
    table = cls(key_dtype=key_dtype, value_dtype=value_dtype, default_value=default, **options)
    table.insert(tf.constant(keys, key_dtype), tf.constant(values, value_dtype))
    return keep(Kept(table)).table


words = mutable(["a", "b", ""], [1, 2, 3], tf.string, tf.int64, -1)
labels = mutable([5, -6], ["five", "minus six"], tf.int64, tf.string, "none")
vectors = mutable([1, 2], [[1.0, 2.0], [3.0, 4.0]], tf.int64, tf.float32, [0.5, 0.25])
flags = mutable(["x"], [True], tf.string, tf.bool, False)
empty = mutable(np.zeros([0], np.int64), np.zeros([0], np.int64), tf.int64, tf.int64, 7)
case("MutableHashTable_strings", lambda x: {"found": words.lookup(x), "size": words.size()}, [S], [rows("a", "", "zz"), rows()])
case("MutableHashTable_labels", lambda x: labels.lookup(x), ["int64[?,?]"], [([[5, 6], [-6, 0]],)])
case("MutableHashTable_vectors", lambda x: vectors.lookup(x), ["int64[?]"], [([2, 9, 1],)])
case("MutableHashTable_bools", lambda x: flags.lookup(x), [S], [rows("x", "y")])
case("MutableHashTable_empty", lambda x: {"found": empty.lookup(x), "size": empty.size()}, ["int64[?]"], [([2, 9],)])
case("MutableHashTable_own_default", lambda x, d: words.lookup(x, d), [S, "int64[?]"], [(*rows("a", "zz"), [10, 20])])

dense = mutable([3, 4], [30, 40], tf.int64, tf.int64, -1, lookup.experimental.DenseHashTable, empty_key=-10, deleted_key=-11, initial_num_buckets=8)
wide = mutable(["k"], [[1.0, 2.0, 3.0]], tf.string, tf.float32, [0.0, 0.0, 0.0], lookup.experimental.DenseHashTable, empty_key="", deleted_key="$", initial_num_buckets=4)
case("DenseHashTable", lambda x: {"found": dense.lookup(x), "size": dense.size()}, ["int64[?]"], [([3, 5, 4],)], errors=[([-10],), ([3, -11],)])
case("DenseHashTable_vectors", lambda x: wide.lookup(x), [S], [rows("k", "j")])


def file_table(key, key_index, value, value_index, default, **options):
    initializer = lookup.TextFileInitializer("families/columns.txt", key, key_index, value, value_index, **options)
    return keep(Kept(lookup.StaticHashTable(initializer, default))).table


LINE, NUMBER = lookup.TextFileIndex.WHOLE_LINE, lookup.TextFileIndex.LINE_NUMBER
by_column = file_table(tf.string, 0, tf.int64, 1, -1, delimiter="|")
numbers = file_table(tf.int64, 1, tf.float32, 2, 0.0, delimiter="|")
short = file_table(tf.string, 0, tf.int64, NUMBER, -1, delimiter="|", vocab_size=2)
offset = file_table(tf.string, LINE, tf.int64, NUMBER, -1, value_index_offset=100)
names = file_table(tf.int64, NUMBER, tf.string, 0, "?", delimiter="|")
case("text_file_columns", lambda x: by_column.lookup(x), [S], [rows("zoé", "b b", "none")])
case("text_file_numbers", lambda x: numbers.lookup(x), ["int64[?]"], [([7, -8, 0],)])
case("text_file_vocab_size", lambda x: {"found": short.lookup(x), "size": short.size()}, [S], [rows("zoé", "b b", "last")])
case("text_file_offset", lambda x: offset.lookup(x), [S], [rows("b b|-8|2.5e-1", "last")])
case("text_file_names", lambda x: names.lookup(x), ["int64[?]"], [([0, 2, 3],)])
buckets = keep(Kept(lookup.StaticVocabularyTable(lookup.TextFileInitializer("families/words.txt", tf.string, LINE, tf.int64, NUMBER), 2))).table
case("vocabulary_from_a_file", lambda x: {"found": buckets.lookup(x), "size": buckets.size()}, [S], [rows("alpha", "unknown", "other", "gamma")])
integers = keep(Kept(lookup.StaticVocabularyTable(lookup.KeyValueTensorInitializer([10, 20], [0, 1], tf.int64, tf.int64), 3, lookup_key_dtype=tf.int64))).table
case("vocabulary_of_integers", lambda x: integers.lookup(x), ["int64[?]"], [([10, 20, 30, -5],)])
doubles = keep(Kept(lookup.StaticHashTable(lookup.KeyValueTensorInitializer([1, 2], [0.1, 0.2], tf.int32, tf.float64), -1.0))).table
case("HashTable_doubles", lambda x: doubles.lookup(x), ["int32[?]"], [([1, 2, 3],)])
texts = keep(Kept(lookup.StaticHashTable(lookup.KeyValueTensorInitializer(["a", "b"], ["x", ""], tf.string, tf.string), "-"))).table
case("HashTable_strings", lambda x: texts.lookup(x), ["string[]"], [(b"a",), (b"b",), (b"c",)])
case("HashTable_ragged", lambda x: texts.lookup(tf.strings.split(x)).to_tensor(""), [S], [rows("a b", "", "c a q")])
case("HashTable_sparse", lambda x: (lambda s: {"indices": s.indices, "values": s.values, "shape": s.dense_shape})(texts.lookup(tf.strings.split(x).to_sparse())), [S], [rows("a b", "", "c a q")])
case("HashTable_export", lambda x: {"keys": tf.sort(tf.gather(by_column.export()[1], [0, 1, 2])), "x": x}, ["int64[]"], [(1,)])
