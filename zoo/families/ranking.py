"""Order: arg max, top k, sorting; and counts and sums by segment."""

import numpy as np
from cases import FLOATS, INTS, case, rand
from golden import tf

raw = tf.raw_ops
CENTERS = np.random.RandomState(3).rand(6, 3)


def arg(op, axis, output=tf.int64):
    return lambda x: getattr(raw, op)(input=x, dimension=axis, output_type=output)


def arg_given(op):
    return lambda x, axis: getattr(raw, op)(input=x, dimension=axis)


for op in ("ArgMax", "ArgMin"):
    for dtype in (*FLOATS, *INTS, "uint8"):
        case(f"{op}_{dtype}", arg(op, -1), [f"{dtype}[?,?]"], [(rand(3, 5),), (rand(1, 1),)])
    case(f"{op}_axis_0", arg(op, 0), ["float32[?,?]"], [(rand(3, 5),)])
    case(f"{op}_to_int32", arg(op, 1, tf.int32), ["float32[?,?,?]"], [(rand(2, 3, 4),)])
    case(f"{op}_rank_1", arg(op, 0), ["float32[?]"], [(rand(5),)])
    # The first of equals wins.
    case(f"{op}_ties", arg(op, -1), ["float32[?,?]"], [([[1.0, 3.0, 3.0, 1.0], [2.0, 2.0, 2.0, 2.0]],)])
    case(f"{op}_axis_given", arg_given(op), ["float32[?,?]", "int32[]"], [(rand(2, 3), 0), (rand(2, 3), -1)])

case(
    "TopKV2",
    lambda x: list(raw.TopKV2(input=x, k=3)),
    ["float32[?,?]"],
    [(rand(2, 5),), ([[1.0, 2.0, 2.0, 1.0, 2.0]],)],
)
case(
    "TopKV2_given",
    lambda x, k: list(raw.TopKV2(input=x, k=k)),
    ["float32[?,?]", "int32[]"],
    [(rand(2, 5), 1), (rand(2, 5), 5), (rand(2, 5), 0)],
    errors=[(rand(2, 5), 6)],
)
case("TopKV2_int32", lambda x: list(raw.TopKV2(input=x, k=2)), ["int32[?,?]"], [([[3, 9, 1, 9]],)])
case("argsort", lambda x: tf.argsort(x, axis=-1, stable=True), ["float32[?,?]"], [(rand(2, 5),)])
case("sort_descending", lambda x: tf.sort(x, direction="DESCENDING"), ["float32[?,?]"], [(rand(2, 5),)])
case(
    "InTopKV2",
    lambda predictions, targets: raw.InTopKV2(predictions=predictions, targets=targets, k=2),
    ["float32[?,?]", "int32[?]"],
    [(rand(3, 4), [0, 1, 3])],
)
case(
    "segment_sum",
    lambda x, ids: tf.math.segment_sum(x, ids),
    ["float32[?,2]", "int32[?]"],
    [(rand(4, 2), [0, 0, 1, 3])],
)
case(
    "unsorted_segment_sum",
    lambda x, ids: tf.math.unsorted_segment_sum(x, ids, 4),
    ["float32[?,2]", "int32[?]"],
    [(rand(4, 2), [2, 0, 2, -1])],
)
case(
    "unsorted_segment_max",
    lambda x, ids: tf.math.unsorted_segment_max(x, ids, 3),
    ["float32[?,2]", "int32[?]"],
    [(rand(4, 2), [2, 0, 2, 0])],
)
case("Bincount", lambda x: tf.math.bincount(x, minlength=4, maxlength=6), ["int32[?]"], [([0, 1, 1, 5, 9],)])
case(
    "NearestNeighbors",
    lambda points, centers: list(raw.NearestNeighbors(points=points, centers=centers, k=2)),
    ["float32[?,?]", "float32[?,?]"],
    [(rand(5, 3), rand(4, 3)), (rand(1, 2), rand(1, 2)), ([[0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]])],
    errors=[(np.zeros([0, 3]), rand(2, 3))],
)
case(
    "NearestNeighbors_given",
    lambda points, k: list(raw.NearestNeighbors(points=points, centers=tf.constant(CENTERS, tf.float32), k=k)),
    ["float32[?,3]", "int64[]"],
    [(rand(4, 3), 1), (rand(4, 3), 0), (rand(4, 3), 99)],
)
