"""Elementwise functions of one tensor."""

from cases import EDGES, FLOATS, INTS, case, nonzero, rand
from golden import tf

raw = tf.raw_ops


def unary(op):
    """A function of x by the op's name."""
    return lambda x: getattr(raw, op)(x=x)


ANY_SIGN = """Neg Abs Sign Square Exp Expm1 Sin Cos Tan Sinh Cosh Asinh Atan Floor Ceil Rint Round IsNan IsInf IsFinite
Reciprocal Inv""".split()
POSITIVE = "Sqrt Rsqrt Log Log1p Lgamma Digamma".split()
WITHIN_ONE = "Asin Acos Atanh Erfinv Ndtri".split()

for dtype in FLOATS:
    for op in ANY_SIGN:
        case(f"{op}_{dtype}", unary(op), [f"{dtype}[?,?]"], [(nonzero(2, 3),), (rand(0, 3),), (EDGES.reshape(-1, 1),)])
    for op in POSITIVE:
        positive = rand(2, 3, low=0.05, high=6)
        case(f"{op}_{dtype}", unary(op), [f"{dtype}[?,?]"], [(positive,), (EDGES.reshape(-1, 1),)])
    for op in WITHIN_ONE:
        low = 0.02 if op == "Ndtri" else -0.98
        case(
            f"{op}_{dtype}", unary(op), [f"{dtype}[?,?]"], [(rand(2, 3, low=low, high=0.98),), (EDGES.reshape(-1, 1),)]
        )
    case(f"Acosh_{dtype}", unary("Acosh"), [f"{dtype}[?]"], [(rand(5, low=1.01, high=9),), (EDGES,)])

# Halves round to even.
case("Round_halves", unary("Round"), ["float32[?]"], [([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997, 8388609.0],)])
case("Rint_halves", unary("Rint"), ["float32[?]"], [([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997],)])

for dtype in INTS:
    for op in ("Neg", "Abs", "Sign", "Square", "Round"):
        case(f"{op}_{dtype}", unary(op), [f"{dtype}[?,?]"], [(rand(2, 3),), (EDGES.reshape(-1, 1),)])
    case(f"Invert_{dtype}", unary("Invert"), [f"{dtype}[?]"], [(EDGES,)])

case("scalar", unary("Exp"), ["float32[]"], [(rand(),)])
case("unknown_rank", unary("Square"), ["float32[*]"], [(rand(),), (rand(3),), (rand(2, 1, 2),)])
case("Identity", lambda x: raw.Identity(input=x), ["float32[?]"], [(EDGES,)])
case("Snapshot", lambda x: raw.Snapshot(input=x), ["float32[?]"], [(EDGES,)])
case("StopGradient", lambda x: raw.StopGradient(input=x), ["float32[?]"], [(EDGES,)])
case("PreventGradient", lambda x: raw.PreventGradient(input=x), ["float32[?]"], [(EDGES,)])
case("EnsureShape", lambda x: tf.ensure_shape(x, [None, 3]), ["float32[?,?]"], [(rand(2, 3),)], errors=[(rand(2, 4),)])
case(
    "CheckNumerics", lambda x: tf.debugging.check_numerics(x, "bad x"), ["float32[?]"], [(rand(3),)], errors=[(EDGES,)]
)
case("Cumsum", lambda x: raw.Cumsum(x=x, axis=1), ["float32[?,?]"], [(rand(2, 4),), (rand(0, 4),)])
case(
    "Cumsum_exclusive_reverse",
    lambda x: raw.Cumsum(x=x, axis=-1, exclusive=True, reverse=True),
    ["int32[?,?]"],
    [(rand(2, 4),)],
)
case(
    "Cumsum_axis_given",
    lambda x, axis: raw.Cumsum(x=x, axis=axis),
    ["float32[?,?]", "int32[]"],
    [(rand(2, 4), 0), (rand(2, 4), -1)],
)
case("Cumprod", lambda x: raw.Cumprod(x=x, axis=0), ["float32[?,?]"], [(rand(3, 2),)])
case("ClipByValue", lambda x: tf.clip_by_value(x, -1.0, 2.0), ["float32[?]"], [(EDGES,)])
case(
    "ClipByValue_op",
    lambda x, low, high: raw.ClipByValue(t=x, clip_value_min=low, clip_value_max=high),
    ["float32[?]", "float32[]", "float32[]"],
    [(EDGES, -1.0, 2.0)],
)
case(
    "Betainc",
    lambda a, b, x: raw.Betainc(a=a, b=b, x=x),
    ["float32[?]"] * 3,
    [(rand(4, low=0.5, high=3), rand(4, low=0.5, high=3), rand(4, low=0, high=1))],
)
case(
    "Igamma",
    lambda a, x: raw.Igamma(a=a, x=x),
    ["float32[?]"] * 2,
    [(rand(4, low=0.5, high=3), rand(4, low=0.1, high=3))],
)
