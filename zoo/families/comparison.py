"""Comparison, logic, selection and bits."""

from cases import EDGE_COLUMN, EDGE_ROW, EDGES, FLOATS, INTS, case, rand
from golden import tf

raw = tf.raw_ops


def binary(op):
    return lambda x, y: getattr(raw, op)(x=x, y=y)


ORDER = ("Less", "LessEqual", "Greater", "GreaterEqual")
SHAPES = [(rand(2, 3), rand(2, 3)), (rand(4, 1), rand(1, 3)), (rand(0, 3), rand(1, 3)), (EDGE_COLUMN, EDGE_ROW)]

for dtype in (*FLOATS, *INTS):
    for op in (*ORDER, "Equal", "NotEqual"):
        case(f"{op}_{dtype}", binary(op), [f"{dtype}[?,?]"] * 2, SHAPES)
for dtype in ("uint8", "int8", "int16"):
    case(f"Less_{dtype}", binary("Less"), [f"{dtype}[?,?]"] * 2, [(EDGE_COLUMN, EDGE_ROW)])
    case(f"Equal_{dtype}", binary("Equal"), [f"{dtype}[?,?]"] * 2, [(EDGE_COLUMN, EDGE_ROW)])
for dtype in ("bool", "string"):
    for op in ("Equal", "NotEqual"):
        case(f"{op}_{dtype}", binary(op), [f"{dtype}[?,?]"] * 2, [(rand(3, 4), rand(3, 4)), (rand(4, 1), rand(1, 3))])
case(
    "Equal_shapes_may_differ",
    lambda x, y: raw.Equal(x=x, y=y, incompatible_shape_error=False),
    ["float32[*]", "float32[*]"],
    [(rand(2, 3), rand(2, 3)), (rand(2, 3), rand(4, 5))],
)
case(
    "ApproximateEqual",
    lambda x, y: raw.ApproximateEqual(x=x, y=y, tolerance=0.1),
    ["float32[?]"] * 2,
    [([1.0, 2.0, 3.0], [1.05, 2.2, 3.0])],
)

for op in ("LogicalAnd", "LogicalOr"):
    case(
        op,
        binary(op),
        ["bool[?,?]"] * 2,
        [
            ([[True, True, False, False]], [[True, False, True, False]]),
            (rand(3, 1), rand(1, 4)),
            (rand(0, 2), rand(1, 2)),
        ],
    )
case("LogicalNot", lambda x: raw.LogicalNot(x=x), ["bool[?]"], [(rand(5),)])

for dtype in ("int32", "int64", "uint8"):
    for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        case(f"{op}_{dtype}", binary(op), [f"{dtype}[?,?]"] * 2, [(EDGE_COLUMN, EDGE_ROW)])
    for op in ("LeftShift", "RightShift"):
        case(f"{op}_{dtype}", binary(op), [f"{dtype}[?]"] * 2, [(rand(6), rand(6, low=0, high=7))])

select_v2 = lambda c, x, y: raw.SelectV2(condition=c, t=x, e=y)
select = lambda c, x, y: raw.Select(condition=c, x=x, y=y)
for dtype in (*FLOATS, *INTS, "bool", "string", "uint8"):
    specs = ["bool[?,?]", f"{dtype}[?,?]", f"{dtype}[?,?]"]
    inputs = [
        (rand(2, 3), rand(2, 3), rand(2, 3)),
        (rand(2, 1), rand(1, 3), rand(2, 3)),
        (rand(0, 3), rand(0, 3), rand(1, 3)),
    ]
    case(f"SelectV2_{dtype}", select_v2, specs, inputs)
    case(f"Select_{dtype}", select, specs, [inputs[0]])
case(
    "SelectV2_keeps_nan_out",
    select_v2,
    ["bool[?]", "float32[?]", "float32[]"],
    [([i % 2 == 0 for i in range(17)], EDGES, 0.0)],
)
case(
    "SelectV2_scalar_condition",
    select_v2,
    ["bool[]", "float32[?,2]", "float32[?,2]"],
    [(True, rand(3, 2), rand(3, 2)), (False, rand(3, 2), rand(3, 2))],
)
case(
    "Select_scalar_condition",
    select,
    ["bool[]", "float32[?,2]", "float32[?,2]"],
    [(True, rand(3, 2), rand(3, 2)), (False, rand(3, 2), rand(3, 2))],
)
# Select's vector condition picks whole rows; SelectV2 would broadcast it along the last axis.
case(
    "Select_rows",
    select,
    ["bool[?]", "float32[?,?]", "float32[?,?]"],
    [([True, False, True], rand(3, 2), rand(3, 2)), (rand(3), rand(3, 3), rand(3, 3))],
)
case(
    "Select_rows_rank_3",
    select,
    ["bool[?]", "float32[?,2,2]", "float32[?,2,2]"],
    [([True, False], rand(2, 2, 2), rand(2, 2, 2))],
)
case(
    "Where_indices",
    lambda c: raw.Where(condition=c),
    ["bool[?,?]"],
    [(rand(3, 4),), (rand(0, 4),), ([[False, False]],)],
)
case(
    "Where_indices_float32",
    lambda x: raw.Where(condition=x),
    ["float32[?,?]"],
    [([[0.0, -0.0, float("nan")], [1.0, 0.0, -2.0]],)],
)
case("Where_indices_rank_1", lambda c: raw.Where(condition=c), ["bool[?]"], [(rand(6),)])
case(
    "boolean_mask",
    lambda x, mask: tf.boolean_mask(x, mask),
    ["float32[?,2]", "bool[?]"],
    [(rand(4, 2), [True, False, True, True])],
)
