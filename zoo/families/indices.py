"""Reading and writing by index, of every dtype; refusal of indices that point outside."""

from cases import FLOATS, INTS, case, rand
from golden import tf

raw = tf.raw_ops
F = "float32"

for dtype in (*FLOATS, *INTS, "bool", "string", "uint8", "int16", "float16", "complex64"):
    case(f"GatherV2_{dtype}", lambda x, i: raw.GatherV2(params=x, indices=i, axis=1), [f"{dtype}[?,?]", "int64[?]"], [(rand(2, 4), [3, 0]), (rand(0, 4), [1]), (rand(2, 4), [])])
    case(f"GatherNd_{dtype}", lambda x, i: raw.GatherNd(params=x, indices=i), [f"{dtype}[?,?]", "int32[?,2]"], [(rand(2, 4), [[1, 3], [0, 0]])])
    if dtype != "complex64":
        case(f"TensorScatterUpdate_{dtype}", lambda x, i, u: raw.TensorScatterUpdate(tensor=x, indices=i, updates=u), [f"{dtype}[?,2]", "int32[?,1]", f"{dtype}[?,2]"], [(rand(3, 2), [[2], [0]], rand(2, 2))])
    if dtype not in ("string", "float16"):
        case(f"Where_{dtype}", lambda x: raw.Where(condition=x), [f"{dtype}[?,?]"], [([[0, 1, 0], [1, 1, 0]],), (rand(0, 3),)])
    case(f"DynamicPartition_{dtype}", lambda x, p: list(raw.DynamicPartition(data=x, partitions=p, num_partitions=3)), [f"{dtype}[?,2]", "int32[?]"], [(rand(4, 2), [2, 0, 2, 0])])
    case(f"DynamicStitch_{dtype}", lambda i, j, a, b: raw.DynamicStitch(indices=[i, j], data=[a, b]), ["int32[?]", "int32[?]", f"{dtype}[?,2]", f"{dtype}[?,2]"], [([0, 3], [1, 2], rand(2, 2), rand(2, 2)), ([0, 1], [1, 2], rand(2, 2), rand(2, 2))])
case("GatherV2_string_batch", lambda x, i: raw.GatherV2(params=x, indices=i, axis=1, batch_dims=1), ["string[?,?]", "int32[?,?]"], [(rand(2, 4), [[3, 0], [1, 1]])])
case("GatherV2_axis_given_rank_3", lambda x, i, axis: raw.GatherV2(params=x, indices=i, axis=axis), [f"{F}[?,?,?]", "int32[?]", "int32[]"], [(rand(2, 3, 4), [1, 0], 1), (rand(2, 3, 4), [3], -1)], errors=[(rand(2, 3, 4), [3], 1)])
case("GatherV2_batch_outside", lambda x, i: raw.GatherV2(params=x, indices=i, axis=1, batch_dims=1), [f"{F}[?,?]", "int32[?,?]"], [(rand(2, 4), [[3, 0], [1, 1]])], errors=[(rand(2, 4), [[4], [0]]), (rand(2, 4), [[-1], [0]])])
case("GatherNd_outside", lambda x, i: raw.GatherNd(params=x, indices=i), [f"{F}[?,?]", "int32[?,2]"], [(rand(2, 3), [[0, 0]])], errors=[(rand(2, 3), [[2, 0]]), (rand(2, 3), [[0, -1]])])
for dtype in (*FLOATS, *INTS):
    scatter_nd = lambda i, u, shape: raw.ScatterNd(indices=i, updates=u, shape=shape)  # noqa: E731
    case(f"ScatterNd_{dtype}", scatter_nd, ["int32[?,2]", f"{dtype}[?]", "int32[2]"], [([[1, 0], [0, 2], [1, 0]], rand(3), [2, 3])], errors=[([[1, -1]], rand(1), [2, 3])])
    for op in ("TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin"):
        call = (lambda o: lambda x, i, u: getattr(raw, o)(tensor=x, indices=i, updates=u))(op)
        case(f"{op}_{dtype}", call, [f"{dtype}[?,2]", "int64[?,1]", f"{dtype}[?,2]"], [(rand(3, 2), [[2], [0], [2]], rand(3, 2))])
case("ScatterNd_constant_shape", lambda i, u: tf.scatter_nd(i, u, [5]), ["int32[?,1]", f"{F}[?]"], [([[4], [0]], rand(2))])
case("Where_rank_3", lambda c: raw.Where(condition=c), ["bool[?,?,?]"], [(rand(2, 3, 2),)])
case("Where_unknown_rank", lambda c: raw.Where(condition=c), ["int32[*]"], [([0, 3],), ([[1, 0], [0, -1]],)])
for dtype in INTS:
    case(f"InvertPermutation_{dtype}", lambda x: raw.InvertPermutation(x=x), [f"{dtype}[?]"], [([2, 0, 3, 1],), ([],)], errors=[([0, 0],), ([2, 0],)])
case("DynamicStitch_scalars", lambda a, b: tf.dynamic_stitch([2, [0, 1]], [a, b]), [f"{F}[3]", f"{F}[2,3]"], [(rand(3), rand(2, 3))])
case("boolean_mask_matrix", lambda x, mask: tf.boolean_mask(x, mask), [f"{F}[?,?]", "bool[?,?]"], [(rand(2, 3), rand(2, 3))])
case("one_hot_string", lambda i: tf.one_hot(i, 3, on_value="yes", off_value="no", dtype=tf.string), ["int32[?]"], [([0, 2, 5],)])
for dtype in (*INTS, "float64", "float16"):
    case(f"OneHot_{dtype}", (lambda t: lambda i: tf.one_hot(i, 3, dtype=tf.as_dtype(t)))(dtype), ["int64[?]"], [([0, 2, -1],)])
