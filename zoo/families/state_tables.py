"""Signatures that change lookup tables, slices of variables and counters.

The cases of this family run in the order in which they are written, on one loaded model.
"""

import numpy as np
from cases import case, keep
from golden import tf

raw = tf.raw_ops
lookup = tf.lookup.experimental


class Kept(tf.Module):
    """Tables hang on modules, as layers keep theirs."""

    def __init__(self, table):
        super().__init__()
        self.table = table


def kept(table):
    return keep(Kept(table)).table


words = kept(lookup.MutableHashTable(tf.string, tf.int64, -1))
words.insert(tf.constant(["start"]), tf.constant([100], tf.int64))
vectors = kept(lookup.MutableHashTable(tf.int64, tf.float32, [0.0, 0.0]))
dense = kept(lookup.DenseHashTable(tf.int64, tf.int64, default_value=-1, empty_key=-100, deleted_key=-200, initial_num_buckets=16))
dense.insert(tf.constant([1, 2, 3], tf.int64), tf.constant([10, 20, 30], tf.int64))
strings = kept(lookup.MutableHashTable(tf.int64, tf.string, "none"))


def texts(*values):
    return np.array([v.encode() for v in values], object)


def words_insert(keys, values):
    with tf.control_dependencies([words.insert(keys, values)]):
        return {"size": words.size(), "found": words.lookup(keys)}


def words_remove(keys):
    with tf.control_dependencies([words.remove(keys)]):
        return {"size": words.size()}


def words_export():
    keys, values = words.export()
    order = tf.argsort(values)
    return {"keys": tf.gather(keys, order), "values": tf.gather(values, order)}


def words_import(keys, values):
    raw.LookupTableImportV2(table_handle=words.resource_handle, keys=keys, values=values)
    return words.size()


def count_word(word):
    """As a model counts what it sees."""
    seen = tf.maximum(words.lookup(word), 0) + 1
    with tf.control_dependencies([words.insert(word, seen)]):
        return words.lookup(word)


def insert_where(keys, on):
    tf.cond(on, lambda: words.insert(keys, tf.ones_like(keys, tf.int64)), lambda: tf.no_op())
    return words.size()


case("words_lookup", lambda x: {"y": words.lookup(x), "size": words.size()}, ["string[?]"], [(texts("start", "a"),)])
case("words_insert", words_insert, ["string[?]", "int64[?]"], [(texts("a", "b"), [1, 2]), (texts("b", "c", "c"), [20, 3, 30]), (texts(), [])], errors=[(texts("a", "b"), [1])])
case("words_export", words_export, [], [()])
case("words_remove", words_remove, ["string[?]"], [(texts("a", "zz"),), (texts("start"),)])
case("words_lookup_later", lambda x: words.lookup(x), ["string[?,?]"], [([[b"start", b"a"], [b"b", b"c"]],)])
case("words_export_later", words_export, [], [()])
case("count_word", count_word, ["string[?]"], [(texts("b"),), (texts("b", "new"),)])
case("words_import", words_import, ["string[?]", "int64[?]"], [(texts("x", "y"), [5, 6])])
case("insert_where", insert_where, ["string[?]", "bool[]"], [(texts("q"), False), (texts("q"), True)])
case("words_export_last", words_export, [], [()])


def vectors_insert(keys, values):
    with tf.control_dependencies([vectors.insert(keys, values)]):
        return vectors.lookup(tf.constant([1, 2, 3], tf.int64))


case("vectors_insert", vectors_insert, ["int64[?]", "float32[?,2]"], [([1], [[1.5, 2.5]]), ([2, 3], [[1.0, 2.0], [3.0, 4.0]])])
case("vectors_remove", lambda keys: [raw.LookupTableRemoveV2(table_handle=vectors.resource_handle, keys=keys)] and vectors.size(), ["int64[?]"], [([1],)])
case("vectors_lookup", lambda keys: vectors.lookup(keys), ["int64[?]"], [([1, 2, 3],)])


def dense_insert(keys, values):
    with tf.control_dependencies([dense.insert(keys, values)]):
        return {"size": dense.size(), "y": dense.lookup(keys)}


def dense_remove(keys):
    with tf.control_dependencies([dense.remove(keys)]):
        return {"size": dense.size(), "y": dense.lookup(tf.constant([1, 2, 3], tf.int64))}


case("dense_insert", dense_insert, ["int64[?]", "int64[?]"], [([4, 1], [40, 11])], errors=[([-100], [1]), ([-200], [1])])
case("dense_remove", dense_remove, ["int64[?]"], [([2, 7],)], errors=[([-100],)])
case("strings_insert", lambda k, v: [strings.insert(k, v)] and strings.size(), ["int64[?]", "string[?]"], [([1], texts("A"))])
case("strings_lookup", lambda k: strings.lookup(k), ["int64[?]"], [([1, 2],)])

board = keep(tf.Variable(tf.zeros([3, 4]), name="board"))
places = keep(tf.Variable(tf.constant(["", "", ""]), name="places"))
counter = keep(tf.Variable(0, dtype=tf.int32, name="counter"))
wide_counter = keep(tf.Variable(5, dtype=tf.int64, name="wide_counter"))


def assign_row(row, values):
    board[row].assign(values)
    return board.read_value()


def assign_block(values):
    board[1:, ::2].assign(values)
    return board.read_value()


def assign_string(at, value):
    places[at].assign(value)
    return places.read_value()


case("assign_row", assign_row, ["int32[]", "float32[4]"], [(1, [1.0, 2.0, 3.0, 4.0]), (-1, [9.0, 8.0, 7.0, 6.0])])
case("assign_block", assign_block, ["float32[2,2]"], [([[0.5, 0.25], [-1.0, -2.0]],)])
case("assign_string", assign_string, ["int32[]", "string[]"], [(2, b"two"), (0, b"zero")])
case("count_up_to", lambda: raw.ResourceCountUpTo(resource=counter.handle, limit=2, T=tf.int32), [], [(), ()], errors=[()])
case("count_up_to_wide", lambda: raw.ResourceCountUpTo(resource=wide_counter.handle, limit=10, T=tf.int64), [], [(), ()])
case("counters", lambda: [counter.read_value(), wide_counter.read_value()], [], [()])

SCATTERS = ("Update", "Add", "Sub", "Mul", "Div", "Min", "Max")
DTYPES = ("float32", "float64", "float16", "int32", "int64", "int8", "uint8", "complex64")
for dtype in DTYPES:
    v = keep(tf.Variable(tf.cast(tf.constant([[2, 4], [6, 8], [10, 12]]), dtype), name=f"scattered_{dtype}"))

    def scattered(i, u, v=v, dtype=dtype):
        results = {}
        for how in SCATTERS:
            if dtype == "complex64" and how in ("Min", "Max"):
                continue
            getattr(raw, f"ResourceScatter{how}")(resource=v.handle, indices=i, updates=u)
            results[how] = tf.identity(v.read_value())
        for how in ("Update", "Add", "Sub", "Min", "Max"):
            if dtype == "complex64" and how in ("Min", "Max"):
                continue
            getattr(raw, f"ResourceScatterNd{how}")(ref=v.handle, indices=i[:, None], updates=u)
            results[f"Nd{how}"] = tf.identity(v.read_value())
        results["gathered"] = raw.ResourceGather(resource=v.handle, indices=i, dtype=dtype)
        results["gathered_nd"] = raw.ResourceGatherNd(resource=v.handle, indices=i[:, None], dtype=dtype)
        return results

    case(f"scattered_{dtype}", scattered, ["int32[?]", f"{dtype}[?,2]"], [([0, 2], [[1, 2], [3, 4]])])

flags = keep(tf.Variable([True, False, True], name="flags"))
names = keep(tf.Variable(["a", "b", "c"], name="names"))


def update_flags(i, u):
    raw.ResourceScatterUpdate(resource=flags.handle, indices=i, updates=u)
    return [flags.read_value(), raw.ResourceGather(resource=flags.handle, indices=i, dtype=tf.bool)]


def update_names(i, u):
    raw.ResourceScatterNdUpdate(ref=names.handle, indices=i[:, None], updates=u)
    return [names.read_value(), raw.ResourceGather(resource=names.handle, indices=i, dtype=tf.string)]


case("update_flags", update_flags, ["int32[?]", "bool[?]"], [([0, 1], [False, True])], errors=[([3], [True])])
case("update_names", update_names, ["int32[?]", "string[?]"], [([2, 0], texts("x", "y"))])
