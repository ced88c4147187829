"""Loops, branches and calls, as JAX writes them."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import rand
from jax import lax
from jax_cases import jax_case

F = "float32"
RNG = np.random.default_rng(9)
W = RNG.normal(0, 0.4, (4, 4)).astype(np.float32)
U = RNG.normal(0, 0.4, (3, 4)).astype(np.float32)


def scan_rnn(x):
    def step(h, row):
        h = jnp.tanh(row @ U + h @ W)
        return h, h

    last, rows = lax.scan(step, jnp.zeros((x.shape[0], 4)), x.swapaxes(0, 1))
    return last, rows.swapaxes(0, 1)


def reverse_scan(x):
    return lax.scan(lambda c, row: (c + row, c * row), jnp.zeros(x.shape[0]), x.T, reverse=True)


def lstm(x):
    kernel = RNG.normal(0, 0.4, (3 + 2, 8)).astype(np.float32)

    def step(carry, row):
        c, h = carry
        i, f, g, o = jnp.split(jnp.concatenate([row, h], -1) @ kernel, 4, -1)
        c = jax.nn.sigmoid(f + 1) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (c, h), h

    zeros = jnp.zeros((x.shape[0], 2))
    (c, h), rows = lax.scan(step, (zeros, zeros), x.swapaxes(0, 1))
    return h, rows.swapaxes(0, 1)


SEQUENCE = [f"{F}[?,5,3]"], [(rand(2, 5, 3),), (rand(1, 5, 3),)]
jax_case("scan_rnn", scan_rnn, *SEQUENCE)
jax_case("scan_lstm", lstm, *SEQUENCE)
jax_case("scan_open_length", scan_rnn, [f"{F}[?,?,3]"], [(rand(2, 5, 3),), (rand(1, 2, 3),)])
jax_case("scan_reverse", reverse_scan, [f"{F}[?,4]"], [(rand(2, 4),)])
jax_case("scan_unrolled", lambda x: lax.scan(lambda c, r: (c + r, c), jnp.zeros(3), x, unroll=2), [f"{F}[5,3]"], [(rand(5, 3),)])
jax_case("fori", lambda x: lax.fori_loop(0, 4, lambda i, v: v * 0.5 + i, x), [f"{F}[?]"], [(rand(3),)])
jax_case("fori_from_2", lambda x: lax.fori_loop(2, 5, lambda i, v: v.at[i].set(i), x), [f"{F}[6]"], [(rand(6),)])
jax_case("fori_given", lambda x, n: lax.fori_loop(0, n, lambda i, v: v + x * i, x), [f"{F}[?]", "int32[]"], [(rand(3), 4), (rand(3), 0), (rand(3), -1)])
jax_case("while", lambda x: lax.while_loop(lambda v: v.sum() < 50, lambda v: v * 2 + 1, jnp.abs(x)), [f"{F}[?]"], [(rand(3),)])
jax_case("while_count", lambda x: lax.while_loop(lambda c: c[0] < 20, lambda c: (c[0] * 2, c[1] + 1), (x, 0)), ["int32[]"], [(3,), (50,)])
jax_case("while_captures", lambda x, y: lax.while_loop(lambda v: v[0] < y[0], lambda v: v + y, x), [f"{F}[2]", f"{F}[2]"], [([0, 1], [5, 2])])
jax_case("while_sorted", lambda x: lax.fori_loop(0, 2, lambda i, v: jnp.sort(v) - v[0], x), [f"{F}[5]"], [(rand(5),)])
jax_case("cond", lambda p, x: lax.cond(p, lambda v: v * 2, lambda v: v - 1, x), ["bool[]", f"{F}[?]"], [(True, rand(3)), (False, rand(3))])
jax_case("cond_pair", lambda x: lax.cond(x.sum() > 0, lambda v: (v, v.sum()), lambda v: (-v, jnp.float32(7)), x), [f"{F}[?]"], [([1, 2],), ([-1, -2],)])
jax_case("switch", lambda i, x: lax.switch(i, [lambda v: v, lambda v: v * 2, jnp.tanh], x), ["int32[]", f"{F}[?]"], [(0, rand(2)), (1, rand(2)), (2, rand(2)), (9, rand(2)), (-3, rand(2))])
jax_case("nested", lambda x: lax.fori_loop(0, 3, lambda i, v: lax.fori_loop(0, i, lambda j, u: u + j + x, v), x), [f"{F}[?]"], [(rand(2),)])
jax_case("map", lambda x: lax.map(lambda r: jnp.outer(r, r).sum(0), x), [f"{F}[4,3]"], [(rand(4, 3),)])
jax_case("vmap_while", jax.vmap(lambda x: lax.while_loop(lambda v: v < 10, lambda v: v * 2, x)), [f"{F}[?]"], [([1, 3, 20],)])
jax_case("associative_scan", lambda x: lax.associative_scan(jnp.add, x, axis=1), [f"{F}[?,6]"], [(rand(2, 6),)])
jax_case("jit_inside", lambda x: jax.jit(lambda v: v * 2)(x) + jax.jit(jnp.sin)(x), [f"{F}[?]"], [(rand(3),)])
jax_case("custom_jvp", lambda x: jax.nn.relu(x) + jax.nn.silu(x), [f"{F}[?]"], [(rand(3),)])
jax_case("remat", lambda x: jax.checkpoint(lambda v: jnp.sin(v) * 2)(x), [f"{F}[?]"], [(rand(3),)])
jax_case("random_bits", lambda k: jax.random.bits(jax.random.wrap_key_data(k, impl="threefry2x32"), (4,)), ["uint32[2]"], [([1, 2],)])
jax_case("random_uniform", lambda k: jax.random.uniform(jax.random.wrap_key_data(k, impl="threefry2x32"), (3, 2)), ["uint32[2]"], [([0, 42],)])
jax_case("random_normal", lambda k: jax.random.normal(jax.random.wrap_key_data(k, impl="threefry2x32"), (5,)), ["uint32[2]"], [([0, 42],)])
jax_case("random_rbg", lambda k: jax.random.bits(jax.random.wrap_key_data(k, impl="rbg"), (4,)), ["uint32[4]"], [([1, 2, 3, 4],)])
jax_case("constant_key", lambda x: x + jax.random.normal(jax.random.key(1), (3,)), [f"{F}[3]"], [(rand(3),)])
jax_case("gradient", lambda x: jax.grad(lambda v: (jnp.tanh(v @ W) ** 2).sum())(x), [f"{F}[?,4]"], [(rand(2, 4),)])
