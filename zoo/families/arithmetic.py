"""Binary arithmetic with broadcasting, and sums of several tensors."""

from cases import EDGE_COLUMN, EDGE_ROW, FLOATS, INTS, case, nonzero, rand
from golden import tf

raw = tf.raw_ops


def binary(op):
    """A function of x and y by the op's name."""
    return lambda x, y: getattr(raw, op)(x=x, y=y)


def shapes(second):
    """Same shape, broadcasting both ways, empty batch, one element."""
    return [
        (rand(2, 3), second(2, 3)),
        (rand(4, 1), second(1, 3)),
        (rand(1, 1), second(2, 3)),
        (rand(0, 3), second(1, 3)),
    ]


EDGE = (EDGE_COLUMN, EDGE_ROW)

for dtype in FLOATS:
    specs = [f"{dtype}[?,?]"] * 2
    for op in ("AddV2", "Add", "Sub", "Mul", "RealDiv", "Div", "SquaredDifference"):
        case(f"{op}_{dtype}", binary(op), specs, [*shapes(rand), EDGE])
    for op in ("FloorDiv", "FloorMod", "Mod", "TruncateMod"):
        case(f"{op}_{dtype}", binary(op), specs, [*shapes(nonzero), EDGE])
    for op in ("Maximum", "Minimum"):
        case(f"{op}_{dtype}", binary(op), specs, [*shapes(rand), EDGE])
    positive = lambda *shape: rand(*shape, low=0.1, high=4)
    case(f"Pow_{dtype}", binary("Pow"), specs, [(positive(2, 3), rand(2, 3)), (positive(4, 1), rand(1, 3)), EDGE])
    for op in ("DivNoNan", "MulNoNan", "Atan2"):
        case(f"{op}_{dtype}", binary(op), specs, [*shapes(rand), EDGE])
    for op in ("Xdivy", "Xlogy"):
        case(f"{op}_{dtype}", binary(op), specs, [(rand(2, 3), positive(2, 3)), EDGE])

for dtype in INTS:
    specs = [f"{dtype}[?,?]"] * 2
    for op in ("AddV2", "Add", "Sub", "Mul", "SquaredDifference", "Maximum", "Minimum"):
        case(f"{op}_{dtype}", binary(op), specs, [*shapes(rand), EDGE])
    for op in ("FloorDiv", "FloorMod", "Mod", "TruncateMod", "Div", "TruncateDiv"):
        # Floor and truncation differ for one negative side; every pair of signs is here.
        signs = ([[7, -7, 8, -8, 0, 1, -1]], [[2], [-2], [3], [-3]])
        by_zero = [([[1, 2]], [[1, 0]])]
        case(f"{op}_{dtype}", binary(op), specs, [*shapes(nonzero), signs], errors=by_zero)
    power = rand(2, 3, low=0, high=5)
    case(f"Pow_{dtype}", binary("Pow"), specs, [(rand(2, 3), power)], errors=[([[2, 3]], [[1, -1]])])

# Shapes as models have them: bias rows, scalars, constants on one side, unknown rank.
F = "float32"
case("add_row", binary("AddV2"), [f"{F}[?,3]", f"{F}[3]"], [(rand(2, 3), rand(3)), (rand(0, 3), rand(3))])
case("add_scalar", binary("AddV2"), [f"{F}[?,?]", f"{F}[]"], [(rand(2, 3), rand()), (rand(3, 0), rand())])
case("scalar_minus", binary("Sub"), [f"{F}[]", f"{F}[?,3]"], [(rand(), rand(2, 3))])
case("scalars", binary("Mul"), [f"{F}[]", f"{F}[]"], [(rand(), rand())])
case(
    "unknown_rank",
    binary("AddV2"),
    [f"{F}[*]", f"{F}[*]"],
    [(rand(2, 3), rand(3)), (rand(), rand(2, 1, 2)), (rand(2, 1, 3), rand(4, 1))],
)
case(
    "rank_4_by_2",
    binary("Mul"),
    [f"{F}[?,?,?,4]", f"{F}[?,4]"],
    [(rand(2, 3, 5, 4), rand(5, 4)), (rand(1, 3, 5, 4), rand(1, 4))],
    errors=[(rand(2, 3, 5, 4), rand(3, 4))],
)
case("constant_right", lambda x: x * 2.5 - 1.0, [f"{F}[?,3]"], [(rand(2, 3),), (rand(0, 3),)])
case("constant_left", lambda x: 1.0 / (2.0 - x), [f"{F}[?,3]"], [(rand(2, 3, low=3, high=5),)])
case("same_input_twice", lambda x: raw.AddV2(x=x, y=x), [f"{F}[?]"], [(rand(3),)])

for dtype in (*FLOATS, *INTS):
    add = lambda a, b, c: raw.AddN(inputs=[a, b, c])
    case(f"AddN_{dtype}", add, [f"{dtype}[?,2]"] * 3, [(rand(3, 2),) * 3, (rand(0, 2),) * 3])
    bias = lambda value, bias: raw.BiasAdd(value=value, bias=bias)
    case(f"BiasAdd_{dtype}", bias, [f"{dtype}[?,?,3]", f"{dtype}[3]"], [(rand(2, 4, 3), rand(3))])
case("AddN_of_one", lambda a: raw.AddN(inputs=[a]), [f"{F}[?]"], [(rand(3),)])
case(
    "BiasAdd_NCHW",
    lambda value, bias: raw.BiasAdd(value=value, bias=bias, data_format="NCHW"),
    [f"{F}[?,3,?,?]", f"{F}[3]"],
    [(rand(2, 3, 2, 4), rand(3))],
)
case(
    "BiasAddV1",
    lambda value, bias: raw.BiasAddV1(value=value, bias=bias),
    [f"{F}[?,3]", f"{F}[3]"],
    [(rand(2, 3), rand(3))],
)

# Narrow and unsigned types wrap around.
for dtype in ("uint8", "int8", "int16", "uint16"):
    specs = [f"{dtype}[?,?]"] * 2
    for op in ("AddV2", "Mul"):
        case(f"{op}_{dtype}", binary(op), specs, [EDGE, (rand(2, 3), rand(2, 3))])
for dtype in ("float16", "bfloat16"):
    specs = [f"{dtype}[?,?]"] * 2
    for op in ("AddV2", "Sub", "Mul", "RealDiv", "Maximum"):
        case(f"{op}_{dtype}", binary(op), specs, [(rand(2, 3), nonzero(2, 3)), (rand(4, 1), nonzero(1, 3))])

# Divisions of sizes and of constants round down too.
sizes = lambda x: [-(-tf.shape(x)[0] // 2), -tf.shape(x)[1] // 3, tf.shape(x)[1] // -2, tf.constant([-7, 7]) // 2, -tf.shape(x) % 3]  # noqa: E731
case("floor_of_sizes", lambda x: sizes(x), [f"{F}[?,?]"], [(rand(5, 7),), (rand(4, 6),), (rand(0, 1),)])
