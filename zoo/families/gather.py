"""Gathering and scattering, embeddings, one-hot."""

import keras
from cases import FLOATS, INTS, case, keep, rand, variable
from golden import tf

raw = tf.raw_ops
F = "float32"


def gather(axis, batch_dims=0):
    return lambda params, indices: raw.GatherV2(params=params, indices=indices, axis=axis, batch_dims=batch_dims)


for dtype in INTS:
    rows = [(rand(5, 3), [0, 4, 2, 2]), (rand(5, 3), []), (rand(1, 3), [0])]
    case(
        f"GatherV2_rows_{dtype}",
        gather(0),
        [f"{F}[?,3]", f"{dtype}[?]"],
        rows,
        errors=[(rand(5, 3), [5]), (rand(5, 3), [-1])],
    )
case(
    "GatherV2_indices_rank_2",
    gather(0),
    [f"{F}[?,3]", "int32[?,?]"],
    [(rand(5, 3), [[0, 4], [2, 1]]), (rand(5, 3), [[3], [3], [0]])],
)
case("GatherV2_scalar", gather(0), [f"{F}[?,3]", "int32[]"], [(rand(5, 3), 2)])
case("GatherV2_axis_1", gather(1), [f"{F}[?,?,?]", "int32[?,?]"], [(rand(2, 4, 3), [[0, 3], [1, 1]])])
case("GatherV2_axis_minus_1", gather(-1), [f"{F}[?,?,?]", "int32[?]"], [(rand(2, 4, 3), [2, 0])])
case(
    "GatherV2_batch_dims_1",
    gather(1, 1),
    [f"{F}[?,?,3]", "int32[?,?]"],
    [(rand(2, 4, 3), [[0, 3], [1, 1]]), (rand(1, 4, 3), [[2]])],
)
case("GatherV2_batch_dims_1_axis_2", gather(2, 1), [f"{F}[?,?,?]", "int32[?,?]"], [(rand(2, 3, 4), [[0, 3], [1, 1]])])
case(
    "GatherV2_batch_dims_2", gather(2, 2), [f"{F}[?,?,?]", "int64[?,?,?]"], [(rand(2, 2, 4), [[[0], [3]], [[1], [2]]])]
)
case("GatherV2_batch_dims_minus_1", gather(1, -1), [f"{F}[?,?]", "int32[?,?]"], [(rand(2, 4), [[0, 3, 3], [1, 1, 0]])])
case(
    "GatherV2_axis_given",
    lambda params, indices, axis: raw.GatherV2(params=params, indices=indices, axis=axis),
    [f"{F}[?,?]", "int32[?]", "int32[]"],
    [(rand(3, 4), [2, 0], 0), (rand(3, 4), [2, 0], -1)],
)
for dtype in ("float64", "int32", "int64", "bool", "string", "uint8"):
    case(f"GatherV2_{dtype}", gather(0), [f"{dtype}[?,2]", "int32[?]"], [(rand(4, 2), [3, 0, 3])])
case(
    "Gather",
    lambda params, indices: raw.Gather(params=params, indices=indices),
    [f"{F}[?,2]", "int32[?]"],
    [(rand(4, 2), [3, 0])],
)

gather_nd = lambda params, indices: raw.GatherNd(params=params, indices=indices)
case(
    "GatherNd_elements",
    gather_nd,
    [f"{F}[?,?]", "int32[?,2]"],
    [(rand(3, 4), [[0, 1], [2, 3]])],
    errors=[(rand(3, 4), [[0, 4]])],
)
case("GatherNd_rows", gather_nd, [f"{F}[?,?]", "int64[?,1]"], [(rand(3, 4), [[2], [0], [2]])])
case(
    "GatherNd_rank_3",
    gather_nd,
    [f"{F}[?,?,?]", "int32[?,?,2]"],
    [(rand(3, 4, 2), [[[0, 1], [2, 3]], [[1, 1], [0, 0]]])],
)
case("GatherNd_whole", gather_nd, [f"{F}[?,?]", "int32[?,0]"], [(rand(2, 3), [[], []])])
case(
    "gather_nd_batch_dims",
    lambda params, indices: tf.gather_nd(params, indices, batch_dims=1),
    [f"{F}[?,?]", "int32[?,1]"],
    [(rand(3, 4), [[1], [0], [3]])],
)

table, wide = variable(rand(7, 4)), variable(rand(5, 2, 3))
resource_gather = lambda resource, batch_dims=0: (
    lambda ids: raw.ResourceGather(resource=resource.handle, indices=ids, dtype=tf.float32, batch_dims=batch_dims)
)
for dtype in INTS:
    case(
        f"ResourceGather_{dtype}",
        resource_gather(table),
        [f"{dtype}[?,?]"],
        [([[0, 6, 3], [1, 1, 2]],), ([[5]],)],
        errors=[([[7]],), ([[-1]],)],
    )
case("ResourceGather_rank_3", resource_gather(wide), ["int32[?]"], [([4, 0, 4],), ([],)])
case("ResourceGather_batch_dims", resource_gather(wide, 1), ["int32[5,?]"], [([[0], [1], [1], [0], [1]],)])
case(
    "ResourceGatherNd",
    lambda ids: raw.ResourceGatherNd(resource=wide.handle, indices=ids, dtype=tf.float32),
    ["int32[?,2]"],
    [([[4, 1], [0, 0]],)],
)
case("embedding_lookup", lambda ids: tf.nn.embedding_lookup(table, ids), ["int64[?,?]"], [([[0, 6, 3], [1, 1, 2]],)])
case(
    "embedding_mean",
    lambda ids: tf.reduce_mean(tf.gather(table, ids), axis=1),
    ["int32[?,?]"],
    [([[0, 6, 3], [1, 1, 2]],)],
)
case("take_from_read", lambda ids: tf.gather(tf.identity(table), ids), ["int32[?]"], [([0, 6],)])
embedding = keras.layers.Embedding(6, 3, mask_zero=True, embeddings_initializer=keras.initializers.RandomNormal(seed=5))
embedding.build()
keep(embedding.embeddings.value)
case("keras_Embedding", lambda ids: embedding(ids), ["int32[?,?]"], [([[0, 5, 3], [1, 1, 2]],)])
case("keras_Embedding_from_float", lambda ids: embedding(ids), ["float32[?,?]"], [([[0, 5, 3], [1, 1, 2]],)])

one_hot = lambda depth, axis=-1, on=1.0, off=0.0: (
    lambda indices: raw.OneHot(indices=indices, depth=depth, on_value=on, off_value=off, axis=axis)
)
for dtype in (*INTS, "uint8"):
    case(f"OneHot_{dtype}", one_hot(4), [f"{dtype}[?]"], [([0, 3, 1],), ([],)])
case("OneHot_outside", one_hot(3), ["int32[?]"], [([-1, 3, 1, -2],)])
case("OneHot_axis_0", one_hot(4, axis=0), ["int32[?,?]"], [([[0, 3], [1, 2]],)])
case("OneHot_axis_1", one_hot(4, axis=1), ["int32[?,?]"], [([[0, 3], [1, 2]],)])
case("OneHot_values", one_hot(3, on=5.0, off=-1.0), ["int32[?]"], [([0, 2, 7],)])
case(
    "OneHot_int64_values",
    lambda indices: tf.one_hot(indices, 3, on_value=2, off_value=1, dtype=tf.int64),
    ["int64[?]"],
    [([0, 2],)],
)
case(
    "OneHot_bool",
    lambda indices: tf.one_hot(indices, 3, on_value=True, off_value=False, dtype=tf.bool),
    ["int32[?]"],
    [([0, 2],)],
)
case(
    "OneHot_depth_given",
    lambda indices, depth: raw.OneHot(indices=indices, depth=depth, on_value=1.0, off_value=0.0),
    ["int32[?]", "int32[]"],
    [([0, 2], 3), ([0, 2], 1)],
)

case(
    "ScatterNd",
    lambda indices, updates, shape: raw.ScatterNd(indices=indices, updates=updates, shape=shape),
    ["int32[?,1]", f"{F}[?,2]", "int32[2]"],
    [([[1], [3], [1]], rand(3, 2), [4, 2])],
    errors=[([[4]], rand(1, 2), [4, 2])],
)
for op in ("TensorScatterUpdate", "TensorScatterAdd", "TensorScatterMax"):
    scatter = getattr(raw, op)
    call = lambda x, indices, updates, op=scatter: op(tensor=x, indices=indices, updates=updates)
    case(op, call, [f"{F}[?,?]", "int32[?,2]", f"{F}[?]"], [(rand(3, 4), [[0, 1], [2, 3]], rand(2))])
for dtype in FLOATS:
    case(
        f"take_along_axis_{dtype}",
        lambda x, ids: keras.ops.take_along_axis(x, ids, axis=1),
        [f"{dtype}[?,4]", "int32[?,2]"],
        [(rand(3, 4), [[0, 3], [1, 1], [2, 0]])],
    )
case(
    "DynamicStitch",
    lambda a, b: tf.dynamic_stitch([[0, 2], [1, 3]], [a, b]),
    [f"{F}[2,?]"] * 2,
    [(rand(2, 3), rand(2, 3))],
)
case("UniqueV2", lambda x: list(tf.unique(x)), ["int32[?]"], [([3, 1, 3, 2, 1],)])
case(
    "searchsorted", lambda x, v: tf.searchsorted(x, v), [f"{F}[?]"] * 2, [([1.0, 2.0, 2.0, 5.0], [2.0, 0.0, 9.0, 3.0])]
)
case(
    "Bucketize",
    lambda x: raw.Bucketize(input=x, boundaries=[0.0, 1.5, 3.0]),
    [f"{F}[?,?]"],
    [([[-1.0, 0.0, 1.5, 2.0, 9.0, float("nan")]],)],
)
