"""Diagonals and bands of matrices, and linear algebra."""

import numpy as np
from cases import FLOATS, INTS, case, rand
from golden import tf

raw = tf.raw_ops
F = "float32"

for dtype in (*FLOATS, "int32", "int64", "bool", "uint8", "complex64"):
    case(f"diag_{dtype}", lambda x: tf.linalg.diag(x), [f"{dtype}[?,?]"], [(rand(2, 3),), (rand(0, 3),)])
    case(f"diag_part_{dtype}", lambda x: tf.linalg.diag_part(x), [f"{dtype}[?,?,?]"], [(rand(2, 3, 4),), (rand(2, 4, 3),)])
    case(f"set_diag_{dtype}", lambda x, d: tf.linalg.set_diag(x, d), [f"{dtype}[?,?,?]", f"{dtype}[?,?]"], [(rand(2, 3, 4), rand(2, 3))])
    if dtype not in ("uint8",):
        case(f"MatrixBandPart_{dtype}", lambda x: raw.MatrixBandPart(input=x, num_lower=1, num_upper=0), [f"{dtype}[?,?,?]"], [(rand(2, 4, 3),), (rand(0, 3, 3),)])
    if dtype in (*FLOATS, *INTS, "complex64"):
        case(f"Diag_{dtype}", lambda x: raw.Diag(diagonal=x), [f"{dtype}[?]"], [(rand(3),)])
        case(f"DiagPart_{dtype}", lambda x: raw.DiagPart(input=x), [f"{dtype}[?,?]"], [(rand(3, 3),)])
case("Diag_matrix", lambda x: raw.Diag(diagonal=x), [f"{F}[?,2]"], [(rand(2, 2),)])
case("DiagPart_rank_4", lambda x: raw.DiagPart(input=x), [f"{F}[2,?,2,?]"], [(rand(2, 3, 2, 3),)])
for align in ("LEFT_LEFT", "LEFT_RIGHT", "RIGHT_LEFT", "RIGHT_RIGHT"):
    part = (lambda a: lambda x: tf.linalg.diag_part(x, k=(-1, 2), padding_value=9.0, align=a))(align)
    case(f"diag_part_band_{align}", part, [f"{F}[?,?,?]"], [(rand(2, 3, 5),)])
    made = (lambda a: lambda x: tf.linalg.diag(x, k=(-1, 1), padding_value=7.0, align=a))(align)
    case(f"diag_band_{align}", made, [f"{F}[?,3,?]"], [(rand(2, 3, 4),)])
    put = (lambda a: lambda x, d: tf.linalg.set_diag(x, d, k=(-1, 1), align=a))(align)
    case(f"set_diag_band_{align}", put, [f"{F}[*]", f"{F}[*]"], [(rand(2, 4, 4), rand(2, 3, 4))])
case("diag_sized", lambda x: tf.linalg.diag(x, k=-1, num_rows=4, num_cols=5, padding_value=1.0), [f"{F}[3]"], [(rand(3),)])
case("diag_off", lambda x: tf.linalg.diag(x, k=2), [f"{F}[?]"], [(rand(3),)])
case("diag_given", lambda x, k: raw.MatrixDiagV2(diagonal=x, k=k, num_rows=-1, num_cols=-1, padding_value=0.0), [f"{F}[?]", "int32[]"], [(rand(3), 1), (rand(3), 0)])
case("diag_part_off", lambda x: tf.linalg.diag_part(x, k=1), [f"{F}[?,?]"], [(rand(3, 4),)], errors=[(rand(2, 1),)])
case("MatrixDiagPart_v1", lambda x: raw.MatrixDiagPart(input=x), [f"{F}[?,?]"], [(rand(3, 4),)])
case("MatrixDiag_v1", lambda x: raw.MatrixDiag(diagonal=x), [f"{F}[?]"], [(rand(3),)])
case("MatrixSetDiag_v1", lambda x, d: raw.MatrixSetDiag(input=x, diagonal=d), [f"{F}[?,?]", f"{F}[?]"], [(rand(3, 4), rand(3))], errors=[(rand(3, 4), rand(2))])
case("eye_batch", lambda n: tf.eye(n, num_columns=2, batch_shape=[2], dtype=tf.int32), ["int32[]"], [(3,)])
case("causal_mask", lambda x: tf.linalg.band_part(tf.ones([tf.shape(x)[1], tf.shape(x)[1]]), -1, 0), [f"{F}[?,?]"], [(rand(2, 3),)])
for dtype in (*FLOATS, *INTS):
    case(f"Cross_{dtype}", lambda a, b: raw.Cross(a=a, b=b), [f"{dtype}[?,3]"] * 2, [(rand(2, 3), rand(2, 3))])
for dtype in (*FLOATS, *INTS, "float16", "complex64"):
    case(f"square_{dtype}", lambda x, d: [tf.linalg.diag_part(x), tf.linalg.set_diag(x, d)], [f"{dtype}[?,3,3]", f"{dtype}[?,3]"], [(rand(2, 3, 3), rand(2, 3)), (rand(0, 3, 3), rand(0, 3))])
case("square_special", lambda x: [tf.linalg.diag_part(x), tf.linalg.set_diag(x, tf.ones(2))], [f"{F}[2,2]"], [([[np.nan, np.inf], [-np.inf, 1.0]],)])
case("masked", lambda x: tf.linalg.set_diag(tf.fill([tf.shape(x)[0], tf.shape(x)[0]], -9.0), x), [f"{F}[?]"], [(rand(3),), (rand(0),)])
case("trace", lambda x: tf.linalg.trace(x), [f"{F}[?,?,?]"], [(rand(2, 3, 3),)])


def symmetric(x):
    return tf.matmul(x, x, transpose_b=True) + 3.0 * tf.eye(tf.shape(x)[-1], dtype=x.dtype)


for dtype in FLOATS:
    stack = f"{dtype}[?,?,?]"
    case(f"Cholesky_{dtype}", lambda x: raw.Cholesky(input=symmetric(x)), [stack], [(rand(2, 4, 4),), (rand(0, 3, 3),)])
    case(f"MatrixInverse_{dtype}", lambda x: raw.MatrixInverse(input=x, adjoint=True), [stack], [(rand(2, 3, 3),)], errors=[(np.zeros((1, 2, 2)),)])
    case(f"LogMatrixDeterminant_{dtype}", lambda x: list(raw.LogMatrixDeterminant(input=x)), [stack], [(rand(2, 3, 3),)])
    case(f"MatrixDeterminant_{dtype}", lambda x: raw.MatrixDeterminant(input=x), [stack], [(rand(2, 4, 4),), (rand(1, 1, 1),)])
    case(f"MatrixSolve_{dtype}", lambda a, b: raw.MatrixSolve(matrix=a, rhs=b, adjoint=True), [stack, stack], [(rand(2, 3, 3), rand(2, 3, 2))])
    triangle = lambda lower, adjoint: lambda a, b: raw.MatrixTriangularSolve(matrix=symmetric(a), rhs=b, lower=lower, adjoint=adjoint)  # noqa: E731
    for lower in (False, True):
        for adjoint in (False, True):
            case(f"MatrixTriangularSolve{'_lower' if lower else ''}{'_adjoint' if adjoint else ''}_{dtype}", triangle(lower, adjoint), [stack, stack], [(rand(2, 3, 3), rand(2, 3, 2)), (rand(1, 3, 3), rand(2, 3, 1))])
    case(f"Qr_{dtype}", lambda x: list(raw.Qr(input=x)), [stack], [(rand(2, 4, 3),), (rand(1, 2, 4),)])
    case(f"Qr_full_{dtype}", lambda x: list(raw.Qr(input=x, full_matrices=True)), [stack], [(rand(2, 4, 3),)])
    case(f"Svd_values_{dtype}", lambda x: raw.Svd(input=x, compute_uv=False).s, [stack], [(rand(2, 4, 3),), (rand(1, 2, 5),)])
    again = lambda full: lambda x: (lambda s, u, v: tf.matmul(u[..., :2] * s[..., None, :], v[..., :2], transpose_b=True))(*raw.Svd(input=x, full_matrices=full))  # noqa: E731
    for full in (False, True):
        case(f"Svd_again{'_full' if full else ''}_{dtype}", again(full), [f"{dtype}[?,?,2]"], [(rand(2, 4, 2),)])
    case(f"eigvalsh_{dtype}", lambda x: tf.linalg.eigvalsh(symmetric(x)), [stack], [(rand(2, 4, 4),)])
    def rebuilt(x):
        e, v = tf.linalg.eigh(symmetric(x))
        return tf.matmul(v * e[..., None, :], v, transpose_b=True)
    case(f"eigh_again_{dtype}", rebuilt, [stack], [(rand(2, 4, 4),)])
    case(f"Lu_{dtype}", lambda x: list(raw.Lu(input=x)), [stack], [(rand(2, 3, 3),)])
    case(f"lstsq_{dtype}", lambda a, b: tf.linalg.lstsq(a, b), [stack, stack], [(rand(1, 4, 2), rand(1, 4, 1))])
    case(f"cholesky_solve_{dtype}", lambda a, b: tf.linalg.cholesky_solve(tf.linalg.cholesky(symmetric(a)), b), [stack, stack], [(rand(1, 3, 3), rand(1, 3, 2))])
