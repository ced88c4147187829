"""Matrices in compressed sparse rows."""

import numpy as np
from cases import case, rand
from golden import tf
from tensorflow.python.ops.linalg.sparse import sparse_csr_matrix_ops as csr

DENSE = np.array([[0, 2, 0, -1], [3, 0, 0, 0], [0, 0, 0, 0], [1.5, 0, 4, 0.5]])
PAIR = np.stack([DENSE, np.diag([1.0, 2, 0, 3])])
WIDE = np.array([[1.0, 0, 2], [0, 0, -3]])


def matrix(x):
    return csr.dense_to_csr_sparse_matrix(x, tf.where(tf.not_equal(x, 0)))


def parts(m, dtype):
    i, v, s = csr.csr_sparse_matrix_to_sparse_tensor(m, type=dtype)
    return {"indices": i, "values": v, "shape": s}


for dtype in ("float32", "float64", "complex64", "complex128"):
    full = DENSE + (1j * DENSE[::-1] if dtype.startswith("complex") else 0)
    pair = PAIR + (1j * PAIR[:, ::-1] if dtype.startswith("complex") else 0)
    alone = ("", "[?,?]", [full, np.zeros([2, 3]), np.zeros([0, 2])])
    batch = ("_batch", "[?,?,?]", [pair, np.zeros([2, 1, 3])])
    for name, rank, values in (alone, batch) if dtype in ("float64", "complex64") else (alone,):
        spec = dtype + rank
        case(f"to_dense{name}_{dtype}", (lambda d: lambda x: csr.csr_sparse_matrix_to_dense(matrix(x), type=d))(dtype), [spec], [(v,) for v in values])
        case(f"to_sparse{name}_{dtype}", (lambda d: lambda x: parts(matrix(x), d))(dtype), [spec], [(v,) for v in values])
        case(f"nnz{name}_{dtype}", lambda x: csr.sparse_matrix_nnz(matrix(x)), [spec], [(v,) for v in values])
        for conj in (False, True):
            case(f"transpose{name}_{conj:d}_{dtype}", (lambda d, c: lambda x: parts(csr.sparse_matrix_transpose(matrix(x), type=d, conjugate=c), d))(dtype, conj), [spec], [(values[0],)])
        case(f"components{name}_{dtype}", (lambda d: lambda x, i: list(csr.csr_sparse_matrix_components(matrix(x), i, type=d)))(dtype), [spec, "int32[]"], [(values[0], 0)] + ([(values[0], 1)] if name else []), errors=[(values[0], 2), (values[0], -1)])
        case(f"sparse_matmul{name}_{dtype}", (lambda d: lambda x, y: parts(csr.sparse_matrix_sparse_mat_mul(matrix(x), matrix(y), type=d), d))(dtype), [spec, spec], [(values[0], values[0])])
    for a in ("", "transpose", "adjoint") if dtype in ("float32", "complex64") else ():
        for b in ("", "transpose", "adjoint"):
            flags = {f"{k}_{n}": True for k, n in ((a, "a"), (b, "b")) if k}
            case(f"matmul_{a}_{b}_{dtype}", (lambda f: lambda x, y: csr.sparse_matrix_mat_mul(matrix(x), y, **f))(flags), [f"{dtype}[?,4]", f"{dtype}[4,4]"], [(full, rand(4, 4))])
            if dtype == "complex64":
                case(f"sparse_matmul_{a}_{b}_{dtype}", (lambda f, d: lambda x, y: parts(csr.sparse_matrix_sparse_mat_mul(matrix(x), matrix(y), type=d, **f), d))(flags, dtype), [f"{dtype}[?,4]", f"{dtype}[4,4]"], [(full, full[:, ::-1])])
    for t, c in ((True, False), (False, True), (True, True)):
        case(f"matmul_output_{t:d}{c:d}_{dtype}", (lambda t, c: lambda x, y: csr.sparse_matrix_mat_mul(matrix(x), y, transpose_output=t, conjugate_output=c))(t, c), [f"{dtype}[?,?]", f"{dtype}[?,?]"], [(full, rand(4, 2))])
    case(f"matmul_batch_{dtype}", lambda x, y: csr.sparse_matrix_mat_mul(matrix(x), y, adjoint_a=True), [f"{dtype}[?,?,?]", f"{dtype}[?,?,?]"], [(pair, rand(2, 4, 3))])

FLOATS = ["float32[?,?]", "float32[?,?]"]
case("matmul_errors", lambda x, y: csr.sparse_matrix_mat_mul(matrix(x), y), FLOATS, [(WIDE, rand(3, 1)), (WIDE, rand(3, 0))], errors=[(WIDE, rand(2, 3))])
case("sparse_matmul_errors", lambda x, y: csr.csr_sparse_matrix_to_dense(csr.sparse_matrix_sparse_mat_mul(matrix(x), matrix(y), type=tf.float32), type=tf.float32), FLOATS, [(WIDE, np.ones([3, 1]))], errors=[(WIDE, np.ones([2, 3]))])
case("sums_that_are_zero", lambda x, y: parts(csr.sparse_matrix_sparse_mat_mul(matrix(x), matrix(y), type=tf.float32), tf.float32), FLOATS, [([[1, 1]], [[1, 2], [-1, 3]])])
case("from_sparse", lambda i, v, s: csr.csr_sparse_matrix_to_dense(csr.sparse_tensor_to_csr_sparse_matrix(i, v, s), type=tf.float32), ["int64[?,2]", "float32[?]", "int64[2]"], [([[0, 1], [2, 0]], [1, 2], [3, 2]), (np.zeros([0, 2]), [], [2, 2])], errors=[([[0, 2]], [1], [3, 2]), ([[-1, 0]], [1], [3, 2]), ([[3, 0]], [1], [3, 2])])
case("from_sparse_batch", lambda i, v, s: csr.csr_sparse_matrix_to_dense(csr.sparse_tensor_to_csr_sparse_matrix(i, v, s), type=tf.float32), ["int64[?,3]", "float32[?]", "int64[3]"], [([[1, 0, 1], [1, 2, 0], [3, 1, 1]], [1, 2, 3], [4, 3, 2])])
case("from_dense_at", lambda x, i: csr.csr_sparse_matrix_to_dense(csr.dense_to_csr_sparse_matrix(x, i), type=tf.float32), ["float32[?,?]", "int64[?,2]"], [(WIDE, [[0, 0], [1, 1]])], errors=[(WIDE, [[0, 3]]), (WIDE, [[2, 0]])])
case("layer", lambda x: tf.nn.relu(csr.sparse_matrix_mat_mul(matrix(tf.constant(DENSE, tf.float32)), x, transpose_b=True) + 1.0), ["float32[?,4]"], [(rand(3, 4),)])
case("wrapped", lambda x, y: csr.matmul(csr.CSRSparseMatrix(x), y), FLOATS, [(WIDE, rand(3, 2))])
