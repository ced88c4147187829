"""Datasets that a function makes and consumes itself."""

import numpy as np
from cases import case, keep, rand, variable
from golden import tf

D = tf.data.Dataset
ROWS = "float32[?,3]"
SETS = [(rand(5, 3),), (rand(1, 3),), (np.zeros([0, 3]),)]
zero = tf.constant(0.0)


def joined(ds, dtype=tf.float32, shape=()):
    """All elements, in order, as one tensor."""
    start = tf.zeros([0, *shape], dtype)
    if dtype == tf.string:
        start = tf.constant([], tf.string)
    return ds.reduce(start, lambda a, e: tf.concat([a, tf.cast(e, dtype)[None]], 0) if dtype != tf.string else tf.concat([a, e[None]], 0))


def total(ds):
    return ds.reduce(zero, lambda a, *e: a + tf.add_n([tf.reduce_sum(tf.cast(x, tf.float32)) for x in tf.nest.flatten(e)]))


case("reduce", lambda x: D.from_tensor_slices(x).reduce(zero, lambda a, r: a * 2 + tf.reduce_sum(r)), [ROWS], SETS)
case("reduce_pair", lambda x: D.from_tensor_slices(x).reduce((zero, tf.constant(0, tf.int64)), lambda s, r: (s[0] + r[0], s[1] + 1)), [ROWS], SETS)
case("map_batch_reduce", lambda x: D.from_tensor_slices(x).map(lambda r: r * 2).batch(2).reduce(zero, lambda a, b: a + tf.reduce_max(b)), [ROWS], SETS)
case("batches", lambda x: D.from_tensor_slices(x).batch(2).reduce(tf.zeros([0, 3]), lambda a, b: tf.concat([a, b, tf.reduce_sum(b, 0, keepdims=True)], 0)), [ROWS], SETS)
case("whole_batches", lambda x: D.from_tensor_slices(x).batch(2, drop_remainder=True).reduce(tf.zeros([0, 3]), lambda a, b: tf.concat([a, tf.reduce_sum(b, 0, keepdims=True)], 0)), [ROWS], SETS)
case("batch_size", lambda x, n: D.from_tensor_slices(x).batch(n).reduce(tf.constant(0), lambda a, b: a * 10 + tf.shape(b)[0]), [ROWS, "int64[]"], [(rand(5, 3), 2), (rand(5, 3), 9)], errors=[(rand(5, 3), 0)])
case("padded", lambda x: D.range(1, 6).map(lambda n: tf.fill([n % 4], x)).padded_batch(3, padding_values=-1.0).reduce(zero, lambda a, b: a * 3 + tf.reduce_sum(b) + tf.cast(tf.size(b), tf.float32)), ["float32[]"], [(1.5,)])
case("padded_to", lambda x, n: D.from_tensor_slices(x).padded_batch(4, padded_shapes=[n]).get_single_element(), [ROWS, "int64[]"], [(rand(3, 3), 5), (rand(3, 3), -1)], errors=[(rand(3, 3), 2)])
case("padded_strings", lambda x: D.from_tensor_slices(x).map(lambda s: tf.strings.split(s)).padded_batch(8, padded_shapes=[None], padding_values="-").get_single_element(), ["string[?]"], [([b"a b c", b"", b"d e"],)])
case("dict", lambda x: D.from_tensor_slices({"a": x, "b": tf.reduce_sum(x, 1)}).map(lambda d: d["a"] * d["b"]).reduce(tf.zeros([3]), lambda a, r: a + r), [ROWS], SETS)
case("range", lambda a, b, c: joined(D.range(a, b, c), tf.int64), ["int64[]"] * 3, [(0, 5, 2), (5, 0, -2), (0, 0, 1), (3, 1, 1)], errors=[(0, 1, 0)])
case("range_int32", lambda n: joined(D.range(n, output_type=tf.int32), tf.int32), ["int64[]"], [(4,)])
case("zip", lambda x, y: D.zip((D.from_tensor_slices(x), D.from_tensor_slices(y))).reduce(zero, lambda a, e: a * 2 + tf.reduce_sum(e[0]) * e[1]), [ROWS, "float32[?]"], [(rand(3, 3), rand(5)), (rand(3, 3), rand(2)), (rand(0, 3), rand(2))])
case("concatenate", lambda x, y: joined(D.from_tensor_slices(x).concatenate(D.from_tensor_slices(y)), shape=[3]), [ROWS, ROWS], [(rand(3, 3), rand(2, 3)), (rand(0, 3), rand(2, 3)), (rand(2, 3), rand(0, 3))])
case("take", lambda x, n: joined(D.from_tensor_slices(x).take(n), shape=[3]), [ROWS, "int64[]"], [(rand(4, 3), n) for n in (2, 0, 9, -1)])
case("skip", lambda x, n: joined(D.from_tensor_slices(x).skip(n), shape=[3]), [ROWS, "int64[]"], [(rand(4, 3), n) for n in (2, 0, 9, -1)])
case("repeat", lambda x, n: joined(D.from_tensor_slices(x).repeat(n), shape=[3]), [ROWS, "int64[]"], [(rand(2, 3), n) for n in (2, 0, 1, 3)] + [(rand(0, 3), 2)])
case("repeat_without_end", lambda x: joined(D.from_tensor_slices(x).repeat().take(7), shape=[3]), [ROWS], [(rand(2, 3),), (rand(0, 3),)])
case("skipped_and_repeated", lambda x: joined(D.from_tensor_slices(x).skip(1).repeat(2).take(5), shape=[3]), [ROWS], SETS)
case("filter", lambda x, y: joined(D.from_tensor_slices(x).filter(lambda r: tf.reduce_sum(r) > y), shape=[3]), [ROWS, "float32[]"], [(rand(6, 3), 0), (rand(4, 3), 100), (rand(4, 3), -100)])
case("filtered_batches", lambda x: D.from_tensor_slices(x).filter(lambda v: v > 0).batch(2).reduce(zero, lambda a, b: a * 2 + tf.reduce_sum(b)), ["float32[?]"], [([1, -1, 2, -2, 3],), ([-1],)])
case("enumerate", lambda x: D.from_tensor_slices(x).enumerate(start=5).reduce(zero, lambda a, e: a + tf.cast(e[0], tf.float32) * tf.reduce_sum(e[1])), [ROWS], SETS)
case("take_while", lambda x: joined(D.from_tensor_slices(x).take_while(lambda v: v < 3)), ["float32[?]"], [([1, 2, 3, 1],), ([5],), ([],), ([1],)])
case("scan", lambda x: joined(D.from_tensor_slices(x).scan(zero, lambda s, v: (s + v, s * v))), ["float32[?]"], [([1, 2, 3, 1],), ([],)])
case("flat_map", lambda x: joined(D.from_tensor_slices(x).flat_map(lambda n: D.range(n).map(lambda i: i * 10 + n)), tf.int64), ["int64[?]"], [([2, 0, 3],), ([0, 0],), ([],)])
case("flat_map_rows", lambda x: joined(D.from_tensor_slices(x).flat_map(D.from_tensor_slices)), [ROWS], SETS)
case("interleave_one", lambda x: joined(D.from_tensor_slices(x).interleave(D.range, cycle_length=1), tf.int64), ["int64[?]"], [([2, 0, 3],)])
case("unbatch", lambda x: joined(D.from_tensor_slices(x).batch(2).unbatch(), shape=[3]), [ROWS], SETS)
case("prefetched", lambda x: total(D.from_tensor_slices(x).cache().prefetch(2).with_options(tf.data.Options())), [ROWS], SETS)
case("parallel", lambda x: total(D.from_tensor_slices(x).map(lambda r: r + 1, num_parallel_calls=4).batch(2, num_parallel_calls=2)), [ROWS], SETS)
case("single", lambda x: D.from_tensor_slices(x).get_single_element(), [ROWS], [(rand(1, 3),)], errors=[(rand(2, 3),), (rand(0, 3),)])
case("single_batch", lambda x: D.from_tensors(x).map(lambda t: t[:, ::-1]).get_single_element(), [ROWS], SETS)
case("strings", lambda x: joined(D.from_tensor_slices(x).map(lambda s: tf.strings.upper(s) + "!").filter(lambda s: tf.strings.length(s) > 2), tf.string), ["string[?]"], [([b"a", b"bcd", b"e", b"fg"],), ([b"a"],)])
weights = variable(rand(3, 2))
case("with_weights", lambda x: D.from_tensor_slices(x).map(lambda r: tf.linalg.matvec(weights, r, transpose_a=True)).batch(4).get_single_element(), [ROWS], [(rand(4, 3),), (rand(1, 3),)])
table = keep(tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1))
case("with_a_table", lambda x: joined(D.from_tensor_slices(x).map(table.lookup), tf.int32), ["string[?]"], [([b"a", b"c", b"b"],)])
case("unequal_slices", lambda x, y: total(D.from_tensor_slices((x, y))), ["float32[?]", "float32[?]"], [(rand(2), rand(2))], errors=[(rand(2), rand(3))])
case("other_sizes_in_a_batch", lambda x: total(D.from_tensor_slices(x).map(lambda n: tf.range(n)).batch(3)), ["int32[?]"], [([2, 2, 2, 1],)], errors=[([2, 3],)])
case("fails_behind_the_end", lambda x: total(D.from_tensor_slices(x).map(lambda v: tf.debugging.check_numerics(v, "not finite")).take(2)), ["float32[?]"], [([1, 2, np.inf],), ([1],)], errors=[([1, np.inf, 2],)])


def loop(x):
    sum_, most = tf.constant(0.0), tf.constant(-1e9)
    for row in D.from_tensor_slices(x):
        sum_ += tf.reduce_sum(row)
        most = tf.maximum(most, tf.reduce_max(row))
    return sum_, most


def loop_with_break(x):
    sum_ = tf.constant(0.0)
    for i, v in D.from_tensor_slices(x).enumerate():
        if v > 5:
            break
        if v < 0:
            continue
        sum_ += v * tf.cast(i + 1, tf.float32)
    return sum_


def nested(x):
    sum_ = tf.constant(0.0)
    for row in D.from_tensor_slices(x):
        for v in D.from_tensor_slices(row):
            sum_ = sum_ * 0.5 + v
    return sum_


auto = tf.autograph.to_graph
case("for", lambda x: auto(loop)(x), [ROWS], SETS)
case("for_with_break", lambda x: auto(loop_with_break)(x), ["float32[?]"], [([1, -1, 2, 9, 3],), ([1, 2],), ([],)])
case("for_in_for", lambda x: auto(nested)(x), [ROWS], SETS)


def two(x):
    it = iter(D.from_tensor_slices(x).filter(lambda r: tf.reduce_sum(r) > 0))
    return next(it) - next(it)


def optionally(x):
    it = iter(D.from_tensor_slices(x))
    first, second = it.get_next_as_optional(), it.get_next_as_optional()
    return first.has_value(), second.has_value(), first.get_value()


POSITIVE = np.array([[1, 2, 3], [-9, 0, 0], [4, 4, 4]])
case("iterator", lambda x: two(x), [ROWS], [(POSITIVE,)], errors=[(POSITIVE[:2],)])
case("optional", lambda x: optionally(x), [ROWS], [(POSITIVE,), (POSITIVE[:1],)], errors=[(POSITIVE[:0],)])
case("optional_values", lambda x: tf.experimental.Optional.from_value(x).get_value() + tf.cast(tf.experimental.Optional.from_value(x).has_value(), tf.float32) + tf.cast(tf.experimental.Optional.empty(tf.TensorSpec([], tf.float32)).has_value(), tf.float32), ["float32[]"], [(1,)])
