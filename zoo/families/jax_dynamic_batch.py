"""Whole functions of JAX for a batch of any size."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import rand
from jax_cases import jax_case

F = "float32"
RNG = np.random.default_rng(7)


def weights(*shape):
    return (RNG.normal(0, 0.5, shape)).astype(np.float32)


W1, B1, W2, B2 = weights(8, 16), weights(16), weights(16, 4), weights(4)


def mlp(x):
    hidden = jax.nn.relu(x @ W1 + B1)
    return jax.nn.softmax(hidden @ W2 + B2)


BATCHES = [(rand(1, 8),), (rand(5, 8),)]
jax_case("mlp", mlp, [f"{F}[?,8]"], BATCHES, errors=[(rand(0, 8),)])
jax_case("mlp_static", mlp, [f"{F}[3,8]"], [(rand(3, 8),)])
jax_case(
    "layer_norm",
    lambda x: (x - x.mean(-1, keepdims=True)) * jax.lax.rsqrt(x.var(-1, keepdims=True) + 1e-5) * B1[:8] + W1[0, :8],
    [f"{F}[?,?,8]"],
    [(rand(2, 3, 8),), (rand(1, 1, 8),)],
)
jax_case(
    "flatten", lambda x: x.reshape(x.shape[0], -1) @ weights(12, 3), [f"{F}[?,3,4]"], [(rand(2, 3, 4),), (rand(1, 3, 4),)]
)
jax_case(
    "merge_batch",
    lambda x: (x.reshape(-1, 4) * 2).reshape(x.shape[0], x.shape[1], 2, 2),
    [f"{F}[?,?,4]"],
    [(rand(2, 3, 4),), (rand(1, 1, 4),)],
)
jax_case("batch_size", lambda x: x.sum(0) / x.shape[0], [f"{F}[?,4]"], [(rand(5, 4),), (rand(1, 4),)])
jax_case("iota", lambda x: x + jnp.arange(x.shape[0])[:, None], [f"{F}[?,2]"], [(rand(3, 2),), (rand(1, 2),)])
jax_case("concatenated", lambda x, y: jnp.concatenate([x, y]), [f"{F}[?,2]", f"{F}[?,2]"], [(rand(3, 2), rand(2, 2))],
         shapes=["(b, 2)", "(c, 2)"])
jax_case("same_size", lambda x, y: x * y, [f"{F}[?,2]", f"{F}[?,2]"], [(rand(3, 2), rand(3, 2))],
         errors=[(rand(3, 2), rand(2, 2))])
jax_case("even", lambda x: x.reshape(-1, 2).sum(1), [f"{F}[?]"], [(rand(6),)], shapes=["(2*b,)"], errors=[(rand(5),)])
jax_case("half", lambda x: x[: x.shape[0] // 2], [f"{F}[?,2]"], [(rand(5, 2),), (rand(1, 2),)])
jax_case("padded", lambda x: jnp.pad(x, ((0, 2), (1, 1))), [f"{F}[?,2]"], [(rand(3, 2),)])
jax_case("zeros", lambda x: jnp.zeros((x.shape[0], 3)) + x[:, :1], [f"{F}[?,2]"], [(rand(3, 2),)])
jax_case("tiled", lambda x: jnp.tile(x, (2, 3)), [f"{F}[?,2]"], [(rand(3, 2),)])


def attention(x):
    q, k, v = (jnp.einsum("bsd,dhk->bshk", x, w.reshape(8, 2, 4)) for w in (W1[:, :8], W1[:, 8:], W2[:8].repeat(2, 1)))
    scores = jnp.einsum("bqhk,bshk->bhqs", q, k) / 2
    mask = jnp.tril(jnp.ones((x.shape[1], x.shape[1]), bool))
    probabilities = jax.nn.softmax(jnp.where(mask, scores, -1e9), axis=-1)
    return jnp.einsum("bhqs,bshk->bqhk", probabilities, v).reshape(x.shape[0], x.shape[1], 8)


jax_case("attention", attention, [f"{F}[?,?,8]"], [(rand(2, 3, 8),), (rand(1, 5, 8),)])


