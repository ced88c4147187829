"""Orders and Cholesky factors of sparse matrices."""

import numpy as np
from cases import case
from golden import tf
from tensorflow.python.ops.linalg.sparse import sparse_csr_matrix_ops as csr

WIDE = np.array([[1.0, 0, 2], [0, 0, -3]])


def matrix(x):
    return csr.dense_to_csr_sparse_matrix(x, tf.where(tf.not_equal(x, 0)))


def parts(m, dtype):
    i, v, s = csr.csr_sparse_matrix_to_sparse_tensor(m, type=dtype)
    return {"indices": i, "values": v, "shape": s}


def definite(size, dtype, density, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(size, size)) * (rng.random((size, size)) < density)
    if dtype.startswith("complex"):
        x = x + 1j * rng.normal(size=(size, size)) * (x != 0)
    return x @ x.conj().T + np.eye(size)


def cholesky(x, dtype):
    m = matrix(x)
    order = csr.sparse_matrix_ordering_amd(m)
    factor = csr.sparse_matrix_sparse_cholesky(m, order, type=dtype)
    return {"order": order, **parts(factor, dtype), "natural": csr.csr_sparse_matrix_to_dense(csr.sparse_matrix_sparse_cholesky(m, tf.range(tf.shape(x)[0]), type=dtype), type=dtype)}


for dtype in ("float32", "float64", "complex64", "complex128"):
    case(f"cholesky_{dtype}", (lambda d: lambda x: cholesky(x, d))(dtype), [f"{dtype}[?,?]"], [(definite(n, dtype, p, n),) for n, p in ((1, 1.0), (2, 0.5), (5, 0.2), (9, 0.15))])
case("cholesky_batch", lambda x: csr.csr_sparse_matrix_to_dense(csr.sparse_matrix_sparse_cholesky(matrix(x), csr.sparse_matrix_ordering_amd(matrix(x)), type=tf.float64), type=tf.float64), ["float64[?,?,?]"], [(np.stack([definite(6, "float64", 0.2, s) for s in range(3)]),)])
case("cholesky_errors", lambda x, p: csr.csr_sparse_matrix_to_dense(csr.sparse_matrix_sparse_cholesky(matrix(x), p, type=tf.float32), type=tf.float32), ["float32[?,?]", "int32[?]"], [([[4, 0], [2, 5]], [1, 0])], errors=[([[1, 2], [2, 1]], [0, 1]), (WIDE, [0, 1]), ([[4, 2], [2, 5]], [0, 1, 2])])


def pattern(size, count, seed, diagonal=True):
    rng = np.random.default_rng(seed)
    x = np.zeros([size, size])
    x[rng.integers(0, size, count), rng.integers(0, size, count)] = 1
    return np.minimum(x + x.T + (np.eye(size) if diagonal else 0), 1)


grid = np.zeros([36, 36])
for r in range(6):
    for c in range(6):
        for dr, dc in ((0, 0), (0, 1), (1, 0)):
            if r + dr < 6 and c + dc < 6:
                grid[6 * r + c, 6 * (r + dr) + c + dc] = grid[6 * (r + dr) + c + dc, 6 * r + c] = 1
ORDERED = [pattern(n, k, n * 31 + k) for n, k in ((3, 2), (6, 5), (10, 10), (17, 20), (24, 30), (30, 25), (40, 60), (40, 100), (50, 40), (60, 90))]
case("ordering", lambda x: csr.sparse_matrix_ordering_amd(matrix(x)), ["float32[?,?]"], [(x,) for x in [*ORDERED, grid, pattern(12, 10, 5, False), pattern(20, 200, 6), np.tril(pattern(9, 9, 3)), np.eye(4), np.zeros([3, 3]), np.ones([5, 5])]], errors=[(WIDE,)])
