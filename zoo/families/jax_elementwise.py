"""Ops on elements, as JAX writes them."""

import jax
import jax.numpy as jnp
from cases import EDGES, nonzero, rand
from jax import lax
from jax_cases import jax_case

F = "float32"


def every(functions):
    """The answers of all functions to the same inputs, under their names."""
    return lambda *inputs: {name: fn(*inputs) for name, fn in functions.items()}


UNARY = {
    "abs": jnp.abs,
    "ceil": jnp.ceil,
    "cbrt": jnp.cbrt,
    "cos": jnp.cos,
    "exp": jnp.exp,
    "expm1": jnp.expm1,
    "floor": jnp.floor,
    "is_finite": jnp.isfinite,
    "logistic": jax.nn.sigmoid,
    "neg": jnp.negative,
    "round": jnp.round,
    "round_away": lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO),
    "sign": jnp.sign,
    "sin": jnp.sin,
    "tan": jnp.tan,
    "tanh": jnp.tanh,
    "erf": lax.erf,
    "gelu": jax.nn.gelu,
    "gelu_exact": lambda x: jax.nn.gelu(x, approximate=False),
    "softplus": jax.nn.softplus,
    "silu": jax.nn.silu,
    "elu": jax.nn.elu,
    "leaky_relu": jax.nn.leaky_relu,
    "relu6": jax.nn.relu6,
    "atan": jnp.arctan,
    "sinh": jnp.sinh,
    "cosh": jnp.cosh,
    "asinh": jnp.arcsinh,
    "to_int32": lambda x: x.astype(jnp.int32),
    "to_uint8": lambda x: x.astype(jnp.uint8),
    "to_bool": lambda x: x.astype(bool),
    "to_bfloat16": lambda x: x.astype(jnp.bfloat16).astype(jnp.float32),
    "to_float16": lambda x: x.astype(jnp.float16),
    "integer_pow": lambda x: x**3,
    "nan_to_num": jnp.nan_to_num,
}
# Sizes are known, as TensorFlow 2.21 does not take what JAX makes of some functions of unknown ones.
jax_case("unary", every(UNARY), [f"{F}[17]"], [(EDGES,)])
jax_case("positive", every({"log": jnp.log, "log1p": jnp.log1p, "sqrt": jnp.sqrt, "rsqrt": lax.rsqrt, "lgamma": lax.lgamma,
                 "digamma": lax.digamma, "erf_inv": lambda x: lax.erf_inv(x / 4)}), [f"{F}[7]"], [(rand(7, low=0.1, high=4),)])
jax_case("inside", every({"asin": jnp.arcsin, "acos": jnp.arccos, "atanh": jnp.arctanh}), [f"{F}[7]"], [(rand(7, low=-0.9, high=0.9),)])

BINARY = {
    "add": jnp.add,
    "sub": jnp.subtract,
    "mul": jnp.multiply,
    "div": jnp.divide,
    "max": jnp.maximum,
    "min": jnp.minimum,
    "rem": lambda x, y: lax.rem(x, jnp.broadcast_to(y, x.shape)),
    "mod": jnp.mod,
    "floor_divide": jnp.floor_divide,
    "atan2": jnp.arctan2,
    "eq": jnp.equal,
    "ne": jnp.not_equal,
    "lt": jnp.less,
    "le": jnp.less_equal,
    "gt": jnp.greater,
    "ge": jnp.greater_equal,
    "where": lambda x, y: jnp.where(x > y, x, 0.5),
    "clip": lambda x, y: jnp.clip(x, -1, y),
    "logaddexp": jnp.logaddexp,
    "hypot": jnp.hypot,
}
jax_case("binary", every(BINARY), [f"{F}[?,3]", f"{F}[3]"], [(rand(2, 3), nonzero(3))])
jax_case("power", jnp.power, [f"{F}[?,3]", f"{F}[3]"], [(rand(2, 3, low=0.1, high=3), rand(3))])
jax_case("power_int", jnp.power, ["int32[?]", "int32[?]"], [([2, 3, -2, 1], [3, 2, 5, 7])])
jax_case("xlogy", jax.scipy.special.xlogy, [f"{F}[?]", f"{F}[?]"], [([0.0, 1.0, 2.0], [0.0, 3.0, 0.5])])

INTEGERS = {
    "div": lax.div,
    "rem": lax.rem,
    "floor_divide": jnp.floor_divide,
    "mod": jnp.mod,
    "and": jnp.bitwise_and,
    "or": jnp.bitwise_or,
    "xor": jnp.bitwise_xor,
    "max": jnp.maximum,
    "mul": jnp.multiply,
}
for dtype in ("int32", "uint32", "int8", "uint8"):
    jax_case(f"integers_{dtype}", every(INTEGERS), [f"{dtype}[?]", f"{dtype}[?]"], [(rand(9), nonzero(9))])
jax_case("div_by_zero", lax.div, ["int32[?]", "int32[?]"], [([7, -7, 0, -(2**31)], [0, 0, 0, -1])])
jax_case("rem_by_zero", lax.rem, ["int32[?]", "int32[?]"], [([7, -7, 0, -(2**31)], [0, 0, 0, -1])])
for dtype in ("int32", "uint32", "uint8"):
    counts = [0, 1, 7, 31, 40]
    values = [5, 200, 77, 3, 9]
    jax_case(f"shift_left_{dtype}", lax.shift_left, [f"{dtype}[?]", f"{dtype}[?]"], [(values, counts)])
    jax_case(f"shift_right_logical_{dtype}", lax.shift_right_logical, [f"{dtype}[?]", f"{dtype}[?]"], [(values, counts)])
jax_case("shift_right_arithmetic", lax.shift_right_arithmetic, ["int32[?]", "int32[?]"], [([-5, 200, -77, 3], [0, 1, 2, 40])])
jax_case("shift_logical_negative", lax.shift_right_logical, ["int32[?]", "int32[?]"], [([-5, -200, -1, 3], [0, 1, 31, 2])])
jax_case("not_int", jnp.bitwise_not, ["int32[?]"], [([1, -5, 0],)])
jax_case("not_bool", jnp.logical_not, ["bool[?]"], [([True, False],)])
jax_case("logic", every({"and": jnp.logical_and, "or": jnp.logical_or, "xor": jnp.logical_xor}), ["bool[?]", "bool[?]"], [([True, False, True, False], [True, True, False, False])])
jax_case("popcount", lax.population_count, ["int32[?]"], [([0, 1, 255, -1],)])
jax_case("clz", lax.clz, ["int32[?]"], [([0, 1, 255, -1],)])
jax_case("bitcast", lambda x: lax.bitcast_convert_type(x, jnp.int32), [f"{F}[?]"], [([0.0, 1.0, -2.5],)])
jax_case("reduce_precision", lambda x: lax.reduce_precision(x, 8, 7), [f"{F}[?]"], [(rand(5),)])
for dtype in ("bfloat16", "float16"):
    jax_case(f"{dtype}_arithmetic", lambda x, y: jnp.tanh(x * y + 1) / 3, [f"{dtype}[?]", f"{dtype}[?]"], [(rand(5), rand(5))])
jax_case("complex", lambda x, y: jnp.abs(lax.complex(x, y) * lax.complex(y, x)), [f"{F}[?]", f"{F}[?]"], [(rand(5), rand(5))])
jax_case("complex_parts", lambda x: (x.real, x.imag, jnp.conj(x)), ["complex64[?]"], [(rand(4),)])
jax_case("scalars", lambda x: x * 2 + jnp.float32(1), [f"{F}[]"], [(1.5,)])
