"""Indexing, slicing and rearranging, as JAX writes them."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import rand
from jax import lax
from jax_cases import jax_case

F = "float32"
TABLE = np.random.default_rng(5).normal(0, 1, (7, 3)).astype(np.float32)
X = [f"{F}[?,5,3]"], [(rand(2, 5, 3),), (rand(1, 5, 3),)]
PLAIN = {
    "embedding": (lambda i: jnp.take(TABLE, i, axis=0), ["int32[?,4]"], [([[0, 6, 3, 3]],), ([[9, -1, -8, 2]],)]),
    "embedding_clip": (lambda i: jnp.take(TABLE, i, axis=0, mode="clip"), ["int32[?]"], [([0, 6, 9, -3],)]),
    "embedding_index": (lambda i: jnp.asarray(TABLE)[i], ["int32[?]"], [([0, 6, -1],)]),
    "embedding_uint8": (lambda i: jnp.asarray(TABLE)[i], ["uint8[?]"], [([0, 6, 3],)]),
    "take_axis_1": (lambda x, i: jnp.take(x, i, axis=1), [f"{F}[?,5,3]", "int32[2]"], [(rand(2, 5, 3), [4, 0])]),
    "take_along_axis": (lambda x, i: jnp.take_along_axis(x, i, axis=1), [f"{F}[?,5]", "int32[?,2]"], [(rand(2, 5), [[4, 0], [1, 1]])]),
    "rows_and_columns": (lambda x, i, j: x[i, j], [f"{F}[4,5]", "int32[3]", "int32[3]"], [(rand(4, 5), [0, 3, 1], [4, 0, 2])]),
    "between": (lambda x, i: x[:, i, 1:], [f"{F}[?,5,3]", "int32[2]"], [(rand(2, 5, 3), [4, 0])]),
    "batched_rows": (lambda x, i: jax.vmap(lambda a, b: a[b])(x, i), [f"{F}[?,5,3]", "int32[?,2]"], [(rand(2, 5, 3), [[4, 0], [1, 1]])]),
    "batched_slices": (lambda x, i: jax.vmap(lambda a, b: lax.dynamic_slice(a, (b, 0), (2, 3)))(x, i), [f"{F}[?,5,3]", "int32[?]"], [(rand(2, 5, 3), [4, 1])]),
    "last_of_each": (lambda x, n: x[jnp.arange(x.shape[0]), n - 1], [f"{F}[?,5,3]", "int32[?]"], [(rand(2, 5, 3), [5, 2])]),
    "mask": (lambda x, n: jnp.where(jnp.arange(5)[None] < n[:, None], x, 0), [f"{F}[?,5]", "int32[?]"], [(rand(2, 5), [5, 2])]),
    "one_hot": (lambda i: jax.nn.one_hot(i, 4), ["int32[?]"], [([0, 3, -1, 7],)]),
    "set": (lambda x, i, v: x.at[i].set(v), [f"{F}[5,3]", "int32[2]", f"{F}[2,3]"], [(rand(5, 3), [4, 1], rand(2, 3)), (rand(5, 3), [9, -1], rand(2, 3))]),
    "add_at": (lambda x, i, v: x.at[i].add(v), [f"{F}[5,3]", "int32[3]", f"{F}[3,3]"], [(rand(5, 3), [4, 1, 4], rand(3, 3))]),
    "max_at": (lambda x, i, v: x.at[i].max(v), [f"{F}[5,3]", "int32[3]", f"{F}[3,3]"], [(rand(5, 3), [4, 1, 4], rand(3, 3))]),
    "min_at": (lambda x, i, v: x.at[i].min(v), [f"{F}[5]", "int32[3]", f"{F}[3]"], [(rand(5), [4, 1, 4], rand(3))]),
    "set_column": (lambda x: x.at[:, 1].set(7.0), [f"{F}[?,3]"], [(rand(2, 3),)]),
    "set_part": (lambda x, v: x.at[1:3, 1].set(v), [f"{F}[4,3]", f"{F}[2]"], [(rand(4, 3), rand(2))]),
    "set_elements": (lambda x, i, j: x.at[i, j].set(9), ["int32[4,5]", "int32[3]", "int32[3]"], [(rand(4, 5), [0, 3, 1], [4, 0, 2]), (rand(4, 5), [0, 7, 1], [4, 0, 5])]),
    "segment_sum": (lambda x, s: jax.ops.segment_sum(x, s, 4), [f"{F}[6,2]", "int32[6]"], [(rand(6, 2), [0, 1, 1, 3, 3, 3])]),
    "dynamic_slice": (lambda x, i: lax.dynamic_slice(x, (i, 1), (2, 2)), [f"{F}[5,4]", "int32[]"], [(rand(5, 4), 1), (rand(5, 4), 9), (rand(5, 4), -1)]),
    "dynamic_index": (lambda x, i: lax.dynamic_index_in_dim(x, i, 1, keepdims=False), [f"{F}[?,5]", "int32[]"], [(rand(2, 5), 3), (rand(2, 5), 7)]),
    "dynamic_update": (lambda x, v, i: lax.dynamic_update_slice(x, v, (i, 1)), [f"{F}[5,4]", f"{F}[2,2]", "int32[]"], [(rand(5, 4), rand(2, 2), 1), (rand(5, 4), rand(2, 2), 9)]),
    "dynamic_update_row": (lambda x, v, i: lax.dynamic_update_index_in_dim(x, v, i, 1), [f"{F}[?,5]", f"{F}[?]", "int32[]"], [(rand(2, 5), rand(2), 3)]),
    "roll": (lambda x, n: jnp.roll(x, n, axis=1), [f"{F}[?,5]", "int32[]"], [(rand(2, 5), 2)]),
    "searchsorted": (lambda a, v: jnp.searchsorted(a, v), [f"{F}[5]", f"{F}[3]"], [([1, 2, 4, 4, 9], [0, 4, 10])]),
    "interp": (lambda x: jnp.interp(x, jnp.array([0.0, 1.0, 2.0]), jnp.array([3.0, -1.0, 5.0])), [f"{F}[?]"], [([-1.0, 0.5, 1.75, 3.0],)]),
}
for name, (fn, specs, inputs) in PLAIN.items():
    jax_case(name, fn, specs, inputs)
SHAPES = {
    "transpose": lambda x: jnp.transpose(x, (2, 0, 1)),
    "swap": lambda x: jnp.swapaxes(x, 1, 2),
    "slice": lambda x: x[:, 1:4, ::2],
    "slice_negative": lambda x: x[:, ::-1, -1],
    "flip": lambda x: jnp.flip(x, (1, 2)),
    "concat": lambda x: jnp.concatenate([x, x[:, :2] * 2], axis=1),
    "stack": lambda x: jnp.stack([x[..., 0], x[..., 1]], axis=1),
    "split": lambda x: jnp.split(x, [2, 3], axis=1),
    "repeat": lambda x: jnp.repeat(x, 2, axis=1),
    "tile": lambda x: jnp.tile(x, (1, 2, 2)),
    "expand": lambda x: x[:, None] + x[:, :, None],
    "ravel": lambda x: x.reshape(x.shape[0], 15),
    "squeeze": lambda x: x[:, :1].squeeze(1),
    "tril": lambda x: jnp.tril(x),
    "diagonal": lambda x: jnp.diagonal(x, axis1=1, axis2=2),
    "trace": lambda x: jnp.trace(x, axis1=1, axis2=2),
    "meshgrid": lambda x: x[:, :, 0] + jnp.meshgrid(jnp.arange(5), jnp.arange(1))[0],
    "linspace": lambda x: x[:, :, 0] * jnp.linspace(0, 1, 5),
    "eye": lambda x: x @ jnp.eye(3),
    "fill": lambda x: jnp.full_like(x, 3) + jnp.zeros_like(x),
    "broadcast": lambda x: jnp.broadcast_to(x[:, :1], x.shape),
}
for name, fn in SHAPES.items():
    jax_case(name, fn, *X)
