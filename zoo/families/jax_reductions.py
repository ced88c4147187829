"""Reductions, windows, sorting, products of matrices, as JAX writes them."""

import jax
import jax.numpy as jnp
from cases import rand
from jax import lax
from jax_cases import jax_case

F = "float32"
AXES = {"all": None, "first": 0, "middle": 1, "last": -1}
for name in ("sum", "prod", "max", "min", "mean", "var", "std", "argmax", "argmin", "any", "all"):
    fn = getattr(jnp, name)
    along = lambda x, f=fn: {text: f(x, axis=axis) for text, axis in AXES.items()}
    jax_case(name, along, [f"{F}[?,3,2]"], [(rand(2, 3, 2),)])
for name in ("sum", "max", "min", "argmax"):
    fn = getattr(jnp, name)
    jax_case(f"{name}_int32", lambda x, f=fn: f(x, axis=1), ["int32[?,4]"], [([[3, 1, 3, 2], [-1, -5, 0, 0]],)])
jax_case("any_bool", lambda x: x.any(1), ["bool[?,2]"], [([[True, False], [False, False]],)])
jax_case("all_bool", lambda x: x.all(1), ["bool[?,2]"], [([[True, False], [True, True]],)])
jax_case("argmax_nan", lambda x: jnp.argmax(x, 1), [f"{F}[?,3]"], [([[1, float("nan"), 3], [1, 2, 2]],)])
jax_case("logsumexp", lambda x: jax.nn.logsumexp(x, axis=-1), [f"{F}[?,5]"], [(rand(3, 5),)])
jax_case("softmax", lambda x: jax.nn.softmax(x), [f"{F}[?,5]"], [(rand(3, 5),)])
jax_case("log_softmax", lambda x: jax.nn.log_softmax(x), [f"{F}[?,5]"], [(rand(3, 5),)])
jax_case("norm", lambda x: x / jnp.linalg.norm(x, axis=-1, keepdims=True), [f"{F}[?,5]"], [(rand(3, 5),)])
jax_case("bfloat16_sum", lambda x: x.sum(1), ["bfloat16[?,5]"], [(rand(3, 5),)])
jax_case(
    "general_body",
    lambda x: lax.reduce(x, jnp.float32(1), lambda a, b: a * 2 + b - a, (1,)),
    [f"{F}[3,4]"],
    [(rand(3, 4),)],
)
for name in ("cumsum", "cumprod"):
    fn = getattr(jnp, name)
    jax_case(f"{name}_0", lambda x, f=fn: f(x, axis=0), [f"{F}[4,3]"], [(rand(4, 3),)])
    jax_case(f"{name}_1", lambda x, f=fn: f(x, axis=1), [f"{F}[?,3]"], [(rand(2, 3),)])
jax_case("cummax", lambda x: lax.cummax(x, axis=1), [f"{F}[?,5]"], [(rand(2, 5),)])
jax_case("cumsum_reverse", lambda x: lax.cumsum(x, axis=1, reverse=True), [f"{F}[?,3]"], [(rand(2, 3),)])
jax_case("sort", lambda x: jnp.sort(x), [f"{F}[?,6]"], [([[3, 1, float("nan"), -0.0, 0, -5]],)])
jax_case("sort_axis_0", lambda x: jnp.sort(x, axis=0), [f"{F}[5,3]"], [(rand(5, 3),)])
jax_case("sort_down", lambda x: jnp.sort(x, descending=True), ["int32[?,4]"], [([[3, 1, 2, 3]],)])
jax_case("argsort", lambda x: jnp.argsort(x), [f"{F}[?,5]"], [(rand(2, 5),)])
jax_case("argsort_ties", lambda x: jnp.argsort(x), ["int32[?,5]"], [([[2, 1, 2, 1, 0]],)])
jax_case("sort_two_keys", lambda x, y: lax.sort((x, y), num_keys=2), ["int32[5]", f"{F}[5]"], [([2, 1, 2, 1, 0], rand(5))])
jax_case("top_k_static", lambda x: lax.top_k(x, 2), [f"{F}[2,6]"], [(rand(2, 6),)])
jax_case("median", lambda x: jnp.median(x, axis=1), [f"{F}[?,5]"], [(rand(2, 5),)])
jax_case("bincount", lambda x: jnp.bincount(x, length=5), ["int32[6]"], [([0, 1, 1, 4, 2, 1],)])

PRODUCTS = {
    "matmul": (lambda x, y: x @ y, ["[?,3]", "[3,4]"], (rand(2, 3), rand(3, 4))),
    "matmul_batch": (lambda x, y: x @ y, ["[?,2,3]", "[?,3,4]"], (rand(2, 2, 3), rand(2, 3, 4))),
    "matmul_vector": (lambda x, y: x @ y, ["[?,3]", "[3]"], (rand(2, 3), rand(3))),
    "inner": (lambda x, y: jnp.inner(x, y), ["[?,3]", "[4,3]"], (rand(2, 3), rand(4, 3))),
    "outer": (lambda x, y: jnp.outer(x, y), ["[3]", "[2]"], (rand(3), rand(2))),
    "tensordot": (lambda x, y: jnp.tensordot(x, y, 2), ["[?,3,4]", "[3,4,2]"], (rand(2, 3, 4), rand(3, 4, 2))),
    "heads": (lambda x, y: jnp.einsum("bsd,dhk->bshk", x, y), ["[?,?,4]", "[4,2,3]"], (rand(2, 3, 4), rand(4, 2, 3))),
    "scores": (lambda x, y: jnp.einsum("bqhk,bshk->bhqs", x, y), ["[?,3,2,4]", "[?,5,2,4]"],
               (rand(2, 3, 2, 4), rand(2, 5, 2, 4))),
    "mixed": (lambda x, y: jnp.einsum("ijk,jil->kl", x, y), ["[2,3,4]", "[3,2,5]"], (rand(2, 3, 4), rand(3, 2, 5))),
}
for name, (fn, shapes, values) in PRODUCTS.items():
    jax_case(f"product_{name}", fn, [F + s for s in shapes], [values])
jax_case("product_bfloat16", lambda x, y: x @ y, ["bfloat16[?,3]", "bfloat16[3,4]"], [(rand(2, 3), rand(3, 4))])
jax_case("product_int", lambda x, y: x @ y, ["int32[?,3]", "int32[3,4]"], [(rand(2, 3), rand(3, 4))])
jax_case("product_widened", lambda x, y: lax.dot(x, y, preferred_element_type=jnp.float32),
         ["bfloat16[2,3]", "bfloat16[3,4]"], [(rand(2, 3), rand(3, 4))])
jax_case("fft", lambda x: jnp.abs(jnp.fft.fft(x)), [f"{F}[?,8]"], [(rand(2, 8),)])
jax_case("rfft", lambda x: jnp.fft.irfft(jnp.fft.rfft(x) * 2), [f"{F}[?,8]"], [(rand(2, 8),)])
