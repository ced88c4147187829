"""Functions beyond the elementary ones: error functions, gamma and beta functions, Bessel functions."""

from cases import EDGE_COLUMN, EDGE_ROW, EDGES, FLOATS, case, rand
from golden import tf

raw = tf.raw_ops


def unary(op):
    return lambda x: getattr(raw, op)(x=x)


def within(*values):
    """Values of one input, as a vector."""
    return ([*values],)


TAILS = within(-6.0, -3.0, -1.5, -0.3, 0.0, 0.3, 0.9, 1.1, 2.0, 3.0, 4.5, 6.0, 8.0, 9.0)
PROBABILITIES = within(1e-30, 1e-12, 1e-5, 0.01, 0.1, 0.3, 0.5, 0.7, 0.975, 0.99999, 0.0, 1.0)
POSITIVE = within(1e-3, 0.1, 0.5, 1.0, 1.5, 2.0, 3.7, 10.0, 27.0, 50.0)

for dtype in FLOATS:
    vector = [f"{dtype}[?]"]
    for op in ("Erf", "Erfc"):
        case(f"{op}_{dtype}", unary(op), vector, [TAILS])
    case(f"Erfinv_{dtype}", unary("Erfinv"), vector, [within(-0.999999, -0.9, -0.2, 0.0, 1e-7, 0.4, 0.5, 0.999, 1.0, -1.0, 1.5)])
    case(f"Ndtri_{dtype}", unary("Ndtri"), vector, [PROBABILITIES])
    case(f"Lgamma_{dtype}", unary("Lgamma"), vector, [POSITIVE, within(-0.5, -1.5, -7.25, -0.001, 100.5, 1e6)])
    case(f"Digamma_{dtype}", unary("Digamma"), vector, [POSITIVE, within(-0.5, -1.5, -7.25, 100.5, 1e6)])
    two = [f"{dtype}[?,?]"] * 2
    order = ([[0.0], [1.0], [2.0], [5.0]], [[0.5, 1.0, 3.5, 12.0, 40.0]])
    case(f"Polygamma_{dtype}", lambda a, x: raw.Polygamma(a=a, x=x), two, [order])
    case(f"Zeta_{dtype}", lambda x, q: raw.Zeta(x=x, q=q), two, [([[1.5], [2.0], [4.0], [10.0]], [[0.5, 1.0, 3.5, 12.0]])])
    shape = ([[0.2], [1.0], [3.5], [20.0]], [[0.0, 0.1, 1.0, 4.0, 30.0]])
    case(f"Igamma_{dtype}", lambda a, x: raw.Igamma(a=a, x=x), two, [shape])
    case(f"Igammac_{dtype}", lambda a, x: raw.Igammac(a=a, x=x), two, [shape])
    case(
        f"Betainc_{dtype}",
        lambda a, b, x: raw.Betainc(a=a, b=b, x=x),
        [f"{dtype}[?]"] * 3,
        [([0.5, 0.5, 2.0, 5.0, 30.0, 1.0], [0.5, 3.0, 2.0, 1.5, 40.0, 1.0], [0.1, 0.9, 0.5, 0.3, 0.45, 0.7])],
    )
    signed = within(-20.0, -3.5, -0.5, 0.0, 0.25, 1.0, 2.5, 7.0, 8.5, 15.0, 29.0, 40.0)
    for op in ("BesselI0e", "BesselI1e", "BesselJ0", "BesselJ1"):
        case(f"{op}_{dtype}", unary(op), vector, [signed])
    for op in ("BesselI0", "BesselI1"):
        case(f"{op}_{dtype}", unary(op), vector, [within(-5.0, -0.5, 0.0, 1.0, 6.5, 12.0)])
    for op in ("BesselK0", "BesselK1", "BesselK0e", "BesselK1e", "BesselY0", "BesselY1"):
        case(f"{op}_{dtype}", unary(op), vector, [POSITIVE])
    case(f"Dawsn_{dtype}", unary("Dawsn"), vector, [within(-9.0, -2.0, -0.1, 0.0, 0.5, 1.0, 3.0, 12.0, 100.0)])
    case(f"Expint_{dtype}", unary("Expint"), vector, [within(0.01, 0.3, 1.0, 4.0, 12.0, 50.0)])
    case(f"Spence_{dtype}", unary("Spence"), vector, [within(0.0, 0.1, 0.7, 1.0, 1.4, 1.9, 3.0, 20.0)])
    for op in ("FresnelCos", "FresnelSin"):
        case(f"{op}_{dtype}", unary(op), vector, [within(-3.0, -0.5, 0.0, 0.3, 1.0, 1.7, 2.5, 5.0, 12.0)])

    broadcast = [f"{dtype}[?,?]"] * 2
    for op in ("Atan2", "Xlog1py", "NextAfter"):
        names = {"Atan2": ("y", "x"), "Xlog1py": ("x", "y"), "NextAfter": ("x1", "x2")}[op]
        call = lambda a, b, _op=op, _names=names: getattr(raw, _op)(**{_names[0]: a, _names[1]: b})  # noqa: E731
        two_inputs = (lambda f: lambda a, b: f(a, b))(call)
        case(f"{op}_{dtype}", two_inputs, broadcast, [(rand(2, 3), rand(2, 3)), (rand(3, 1), rand(0, 4).reshape(1, 0))] + ([(EDGE_COLUMN, EDGE_ROW)] if op != "Xlog1py" else []))
    for op in ("Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Atanh"):
        case(f"{op}_{dtype}", unary(op), vector, [within(-0.999, -0.5, -1e-4, 0.0, 1e-4, 0.3, 0.99)])
    case(f"Acosh_{dtype}", unary("Acosh"), vector, [within(1.0, 1.0001, 1.5, 20.0, 1e6)])
    case(f"Expm1_{dtype}", unary("Expm1"), vector, [within(-30.0, -1.0, -1e-5, 0.0, 1e-7, 1e-3, 0.4, 5.0)])
    case(f"Log1p_{dtype}", unary("Log1p"), vector, [within(-0.999, -1e-5, 0.0, 1e-7, 1e-3, 0.4, 5.0, 1e6)])
for dtype in ("float16", "bfloat16"):
    for op in ("Tan", "Sinh", "Erf", "Lgamma", "Expm1", "Rsqrt", "Sigmoid", "Tanh"):
        if dtype == "bfloat16" and op in ("Lgamma", "Erf"):
            continue
        case(f"{op}_{dtype}", unary(op), [f"{dtype}[?]"], [within(0.25, 0.5, 1.5, 2.5)])
    case(f"IsFinite_{dtype}", unary("IsFinite"), [f"{dtype}[?]"], [(EDGES,)])
    case(f"IsInf_{dtype}", unary("IsInf"), [f"{dtype}[?]"], [(EDGES,)])
    case(f"IsNan_{dtype}", unary("IsNan"), [f"{dtype}[?]"], [(EDGES,)])
