"""Ragged tensors: their values and row splits travel through graphs; what packs, counts and crosses their rows."""

import numpy as np
from cases import case
from golden import tf

raw = tf.raw_ops
S = "string[?]"


def rows(*values):
    return (np.array([v.encode() for v in values], object),)


def from_splits(values, splits):
    return tf.RaggedTensor.from_row_splits(values, splits, validate=False)


def parts(pieces):
    return {f"splits{i}": s for i, s in enumerate(pieces.nested_row_splits)} | {"values": pieces.flat_values}


FOUR = ([1, 2, 3, 4], [0, 2, 2, 4])
NONE = ([], [0, 0, 0])
for dtype in ("float32", "int64", "int32", "string", "bool", "float64", "uint8"):
    values = [b"a", b"b", b"", b"d"] if dtype == "string" else [1, 0, 1, 1] if dtype == "bool" else [1, 2, 3, 4]
    case(f"to_tensor_{dtype}", lambda x, splits: from_splits(x, splits).to_tensor(), [f"{dtype}[?]", "int64[?]"], [(values, [0, 2, 2, 4]), (values, [0, 4]), (values, [0, 1, 4, 4])])
case("to_tensor_default", lambda x, splits: from_splits(x, splits).to_tensor(-1), ["int32[?]", "int64[?]"], [FOUR])
case("to_tensor_shape", lambda x, splits: from_splits(x, splits).to_tensor(-1, shape=[2, 1]), ["int32[?]", "int64[?]"], [FOUR])
case("to_tensor_wide", lambda x, splits: from_splits(x, splits).to_tensor(9, shape=[None, 5]), ["int32[?]", "int64[?]"], [FOUR])
case("to_tensor_int32_splits", lambda x, splits: from_splits(x, splits).to_tensor(0), ["float32[?]", "int32[?]"], [FOUR])
case("to_tensor_inner", lambda x, splits: from_splits(x, splits).to_tensor(0), ["float32[?,2]", "int64[?]"], [([[1, 2], [3, 4], [5, 6]], [0, 1, 3])])
case("to_tensor_inner_default", lambda x, splits: from_splits(x, splits).to_tensor(tf.constant([7.0, 8.0])), ["float32[?,2]", "int64[?]"], [([[1, 2], [3, 4], [5, 6]], [0, 1, 3])])
case("to_tensor_two_levels", lambda x, inner, outer: from_splits(from_splits(x, inner), outer).to_tensor(-1), ["int32[?]", "int64[?]", "int64[?]"], [([1, 2, 3, 4, 5], [0, 1, 1, 3, 5], [0, 2, 2, 4]), ([1], [0, 1], [0, 1])])
case("RaggedTensorToTensor_rowids", lambda x, ids, n: raw.RaggedTensorToTensor(shape=tf.constant([-1, -1], tf.int64), values=x, default_value=-1.0, row_partition_tensors=[n, ids], row_partition_types=["FIRST_DIM_SIZE", "VALUE_ROWIDS"]), ["float32[?]", "int64[?]", "int64[]"], [([1, 2, 3], [0, 2, 2], 4), ([1, 2, 3], [0, 0, 0], 1)], errors=[([1, 2], [0, 5], 2)])
case("from_value_rowids", lambda x, ids: parts(tf.RaggedTensor.from_value_rowids(x, ids, nrows=4, validate=False)), ["float32[?]", "int64[?]"], [([1, 2, 3], [0, 2, 2])])
case("from_tensor", lambda x: parts(tf.RaggedTensor.from_tensor(x, padding=0)), ["int32[?,?]"], [([[1, 2, 0], [0, 0, 0], [3, 4, 5]],)])
case("from_row_lengths", lambda x, n: parts(tf.RaggedTensor.from_row_lengths(x, n, validate=False)), ["float32[?]", "int64[?]"], [([1, 2, 3], [0, 1, 2])])
case("to_sparse", lambda x, splits: (lambda s: {"indices": s.indices, "values": s.values, "shape": s.dense_shape})(from_splits(x, splits).to_sparse()), ["float32[?]", "int64[?]"], [FOUR])
case("to_sparse_two_levels", lambda x, inner, outer: (lambda s: {"indices": s.indices, "values": s.values, "shape": s.dense_shape})(from_splits(from_splits(x, inner), outer).to_sparse()), [S, "int64[?]", "int64[?]"], [([b"a", b"b", b"c"], [0, 1, 1, 3], [0, 2, 3])])
case("range", lambda a, b, d: parts(tf.ragged.range(a, b, d)), ["int32[?]", "int32[?]", "int32[]"], [([0, 3, 5], [2, 3, 9], 1), ([5], [0], -2)], errors=[([1], [2], 0)])
case("range_float", lambda b: parts(tf.ragged.range(0.0, b, 0.5)), ["float32[?]"], [([1.2, 0.0, -1.0, 2.0],)])
case("gather", lambda x, splits, at: parts(tf.gather(from_splits(x, splits), at)), ["float32[?]", "int64[?]", "int32[?]"], [(*FOUR, [2, 0, 1, 2])], errors=[(*FOUR, [3]), (*FOUR, [-1])])
case("gather_matrix", lambda x, splits, at: parts(tf.gather(from_splits(x, splits), at)), [S, "int64[?]", "int64[?,2]"], [([b"a", b"b", b"c", b"d"], [0, 2, 2, 4], [[0, 1], [2, 2]])])
case("row", lambda x, splits: from_splits(x, splits)[2], ["float32[?]", "int64[?]"], [FOUR])
case("slice_rows", lambda x, splits: parts(from_splits(x, splits)[1:]), ["float32[?]", "int64[?]"], [FOUR])
case("slice_columns", lambda x, splits: parts(from_splits(x, splits)[:, :1]), ["float32[?]", "int64[?]"], [FOUR])
case("reduce_sum", lambda x, splits: tf.reduce_sum(from_splits(x, splits), axis=1), ["float32[?]", "int64[?]"], [FOUR])
case("reduce_mean", lambda x, splits: tf.reduce_mean(from_splits(x, splits), axis=1), ["float32[?]", "int64[?]"], [([1, 2, 3, 4], [0, 1, 4])])
case("reduce_max", lambda x, splits: tf.reduce_max(from_splits(x, splits), axis=1), ["float32[?]", "int64[?]"], [([1, 2, 3, 4], [0, 1, 4])])
case("row_lengths", lambda x, splits: from_splits(x, splits).row_lengths(), ["float32[?]", "int64[?]"], [FOUR, NONE])
case("value_rowids", lambda x, splits: from_splits(x, splits).value_rowids(), ["float32[?]", "int64[?]"], [FOUR])
case("concat", lambda x, splits, y: parts(tf.concat([from_splits(x, splits), from_splits(y, splits)], axis=1)), ["float32[?]", "int64[?]", "float32[?]"], [([1, 2, 3, 4], [0, 2, 2, 4], [5, 6, 7, 8])])
case("boolean_mask", lambda x, mask: parts(tf.ragged.boolean_mask(x, mask)), ["float32[?,?]", "bool[?,?]"], [([[1, 2], [3, 4]], [[True, False], [True, True]])])
case("elementwise", lambda x, splits: parts(from_splits(x, splits) * 2 + 1), ["float32[?]", "int64[?]"], [FOUR])
case("bincount", lambda x, splits: tf.math.bincount(from_splits(x, splits), minlength=5, maxlength=5, axis=-1), ["int32[?]", "int64[?]"], [FOUR, ([1, 1, 9, 4], [0, 3, 4])])
case("RaggedBincount_binary", lambda x, splits: raw.RaggedBincount(splits=splits, values=x, size=4, weights=tf.constant([], tf.float32), binary_output=True), ["int64[?]", "int64[?]"], [([1, 1, 3, 0], [0, 3, 4])], errors=[([1, -1], [0, 2]), ([1, 1], [0, 3]), ([1, 1], [1, 2])])
case("RaggedBincount_weights", lambda x, splits, w: raw.RaggedBincount(splits=splits, values=x, size=4, weights=w), ["int64[?]", "int64[?]", "float64[?]"], [([1, 1, 3, 0], [0, 3, 4], [0.5, 0.25, 2.0, 3.0])])
case("RaggedCountSparseOutput", lambda x, splits: list(raw.RaggedCountSparseOutput(splits=splits, values=x, weights=tf.constant([], tf.int64), binary_output=False)), ["int64[?]", "int64[?]"], [([3, 1, 3, 0], [0, 3, 3, 4])])
case("DenseCountSparseOutput", lambda x: list(raw.DenseCountSparseOutput(values=x, weights=tf.constant([], tf.float32), binary_output=False, minlength=6)), ["int32[?,?]"], [([[3, 1, 3], [0, 0, 1]],)], errors=[([[3, -1]],)])
case("DenseCountSparseOutput_vector", lambda x, w: list(raw.DenseCountSparseOutput(values=x, weights=w, binary_output=False, maxlength=3)), ["int32[?]", "float32[?]"], [([3, 1, 1, 2], [1, 0.5, 2, 4])])
case("SparseCountSparseOutput", lambda x: (lambda s: {"indices": s.indices, "values": s.values, "shape": s.dense_shape})(tf.sparse.bincount(tf.sparse.from_dense(x), axis=-1, binary_output=True)), ["int64[?,?]"], [([[3, 1, 3], [0, 2, 0]],)])
case("RaggedCross", lambda x, splits, y: parts(tf.ragged.cross([from_splits(x, splits), y])), [S, "int64[?]", "string[?,?]"], [([b"a", b"b", b"c"], [0, 2, 2, 3], [[b"x", b"y"], [b"z", b"w"], [b"", b"q"]])])
case("RaggedCross_hashed", lambda x, splits, y: parts(tf.ragged.cross_hashed([from_splits(x, splits), y], num_buckets=100)), [S, "int64[?]", "int64[?,?]"], [([b"a", b"b", b"c"], [0, 2, 2, 3], [[1, 2], [3, 4], [5, -6]])])
case("ngrams_padded", lambda x: parts(tf.strings.ngrams(tf.strings.split(x), [2, 3], pad_values=("<", ">"), separator="-")), [S], [rows("a b c", "d", "")])
case("ngrams_short", lambda x: parts(tf.strings.ngrams(tf.strings.split(x), 3, preserve_short_sequences=True)), [S], [rows("a b c d", "e f", "")])
case("reduce_join", lambda x: tf.strings.reduce_join(tf.strings.split(x), axis=-1, separator="+"), [S], [rows("a b c", "", "d")])
case("map_flat", lambda x: parts(tf.ragged.map_flat_values(tf.strings.length, tf.strings.split(x))), [S], [rows("a bb ccc", "", "dddd")])
case("words_to_hash", lambda x: tf.strings.to_hash_bucket_fast(tf.strings.split(x), 100).to_tensor(-1), [S], [rows("a bb ccc", "", "dddd")])
case("variant", lambda x, splits: (lambda v: (lambda r: {"splits": r[0][0], "values": r[1]})(raw.RaggedTensorFromVariant(encoded_ragged=v, input_ragged_rank=1, output_ragged_rank=1, Tvalues=tf.float32)))(raw.RaggedTensorToVariant(rt_nested_splits=[splits], rt_dense_values=x, batched_input=False)), ["float32[?]", "int64[?]"], [FOUR])
