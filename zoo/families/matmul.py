"""Matrix products."""

from cases import FLOATS, INTS, case, rand, variable
from golden import tf

raw = tf.raw_ops


def matmul(ta, tb):
    return lambda a, b: raw.MatMul(a=a, b=b, transpose_a=ta, transpose_b=tb)


def batch_matmul(op, adj_x, adj_y):
    return lambda x, y: getattr(raw, op)(x=x, y=y, adj_x=adj_x, adj_y=adj_y)


FLAGS = [(False, False), (True, False), (False, True), (True, True)]


def suffix(first, second):
    return ("_left" if first else "") + ("_right" if second else "")


for ta, tb in FLAGS:
    a, b = rand(4, 2) if ta else rand(2, 4), rand(3, 4) if tb else rand(4, 3)
    for dtype in (*FLOATS, "int32"):
        case(f"MatMul_{dtype}{suffix(ta, tb)}", matmul(ta, tb), [f"{dtype}[?,?]"] * 2, [(a, b)])
    x, y = (rand(2, 3, 5, 2) if ta else rand(2, 3, 2, 5)), (rand(2, 3, 4, 5) if tb else rand(2, 3, 5, 4))
    case(f"BatchMatMulV2{suffix(ta, tb)}", batch_matmul("BatchMatMulV2", ta, tb), ["float32[?,?,?,?]"] * 2, [(x, y)])
    case(f"BatchMatMul{suffix(ta, tb)}", batch_matmul("BatchMatMul", ta, tb), ["float32[?,3,?,?]"] * 2, [(x, y)])

plain, batched = matmul(False, False), batch_matmul("BatchMatMulV2", False, False)
case(
    "MatMul_empty",
    plain,
    ["float32[?,?]"] * 2,
    [(rand(0, 4), rand(4, 3)), (rand(2, 0), rand(0, 3)), (rand(2, 4), rand(4, 0))],
    errors=[(rand(2, 4), rand(3, 2))],
)
case("MatMul_int64", plain, ["int64[?,?]"] * 2, [(rand(2, 3), rand(3, 4))])
case(
    "BatchMatMulV2_broadcast",
    batched,
    ["float32[?,?,?,?]", "float32[?,?,?]"],
    [(rand(2, 3, 2, 5), rand(1, 5, 4)), (rand(2, 3, 2, 5), rand(3, 5, 4)), (rand(2, 1, 2, 5), rand(3, 5, 4))],
)
case(
    "BatchMatMulV2_rank_3_by_2",
    batched,
    ["float32[?,?,4]", "float32[4,3]"],
    [(rand(2, 5, 4), rand(4, 3)), (rand(0, 5, 4), rand(4, 3))],
)
case(
    "BatchMatMulV3",
    lambda x, y: raw.BatchMatMulV3(x=x, y=y, Tout=tf.float32),
    ["float32[?,?,?]"] * 2,
    [(rand(2, 3, 4), rand(2, 4, 2))],
)
case("BatchMatMulV2_float64", batched, ["float64[?,?,?]"] * 2, [(rand(2, 3, 4), rand(2, 4, 2))])
case("matvec", lambda a, x: tf.linalg.matvec(a, x), ["float32[?,?]", "float32[?]"], [(rand(3, 4), rand(4))])
case(
    "tensordot",
    lambda a, b: tf.tensordot(a, b, axes=1),
    ["float32[?,?,4]", "float32[4,3]"],
    [(rand(2, 5, 4), rand(4, 3))],
)
case(
    "tensordot_two_axes",
    lambda a, b: tf.tensordot(a, b, axes=[[1, 2], [0, 1]]),
    ["float32[?,3,4]", "float32[3,4,2]"],
    [(rand(2, 3, 4), rand(3, 4, 2))],
)
case("MatrixDiag", lambda x: tf.linalg.diag(x), ["float32[?,?]"], [(rand(2, 3),)])
case("MatrixDiagPart", lambda x: tf.linalg.diag_part(x), ["float32[?,?,?]"], [(rand(2, 3, 4),)])
case(
    "MatrixBandPart",
    lambda x: raw.MatrixBandPart(input=x, num_lower=-1, num_upper=0),
    ["float32[?,?]"],
    [(rand(4, 4),), (rand(3, 5),)],
)
case(
    "MatrixBandPart_given",
    lambda x, lower, upper: raw.MatrixBandPart(input=x, num_lower=lower, num_upper=upper),
    ["float32[?,?,?]", "int64[]", "int64[]"],
    [(rand(2, 4, 5), 1, 2), (rand(2, 4, 5), 0, -1)],
)
case("L2Loss", lambda x: raw.L2Loss(t=x), ["float32[?,?]"], [(rand(2, 3),)])
case("cross", lambda a, b: tf.linalg.cross(a, b), ["float32[?,3]"] * 2, [(rand(2, 3), rand(2, 3))])

# Dense layers: weights are variables.
kernel, bias = variable(rand(4, 3)), variable(rand(3))
kernel_f64 = variable(rand(3, 4), "float64")
case(
    "dense",
    lambda x: tf.nn.bias_add(tf.matmul(x, kernel), bias),
    ["float32[?,4]"],
    [(rand(2, 4),), (rand(0, 4),), (rand(7, 4),)],
)
case("dense_relu", lambda x: tf.nn.relu(tf.matmul(x, kernel) + bias), ["float32[?,4]"], [(rand(2, 4),)])
case("dense_float64", lambda x: tf.matmul(x, kernel_f64, transpose_b=True), ["float64[?,4]"], [(rand(2, 4),)])

for dtype in INTS:
    case(f"BatchMatMulV2_{dtype}", batched, [f"{dtype}[?,?,?]"] * 2, [(rand(2, 3, 4), rand(2, 4, 2))])
for dtype, other in (("int8", "int8"), ("uint8", "int8")):
    case(
        f"BatchMatMulV3_{dtype}_{other}_to_int32",
        lambda x, y: raw.BatchMatMulV3(x=x, y=y, Tout=tf.int32),
        [f"{dtype}[?,?]", f"{other}[?,?]"],
        [([[100, 101, 102], [7, 8, 9]], [[120, -3], [121, 4], [-122, 5]])],
    )
case(
    "argmax_of_product",
    lambda x, y: tf.argmax(x @ y, -1),
    ["float32[?,4]", "float32[4,3]"],
    [(rand(2, 4), rand(4, 3)), (rand(0, 4), rand(4, 3))],
)
