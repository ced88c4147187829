"""Factorizations, solvers and functions of matrices, real and complex.

Where a factorization is unique up to signs or phases only, what it gives is put together again in the graph.
"""

from cases import case, rand
from golden import tf

raw = tf.raw_ops
REALS = ("float32", "float64")
COMPLEX = ("complex64", "complex128")
SIZE = {"complex64": "float32", "complex128": "float64"}


def positive(x):
    """A positive definite matrix of any."""
    return tf.matmul(x, x, adjoint_b=True) + 3 * tf.eye(3, dtype=x.dtype)


def far_from_singular(x):
    return x + 8 * tf.eye(3, dtype=x.dtype)


def diagonal_sizes(x):
    return tf.abs(tf.linalg.diag_part(x))


def svd(x):
    s, u, v = tf.linalg.svd(x)
    return {"s": s, "x": tf.matmul(u * tf.cast(s, x.dtype)[..., None, :], v, adjoint_b=True)}


def svd_full(x):
    s, u, v = tf.linalg.svd(x, full_matrices=True)
    return {"s": s, "u": tf.matmul(u, u, adjoint_b=True), "v": tf.matmul(v, v, adjoint_b=True)}


def eig(x):
    e, v = tf.linalg.eig(x)
    c = tf.cast(x, v.dtype)
    return {"error": tf.abs(tf.matmul(c, v) - v * e[..., None, :]) + 1, "sizes": tf.norm(v, axis=-2), "sum": tf.reduce_sum(e, -1)}


def eigh(x):
    e, v = tf.linalg.eigh(x)
    return {"e": e, "x": tf.matmul(v * e[..., None, :], v, adjoint_b=True)}


def qr(x):
    q, r = tf.linalg.qr(x)
    return {"x": tf.matmul(q, r), "q": tf.matmul(q, q, adjoint_a=True), "r": tf.abs(r)}


def qr_full(x):
    q, r = tf.linalg.qr(x, full_matrices=True)
    return {"x": tf.matmul(q, r), "r": tf.abs(r)}


for dtype in COMPLEX:
    stack, two = [f"{dtype}[?,3,3]"], [f"{dtype}[?,3,3]", f"{dtype}[?,3,?]"]
    any_shape = [f"{dtype}[?,?,?]"]
    case(f"cholesky_{dtype}", lambda x: tf.linalg.cholesky(positive(x)), stack, [(rand(2, 3, 3),)])
    case(f"inverse_{dtype}", lambda x: [tf.linalg.inv(x), tf.linalg.inv(x, adjoint=True)], stack, [(rand(2, 3, 3),)], errors=[([[[1, 2, 3], [2, 4, 6], [1j, 0, 1]]],)])
    case(f"determinant_{dtype}", lambda x: [tf.linalg.det(x), *tf.linalg.slogdet(x)], stack, [(rand(2, 3, 3),)])
    case(f"solve_{dtype}", lambda a, b: [tf.linalg.solve(a, b), tf.linalg.solve(a, b, adjoint=True)], two, [(rand(2, 3, 3), rand(2, 3, 2))])
    case(f"triangular_solve_{dtype}", lambda a, b: [tf.linalg.triangular_solve(far_from_singular(a), b, lower=low, adjoint=adj) for low in (True, False) for adj in (True, False)], two, [(rand(2, 3, 3), rand(2, 3, 2))])
    case(f"lu_{dtype}", lambda x: tf.linalg.lu(x), stack, [(rand(2, 3, 3),)])
    case(f"qr_{dtype}", qr, any_shape, [(rand(2, 3, 3),), (rand(1, 4, 2),), (rand(1, 2, 4),)])
    case(f"qr_full_{dtype}", qr_full, any_shape, [(rand(1, 4, 2),)])
    case(f"svd_{dtype}", svd, any_shape, [(rand(2, 3, 3),), (rand(1, 4, 2),), (rand(1, 2, 4),)])
    case(f"svd_full_{dtype}", svd_full, any_shape, [(rand(1, 4, 2),)])
    case(f"eigh_{dtype}", lambda x: eigh(x + tf.linalg.adjoint(x)), stack, [(rand(2, 3, 3),)])
    case(f"eigvalsh_{dtype}", lambda x: tf.linalg.eigvalsh(x + tf.linalg.adjoint(x)), stack, [(rand(2, 3, 3),)])
    case(f"logm_{dtype}", lambda x: tf.linalg.logm(far_from_singular(x)), stack, [(rand(2, 3, 3),), (rand(0, 3, 3),)])
    case(f"logm_identity_{dtype}", lambda x: tf.linalg.logm(x), [f"{dtype}[?,?]"], [([[1, 0], [0, 1]],), ([[2]],), ([[1, 1], [0, 1]],), ([[0, -1], [1, 0]],)])

for dtype in REALS + COMPLEX:
    if dtype in ("float32", "complex128"):
        case(f"expm_{dtype}", lambda x: tf.linalg.expm(x / 4), [f"{dtype}[?,3,3]"], [(rand(2, 3, 3),)])
    stack = [f"{dtype}[?,3,3]"]
    case(f"sqrtm_{dtype}", lambda x: tf.linalg.sqrtm(positive(x)), stack, [(rand(2, 3, 3),)])
    case(f"eig_{dtype}", eig, [f"{dtype}[?,?,?]"], [(rand(2, 4, 4),), (rand(1, 1, 1),), (rand(3, 2, 2),), (rand(1, 7, 7),)])
    case(f"eigvals_{dtype}", lambda x: tf.sort(tf.abs(tf.linalg.eigvals(x)), -1), [f"{dtype}[?,?,?]"], [(rand(2, 4, 4),)])
    case(f"lstsq_{dtype}", (lambda cost: lambda a, b: tf.linalg.lstsq(a, b, l2_regularizer=cost))(0.0 if dtype == "complex128" else 0.25), [f"{dtype}[?,?,?]"] * 2, [(rand(2, 4, 3), rand(2, 4, 2)), (rand(1, 2, 3), rand(1, 2, 2))])
    case(f"lstsq_slow_{dtype}", lambda a, b: tf.linalg.lstsq(a, b, fast=False), [f"{dtype}[?,?,?]"] * 2, [(rand(2, 4, 3), rand(2, 4, 2)), (rand(1, 2, 3), rand(1, 2, 2))] if dtype in REALS else [(rand(2, 4, 3), rand(2, 4, 2))])
    case(f"tridiagonal_solve_{dtype}", lambda d, b: tf.linalg.tridiagonal_solve(d, b), [f"{dtype}[?,3,?]", f"{dtype}[?,?,?]"], [(rand(2, 3, 5), rand(2, 5, 2)), (rand(1, 3, 1), rand(1, 1, 1)), (rand(1, 3, 2), rand(1, 2, 1))])
    case(f"tridiagonal_solve_plain_{dtype}", lambda d, b: tf.linalg.tridiagonal_solve(d, b, partial_pivoting=False), [f"{dtype}[?,3,?]", f"{dtype}[?,?,?]"], [(rand(2, 3, 4), rand(2, 4, 2))])
    case(f"tridiagonal_matmul_{dtype}", lambda d, x: tf.linalg.tridiagonal_matmul(d, x), [f"{dtype}[?,3,?]", f"{dtype}[?,?,?]"], [(rand(2, 3, 4), rand(2, 4, 2)), (rand(1, 3, 1), rand(1, 1, 3))])
    case(
        f"banded_triangular_solve_{dtype}",
        lambda a, b: [tf.linalg.banded_triangular_solve(a, b, lower=low, adjoint=adj) for low in (True, False) for adj in (True, False)],
        [f"{dtype}[?,?,?]"] * 2,
        [(rand(2, 2, 4), rand(2, 4, 2)), (rand(1, 1, 3), rand(1, 3, 1)), (rand(1, 3, 3), rand(1, 3, 1))],
    )
