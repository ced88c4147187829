"""Functions of complex numbers."""

from cases import case, rand
from golden import tf

raw = tf.raw_ops
AROUND = [0.25 + 0.5j, -0.25 + 0.5j, 0.75 - 1.5j, -1.25 - 0.125j, 2.5 + 0.0625j, 1e-4 + 1e-4j, 3 + 3j, -3 + 2j, 0.5 + 1e-3j]

for dtype in ("complex64", "complex128"):
    for op in ("Sin", "Cos", "Tan", "Sinh", "Cosh", "Tanh", "Asin", "Acos", "Atan", "Asinh", "Acosh", "Atanh", "Log1p", "Expm1", "Sigmoid", "Sign", "Inv", "Square"):
        case(f"{op}_{dtype}", (lambda o: lambda x: getattr(raw, o)(x=x))(op), [f"{dtype}[?]"], [(AROUND,), (rand(8),), (rand(0),)])
    two = [f"{dtype}[?,?]"] * 2
    pairs = [(rand(2, 3), rand(2, 3)), (rand(3, 1), rand(1, 4)), ([[0, 0, 1j]], [[0, 2, 0]])]
    for op in ("Pow", "DivNoNan", "MulNoNan", "Xdivy", "Xlogy", "Xlog1py", "Div"):
        case(f"{op}_{dtype}", (lambda o: lambda x, y: getattr(raw, o)(x=x, y=y))(op), two, pairs[: 2 if op in ("Div", "Xdivy") else 3])
    case(f"Cumprod_{dtype}", lambda x: [tf.math.cumprod(x, 1), tf.math.cumprod(x, 0, exclusive=True, reverse=True)], [f"{dtype}[?,?]"], [(rand(2, 4),)])
    case(f"Cumsum_{dtype}", lambda x: [tf.cumsum(x, 1), tf.cumsum(x, 0, exclusive=True, reverse=True)], [f"{dtype}[?,?]"], [(rand(2, 4),)])
    case(f"Prod_{dtype}", lambda x: [tf.reduce_prod(x, 1), tf.reduce_prod(x)], [f"{dtype}[?,?]"], [(rand(2, 4),), (rand(0, 3),)])
    case(f"EuclideanNorm_{dtype}", lambda x: tf.math.reduce_euclidean_norm(x, 1), [f"{dtype}[?,?]"], [(rand(2, 4),)])
    case(f"AddN_{dtype}", lambda x, y: tf.add_n([x, y, x]), two, [(rand(2, 3), rand(2, 3))])
    case(f"BiasAdd_{dtype}", lambda x, b: tf.nn.bias_add(x, b), [f"{dtype}[?,3]", f"{dtype}[3]"], [(rand(2, 3), rand(3))])
    case(f"Einsum_{dtype}", lambda x, y: tf.einsum("ij,kj->ik", x, y), two, [(rand(2, 3), rand(4, 3))])
    case(f"BatchMatMul_{dtype}", lambda x, y: [tf.matmul(x, y), tf.matmul(x, y, adjoint_a=True)], [f"{dtype}[?,3,3]"] * 2, [(rand(2, 3, 3), rand(2, 3, 3))])
