"""Sparse tensors in coordinate form, and embeddings looked up by them."""

import numpy as np
from cases import case, rand, variable
from golden import tf

raw = tf.raw_ops
POSITIONS = [[0, 1], [1, 0], [2, 2]]
SHAPE = [3, 4]


def parts(s):
    return {"indices": s.indices, "values": s.values, "shape": s.dense_shape}


def made(i, v, s):
    return tf.SparseTensor(i, v, s)


IVS = ["int64[?,2]", "float32[?]", "int64[2]"]
ONE = (POSITIONS, [1.5, -2.0, 3.0], SHAPE)
UNSORTED = ([[2, 2], [0, 1], [1, 0]], [1.0, 2.0, 3.0], SHAPE)
EMPTY = (np.zeros([0, 2]), [], SHAPE)

for dtype in ("float32", "int64", "string", "int32", "bool", "float64", "float16", "complex64"):
    values = [b"a", b"", b"c"] if dtype == "string" else [1, 0, 1] if dtype == "bool" else [1, 2, 3]
    default = tf.constant("-" if dtype == "string" else True if dtype == "bool" else 1, dtype)
    case(f"to_dense_{dtype}", (lambda default: lambda i, v, s: tf.sparse.to_dense(made(i, v, s), default))(default), ["int64[?,2]", f"{dtype}[?]", "int64[2]"], [(POSITIONS, values, SHAPE), (np.zeros([0, 2]), [], [2, 0])])
case("to_dense_errors", lambda i, v, s: tf.sparse.to_dense(made(i, v, s)), IVS, [ONE], errors=[UNSORTED, ([[0, 0], [0, 0]], [1, 2], [1, 1]), ([[0, 4]], [1], SHAPE), ([[-1, 0]], [1], SHAPE)])
case("SparseToDense_vector", lambda i, v: raw.SparseToDense(sparse_indices=i, output_shape=[5], sparse_values=v, default_value=0.0, validate_indices=False), ["int32[?]", "float32[?]"], [([3, 0], [1, 2])])
case("SparseToDense_scalar", lambda i: raw.SparseToDense(sparse_indices=i, output_shape=[5], sparse_values=1.0, default_value=0.0), ["int32[]"], [(3,)])
case("SparseToDense_repeated_value", lambda i: raw.SparseToDense(sparse_indices=i, output_shape=[5], sparse_values=2.0, default_value=0.0), ["int32[?]"], [([1, 3],)])
case("from_dense", lambda x: parts(tf.sparse.from_dense(x)), ["float32[?,?]"], [([[0, 1.5], [2, 0]],)])
case("from_dense_string", lambda x: parts(tf.sparse.from_dense(x)), ["string[?,?]"], [(np.array([[b"", b"x"], [b"y", b""]], object),)])
case("reorder", lambda i, v, s: parts(tf.sparse.reorder(made(i, v, s))), IVS, [UNSORTED, EMPTY])
case("reshape", lambda i, v, s: parts(tf.sparse.reshape(made(i, v, s), [2, -1])), IVS, [ONE, EMPTY], errors=[(POSITIONS, [1, 2, 3], [3, 5])])
case("fill_empty_rows", lambda i, v, s: (lambda filled: parts(filled[0]) | {"empty": filled[1]})(tf.sparse.fill_empty_rows(made(i, v, s), 9.0)), IVS, [ONE, ([[3, 1], [0, 0], [3, 0]], [1, 2, 3], [5, 2]), EMPTY], errors=[([[5, 0]], [1.0], SHAPE)])
case("SparseFillEmptyRows", lambda i, v, s: list(raw.SparseFillEmptyRows(indices=i, values=v, dense_shape=s, default_value=b"")), ["int64[?,2]", "string[?]", "int64[2]"], [([[1, 0], [1, 1]], [b"a", b"b"], [3, 2])])
for a in (False, True):
    for b in (False, True):
        case(f"matmul_{a:d}{b:d}", (lambda a, b: lambda i, v, s, x: tf.sparse.sparse_dense_matmul(made(i, v, s), x, adjoint_a=a, adjoint_b=b))(a, b), [*IVS, "float32[?,?]"], [(*ONE, rand(*{(0, 0): (4, 2), (1, 0): (3, 2), (0, 1): (2, 4), (1, 1): (2, 3)}[a, b]))])
case("matmul_complex", lambda i, v, s, x: tf.sparse.sparse_dense_matmul(made(i, v, s), x, adjoint_a=True), ["int64[?,2]", "complex64[?]", "int64[2]", "complex64[3,2]"], [(POSITIONS, [1 + 2j, -1j, 3], SHAPE, rand(3, 2))])
case("matmul_float64", lambda i, v, s, x: tf.sparse.sparse_dense_matmul(made(i, v, s), x), ["int64[?,2]", "float64[?]", "int64[2]", "float64[4,2]"], [(POSITIONS, [1, 2, 3], SHAPE, rand(4, 2))])
case("slice", lambda i, v, s: parts(tf.sparse.slice(made(i, v, s), [1, 0], [2, 3])), IVS, [ONE, EMPTY])
case("split", lambda i, v, s: {f"{k}{n}": t for n, piece in enumerate(tf.sparse.split(sp_input=made(i, v, s), num_split=2, axis=0)) for k, t in parts(piece).items()}, IVS, [ONE])
case("concat_0", lambda i, v, s: parts(tf.sparse.concat(0, [made(i, v, s), made(i, v * 2, s)])), IVS, [ONE])
case("concat_1", lambda i, v, s: parts(tf.sparse.concat(1, [made(i, v, s), made(i, v * 2, s)])), IVS, [ONE])
case("reduce_sum", lambda i, v, s: {"all": tf.sparse.reduce_sum(made(i, v, s)), "rows": tf.sparse.reduce_sum(made(i, v, s), axis=1), "kept": tf.sparse.reduce_sum(made(i, v, s), axis=0, keepdims=True)}, IVS, [ONE])
case("reduce_max", lambda i, v, s: tf.sparse.reduce_max(made(i, v, s), axis=1), IVS, [ONE])
case("add", lambda i, v, s: parts(tf.sparse.add(made(i, v, s), made(i, v, s))), IVS, [ONE])
case("add_dense", lambda i, v, s, x: tf.sparse.add(made(i, v, s), x), [*IVS, "float32[3,4]"], [(*ONE, rand(3, 4))])
case("times_dense", lambda i, v, s, x: parts(made(i, v, s) * x), [*IVS, "float32[4]"], [(*ONE, rand(4))])
case("divided_by_dense", lambda i, v, s, x: parts(made(i, v, s) / x), [*IVS, "float32[3,1]"], [(*ONE, [[2.0], [4.0], [8.0]])])
case("softmax", lambda i, v, s: parts(tf.sparse.softmax(made(i, v, s))), IVS, [([[0, 0], [0, 2], [1, 1]], [1, 2, 3], SHAPE)])
case("transpose", lambda i, v, s: parts(tf.sparse.transpose(made(i, v, s))), IVS, [ONE])
case("to_indicator", lambda i, v, s: tf.sparse.to_indicator(made(i, v, s), 5), ["int64[?,2]", "int64[?]", "int64[2]"], [(POSITIONS, [0, 4, 2], SHAPE)])
case("retain", lambda i, v, s: parts(tf.sparse.retain(made(i, v, s), v > 0)), IVS, [ONE])
case("expand_dims", lambda i, v, s: parts(tf.sparse.expand_dims(made(i, v, s), 1)), IVS, [ONE])
case("segment_sum", lambda i, x: tf.sparse.segment_sum(x, i, [0, 0, 2]), ["int32[3]", "float32[?,2]"], [([0, 1, 1], rand(2, 2))])
case("cross", lambda x, y: parts(tf.sparse.cross([tf.sparse.from_dense(x), y])), ["string[?,?]", "string[?,?]"], [([[b"a", b"b"], [b"c", b""]], [[b"x"], [b"y"]])])
case("cross_separator", lambda x, y: parts(tf.sparse.cross([x, y], separator="|")), ["string[?,?]", "int64[?,?]"], [([[b"a", b"b"], [b"c", b""]], [[1], [-2]])])
case("cross_hashed", lambda x, y: parts(tf.sparse.cross_hashed([tf.sparse.from_dense(x), y], num_buckets=1000)), ["string[?,?]", "int64[?,?]"], [([[b"a", b"b"], [b"c", b""]], [[1], [-2]])])
case("cross_hashed_ints", lambda x, y: parts(tf.sparse.cross_hashed([tf.sparse.from_dense(x), y])), ["int64[?,?]", "int64[?,?]"], [([[7, 2**40], [-3, 0]], [[1], [-2]])])
def crossed(sparse, dense, strong):
    given = [tf.sparse.from_dense(x) for x in sparse]
    return list(raw.SparseCrossHashed(indices=[x.indices for x in given], values=[x.values for x in given], shapes=[x.dense_shape for x in given], dense_inputs=dense, num_buckets=1000, strong_hash=strong, salt=[137, 173]))


PAIR = ([[b"a", b"b"], [b"c", b""]], [[7, 2**40], [-3, 0]])
for strong in (False, True):  # TensorFlow 2.21 crashes on a strong hash of dense integers
    case(f"SparseCrossHashed_{strong:d}", (lambda strong: lambda x, y: crossed([x, y], [], strong))(strong), ["string[?,?]", "int64[?,?]"], [PAIR])
    case(f"SparseCrossHashed_dense_{strong:d}", (lambda strong: lambda x, y: crossed([y], [x], strong))(strong), ["string[?,?]", "int64[?,?]"], [PAIR])
case("SparseCrossHashed_dense_ints", lambda x, y: crossed([x], [y], False), ["string[?,?]", "int64[?,?]"], [PAIR])
case("SparseCross_hashed", lambda x, y: list(raw.SparseCross(indices=[], values=[], shapes=[], dense_inputs=[x, y], hashed_output=True, num_buckets=100, hash_key=956888297470, out_type=tf.int64, internal_type=tf.int64)), ["string[?,?]", "int64[?,?]"], [([[b"a", b"b"], [b"c", b""]], [[1], [-2]])])
A, B = [[1, 2, 2, 9], [3, 4, 4, 0]], [[2, 9, 5], [4, 7, 7]]
for name in ("intersection", "difference", "union"):
    case(f"sets_{name}", (lambda f: lambda a, b: parts(f(a, b)))(getattr(tf.sets, name)), ["int64[?,?]", "int64[?,?]"], [(A, B)])
    case(f"sets_{name}_sparse", (lambda f: lambda a, b: parts(f(a, tf.sparse.from_dense(b))))(getattr(tf.sets, name)), ["int32[?,?]", "int32[?,?]"], [(A, B)])
case("sets_size", lambda a: tf.sets.size(tf.sparse.from_dense(a)), ["int32[?,?]"], [(A,)])
case("sets_strings", lambda a, b: parts(tf.sets.intersection(tf.sparse.from_dense(a), tf.sparse.from_dense(b))), ["string[?,?]", "string[?,?]"], [([[b"a", b"b"]], [[b"b", b"c"]])])

table = variable(rand(6, 3))
for combiner in ("sum", "mean", "sqrtn"):
    lookup = (lambda c: lambda i, v, s: tf.nn.embedding_lookup_sparse(table, made(i, v, s), None, combiner=c))(combiner)
    case(f"embedding_lookup_sparse_{combiner}", lookup, ["int64[?,2]", "int64[?]", "int64[2]"], [([[0, 0], [0, 1], [2, 0]], [1, 3, 5], [3, 2])])
    safe = (lambda c: lambda i, v, s: tf.nn.safe_embedding_lookup_sparse(table, made(i, v, s), combiner=c))(combiner)
    case(f"safe_embedding_lookup_sparse_{combiner}", safe, ["int64[?,2]", "int64[?]", "int64[2]"], [([[0, 0], [0, 1], [2, 0]], [1, -1, 5], [4, 2])])
weighted = lambda i, v, s, w: tf.nn.embedding_lookup_sparse(table, made(i, v, s), made(i, w, s), combiner="mean")
case("embedding_lookup_sparse_weights", weighted, ["int64[?,2]", "int64[?]", "int64[2]", "float32[?]"], [([[0, 0], [0, 1], [1, 0]], [1, 3, 5], [2, 2], [0.5, 2, 1])])
