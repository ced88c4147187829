"""Complex numbers: made, taken apart, calculated with and moved about inside of a graph."""

from cases import case, rand
from golden import tf

raw = tf.raw_ops
PAIRS = (("complex64", "float32"), ("complex128", "float64"))


def unary(op, argument="x", **attributes):
    return lambda x: getattr(raw, op)(**{argument: x}, **attributes)


for dtype, part in PAIRS:
    out = tf.as_dtype(part)
    one, two = [f"{dtype}[?,?]"], [f"{dtype}[?,?]"] * 2
    case(f"Complex_{dtype}", lambda re, im: tf.complex(re, im), [f"{part}[?,?]"] * 2, [(rand(2, 3), rand(2, 3)), (rand(0, 3), rand(0, 3))])
    case(f"Complex_broadcast_{dtype}", lambda re, im: tf.complex(re, im), [f"{part}[?,?]", f"{part}[3]"], [(rand(2, 3), rand(3)), (rand(1, 3), rand(3))])
    for op in ("Real", "Imag", "Angle"):
        case(f"{op}_{dtype}", unary(op, "input", Tout=out), one, [(rand(2, 3),), (rand(0, 3),)])
    case(f"ComplexAbs_{dtype}", unary("ComplexAbs", Tout=out), one, [(rand(2, 3),), ([[3 + 4j, 0j, 1e19 + 1e19j, 1e-25 + 1e-25j]],)])
    case(f"Conj_{dtype}", unary("Conj", "input"), one, [(rand(2, 3),)])
    for op in ("AddV2", "Sub", "Mul", "RealDiv", "Equal", "NotEqual", "SquaredDifference"):
        case(f"{op}_{dtype}", (lambda o: lambda x, y: getattr(raw, o)(x=x, y=y))(op), two, [(rand(2, 3), rand(2, 3)), (rand(2, 1), rand(1, 3))])
    for op in ("Neg", "Square", "Exp", "Reciprocal", "Sqrt", "Rsqrt", "Log"):
        case(f"{op}_{dtype}", unary(op), one, [(rand(2, 3),)])
    case(f"MatMul_{dtype}", lambda a, b: tf.matmul(a, b, adjoint_b=True), two, [(rand(2, 3), rand(4, 3))])
    case(f"MatMul_transposed_{dtype}", lambda a, b: tf.matmul(a, b, transpose_a=True), two, [(rand(3, 2), rand(3, 4))])
    case(f"Sum_{dtype}", lambda x: tf.reduce_sum(x, 1), one, [(rand(2, 3),)])
    case(f"Mean_{dtype}", lambda x: tf.reduce_mean(x, 0), one, [(rand(2, 3),)])
    case(f"moved_{dtype}", lambda x: tf.concat([tf.transpose(x)[::-1], tf.reshape(x, [-1, 2])], 0), [f"{dtype}[2,?]"], [(rand(2, 4),)])
    case(f"gathered_{dtype}", lambda x, i: tf.gather(x, i, axis=1), [f"{dtype}[?,?]", "int32[?]"], [(rand(2, 4), [3, 0])])
    case(f"selected_{dtype}", lambda c, x, y: tf.where(c, x, y), ["bool[?]", f"{dtype}[?]", f"{dtype}[?]"], [([True, False, True], rand(3), rand(3))])
    case(f"stacked_{dtype}", lambda x, y: list(tf.unstack(tf.stack([x, y * 2], 1)[0])), [f"{dtype}[2]"] * 2, [(rand(2), rand(2))])
    case(f"padded_{dtype}", lambda x: tf.pad(x, [[1, 0], [0, 2]]), one, [(rand(2, 3),)])
    case(f"from_real_{dtype}", (lambda t: lambda x: tf.cast(x, t) * tf.constant(2 - 1j, t))(tf.as_dtype(dtype)), [f"{part}[?]"], [(rand(3),)])
    case(f"to_real_{dtype}", lambda x: tf.cast(x, tf.float32), [f"{dtype}[?]"], [(rand(3),)])
    case(f"shape_{dtype}", lambda x: tf.shape(x), one, [(rand(2, 3),)])
    case(f"zeros_{dtype}", lambda x: [tf.zeros_like(x), tf.ones_like(x)], one, [(rand(2, 3),)])
case("magnitude_spectrum", lambda re, im: tf.abs(tf.complex(re, im) * tf.complex(im, re)), ["float32[?,?]"] * 2, [(rand(2, 3), rand(2, 3))])
