"""Reductions: constant and given axes, negative axes, kept dimensions, empty inputs."""

from cases import EDGES, INTS, case, nonzero, rand
from golden import tf

raw = tf.raw_ops
NAN, INF = float("nan"), float("inf")


def reduce(op, axis, keep_dims=False):
    return lambda x: getattr(raw, op)(input=x, axis=axis, keep_dims=keep_dims)


def reduce_given(op, keep_dims=False):
    return lambda x, axis: getattr(raw, op)(input=x, axis=axis, keep_dims=keep_dims)


AXES = {"last": -1, "first": [0], "two": [0, -1], "all": [0, 1, 2], "none": []}
for op in ("Sum", "Mean", "Max", "Min", "Prod"):
    for name, axis in AXES.items():
        for keep in (False, True):
            title = f"{op}_{name}{'_kept' if keep else ''}"
            case(title, reduce(op, axis, keep), ["float32[?,?,?]"], [(rand(2, 3, 4),), (rand(3, 1, 2),)])
    for dtype in ("float64", *INTS):
        case(f"{op}_{dtype}", reduce(op, [0, -1]), [f"{dtype}[?,?,?]"], [(nonzero(2, 2, 3),), (rand(3, 1, 2),)])
    for dtype in INTS:
        case(
            f"{op}_axis_given_{dtype}",
            reduce_given(op, keep_dims=dtype == "int64"),
            ["float32[?,?,?]", f"{dtype}[?]"],
            [(rand(2, 3, 4), [1]), (rand(2, 3, 4), [-1, 0]), (rand(2, 3, 4), []), (rand(2, 3, 4), [0, 1, 2])],
            errors=[(rand(2, 3, 4), [3])],
        )
    case(f"{op}_empty", reduce(op, [0]), ["float32[?,3]"], [(rand(0, 3),)])
    rows = [(EDGES.reshape(1, -1),), ([[1.0, NAN]],), ([[-INF, -3.0]],)]
    case(f"{op}_edges", reduce(op, [1]), ["float32[1,?]"], rows)
    case(f"{op}_scalar", reduce(op, []), ["float32[]"], [(rand(),)])
    case(f"{op}_unknown_rank", reduce(op, [-1]), ["float32[*]"], [(rand(4),), (rand(2, 3),)])


def reduce_columns(op, axis, keep_dims=False):
    """Of large matrices, in a stack of one if `x` is a scalar."""

    def run(x):
        matrix = tf.reshape(tf.sin(tf.range(160.0 * 128.0)), [1, 160, 128]) * x
        return getattr(raw, op)(input=matrix, axis=axis, keep_dims=keep_dims)

    return run


for op in ("Sum", "Mean", "Max", "Min"):
    case(f"{op}_columns", reduce_columns(op, [1]), ["float32[]"], [(2.0,), (NAN,)])
    case(f"{op}_columns_kept", reduce_columns(op, [-2], keep_dims=True), ["float32[]"], [(-3.0,)])
STACK = ["float32[?,1,1]"]
for op in ("Sum", "Mean", "Max"):
    case(f"{op}_columns_of_many", reduce_columns(op, [1]), STACK, [([[[2.0]], [[NAN]]],), (rand(0, 1, 1),)])
case("Sum_columns_of_many_kept", reduce_columns("Sum", [-2], keep_dims=True), STACK, [([[[2.0]], [[-3.0]]],)])
case("Mean_int32_rounding", reduce("Mean", [0]), ["int32[?]"], [([1, 2, 2],), ([-1, -2, -2],)])
case("EuclideanNorm", reduce("EuclideanNorm", [-1]), ["float32[?,?]"], [(rand(2, 3),)])

for op in ("All", "Any"):
    for name, axis in AXES.items():
        case(f"{op}_{name}", reduce(op, axis, name == "two"), ["bool[?,?,?]"], [(rand(2, 3, 4),), (rand(2, 0, 2),)])
    case(f"{op}_axis_given", reduce_given(op), ["bool[?,?]", "int32[]"], [(rand(2, 3), 0), (rand(2, 3), -1)])

case("logsumexp", lambda x: tf.reduce_logsumexp(x, axis=-1), ["float32[?,?]"], [(rand(2, 4),), ([[1000.0, 1001.0]],)])
case("reduce_std", lambda x: tf.math.reduce_std(x, axis=0), ["float32[?,?]"], [(rand(4, 3),)])
case("reduce_variance", lambda x: tf.math.reduce_variance(x), ["float32[?,?]"], [(rand(4, 3),)])
case(
    "count_nonzero",
    lambda x: tf.math.count_nonzero(x, axis=-1),
    ["float32[?,?]"],
    [([[0.0, 1.0, -0.0], [2.0, 0.0, 3.0]],)],
)
case("norm", lambda x: tf.norm(x, axis=-1), ["float32[?,?]"], [(rand(2, 4),)])
