"""Shapes: asking for them, changing them, building tensors from them."""

from cases import FLOATS, INTS, case, rand
from golden import tf

raw = tf.raw_ops
F = "float32"
ANY = f"{F}[?,?,?]"


def function(op, **attributes):
    return lambda x: getattr(raw, op)(input=x, **attributes)


# Shape, Size, Rank.
for out in INTS:
    case(f"Shape_{out}", function("Shape", out_type=tf.as_dtype(out)), [ANY], [(rand(2, 0, 3),), (rand(1, 2, 3),)])
    case(f"Size_{out}", function("Size", out_type=tf.as_dtype(out)), [ANY], [(rand(2, 0, 3),), (rand(1, 2, 3),)])
case("Shape_of_scalar", function("Shape"), [f"{F}[]"], [(rand(),)])
case("Shape_of_string", function("Shape"), ["string[?]"], [(rand(3),)])
case("Rank", function("Rank"), [f"{F}[*]"], [(rand(),), (rand(2, 3),)])
case("Rank_known", function("Rank"), [ANY], [(rand(1, 2, 3),)])
case("ShapeN", lambda x, z: list(raw.ShapeN(input=[x, z])), [f"{F}[?,?]", f"{F}[?]"], [(rand(2, 3), rand(4))])

# Reshape: with -1, with zero sizes, to shapes computed at run time.
reshape = lambda shape: lambda x: raw.Reshape(tensor=x, shape=shape)
case("Reshape_flatten", reshape([-1]), [ANY], [(rand(2, 3, 4),), (rand(0, 3, 4),)])
case("Reshape_infer", reshape([-1, 6]), [ANY], [(rand(2, 3, 4),), (rand(1, 3, 2),)], errors=[(rand(1, 1, 5),)])
case("Reshape_infer_middle", reshape([2, -1, 2]), [ANY], [(rand(2, 3, 4),)])
case("Reshape_to_scalar", reshape([]), [f"{F}[?]"], [(rand(1),)])
case("Reshape_zero_size", reshape([0, 3]), [ANY], [(rand(2, 0, 3),)])
case("Reshape_zero_infer", reshape([-1, 3]), [f"{F}[?,?]"], [(rand(0, 3),), (rand(0, 6),)])
case(
    "Reshape_given",
    lambda x, shape: raw.Reshape(tensor=x, shape=shape),
    [ANY, "int32[?]"],
    [(rand(2, 3, 4), [6, -1]), (rand(2, 3, 4), [24])],
)
case(
    "Reshape_given_int64",
    lambda x, shape: raw.Reshape(tensor=x, shape=shape),
    [ANY, "int64[?]"],
    [(rand(2, 3, 4), [4, 3, 2])],
)
case(
    "Reshape_zero_given",
    lambda x, shape: raw.Reshape(tensor=x, shape=shape),
    [f"{F}[?,?]", "int32[2]"],
    [(rand(0, 3), [3, 0]), (rand(2, 3), [3, 2])],
)
case("Reshape_like", lambda x, like: tf.reshape(x, tf.shape(like)), [f"{F}[?]", f"{F}[?,?]"], [(rand(6), rand(2, 3))])
case(
    "Reshape_keras_flatten",
    lambda x: tf.reshape(x, tf.stack([tf.shape(x)[0], 12])),
    [f"{F}[?,3,4]"],
    [(rand(2, 3, 4),), (rand(0, 3, 4),)],
)
case("Reshape_merge_leading", lambda x: tf.reshape(x, tf.concat([[-1], tf.shape(x)[2:]], 0)), [ANY], [(rand(2, 3, 4),)])
case("Reshape_string", reshape([-1]), ["string[?,?]"], [(rand(2, 2),)])


def expand(axis):
    return lambda x: raw.ExpandDims(input=x, axis=axis)


for axis in (0, 1, -1, -4):
    case(f"ExpandDims_{axis}".replace("-", "minus_"), expand(axis), [ANY], [(rand(2, 3, 4),)])
case(
    "ExpandDims_axis_given",
    lambda x, axis: raw.ExpandDims(input=x, axis=axis),
    [f"{F}[?,?]", "int32[]"],
    [(rand(2, 3), 0), (rand(2, 3), 1), (rand(2, 3), -1)],
)
case("ExpandDims_scalar", expand(0), [f"{F}[]"], [(rand(),)])
case("Squeeze_all", function("Squeeze"), [ANY], [(rand(1, 3, 1),), (rand(2, 3, 4),)])
case("Squeeze_known", function("Squeeze"), [f"{F}[?,1,3,1]"], [(rand(2, 1, 3, 1),)])
case("Squeeze_axis", function("Squeeze", axis=[1]), [ANY], [(rand(2, 1, 4),)], errors=[(rand(2, 3, 4),)])
case("Squeeze_axes", function("Squeeze", axis=[0, -1]), [ANY], [(rand(1, 3, 1),)])

# Pack, Unpack, Concat, Split.
pack = lambda axis: lambda a, b, c: raw.Pack(values=[a, b, c], axis=axis)
for axis in (0, 1, -1):
    case(f"Pack_{axis}".replace("-", "minus_"), pack(axis), [f"{F}[?,3]"] * 3, [(rand(2, 3), rand(2, 3), rand(2, 3))])
case("Pack_scalars", pack(0), ["int32[]"] * 3, [(1, 2, 3)])
case("Pack_one", lambda a: raw.Pack(values=[a]), [f"{F}[?]"], [(rand(3),)])
for axis in (0, 1, -1):
    unpack = lambda x, n=axis: list(raw.Unpack(value=x, num=3, axis=n))
    case(f"Unpack_{axis}".replace("-", "minus_"), unpack, [f"{F}[3,3,3]"], [(rand(3, 3, 3),)])
case("Unpack_strings", lambda x: list(raw.Unpack(value=x, num=2, axis=1)), ["string[?,2]"], [(rand(3, 2),)])

concat = lambda axis: lambda a, b, c: raw.ConcatV2(values=[a, b, c], axis=axis)
case("ConcatV2_0", concat(0), [f"{F}[?,3]"] * 3, [(rand(2, 3), rand(0, 3), rand(1, 3))])
case(
    "ConcatV2_1",
    concat(1),
    [f"{F}[?,?]"] * 3,
    [(rand(2, 3), rand(2, 1), rand(2, 2))],
    errors=[(rand(2, 3), rand(2, 1), rand(3, 2))],
)
case("ConcatV2_minus_1", concat(-1), ["int64[?,?,?]"] * 3, [(rand(2, 1, 3), rand(2, 1, 1), rand(2, 1, 2))])
case("ConcatV2_strings", concat(0), ["string[?]"] * 3, [(rand(2), rand(1), rand(0))])
case("ConcatV2_bools", concat(0), ["bool[?]"] * 3, [(rand(2), rand(1), rand(3))])
case(
    "ConcatV2_axis_given",
    lambda a, b, axis: raw.ConcatV2(values=[a, b], axis=axis),
    [f"{F}[?,?]", f"{F}[?,?]", "int32[]"],
    [(rand(2, 2), rand(2, 2), 0), (rand(2, 2), rand(2, 2), -1)],
)
case("Concat", lambda a, b: raw.Concat(concat_dim=1, values=[a, b]), [f"{F}[?,?]"] * 2, [(rand(2, 3), rand(2, 1))])

case("Split", lambda x: list(raw.Split(axis=1, value=x, num_split=3)), [f"{F}[?,6]"], [(rand(2, 6),), (rand(0, 6),)])
case(
    "Split_unknown",
    lambda x: list(raw.Split(axis=-1, value=x, num_split=2)),
    [ANY],
    [(rand(2, 3, 4),)],
    errors=[(rand(2, 3, 5),)],
)
case(
    "Split_axis_given",
    lambda axis, x: list(raw.Split(axis=axis, value=x, num_split=2)),
    ["int32[]", f"{F}[?,?]"],
    [(0, rand(2, 4)), (1, rand(2, 4))],
)
case(
    "SplitV",
    lambda x: list(raw.SplitV(value=x, size_splits=[2, 0, 3], axis=1, num_split=3)),
    [f"{F}[?,5]"],
    [(rand(2, 5),)],
)
case(
    "SplitV_rest",
    lambda x: list(raw.SplitV(value=x, size_splits=[1, -1], axis=0, num_split=2)),
    [f"{F}[?,2]"],
    [(rand(4, 2),), (rand(1, 2),)],
)
case(
    "SplitV_given",
    lambda x, sizes: list(raw.SplitV(value=x, size_splits=sizes, axis=0, num_split=2)),
    [f"{F}[?]", "int32[2]"],
    [(rand(4), [1, 3]), (rand(4), [4, 0])],
)

# Repetition and constants.
case("Tile", lambda x: raw.Tile(input=x, multiples=[2, 1, 3]), [ANY], [(rand(1, 2, 2),), (rand(0, 2, 2),)])
case(
    "Tile_given",
    lambda x, multiples: raw.Tile(input=x, multiples=multiples),
    [f"{F}[?,?]", "int32[2]"],
    [(rand(2, 3), [1, 2]), (rand(2, 3), [0, 1])],
)
case(
    "Tile_int64_multiples",
    lambda x, multiples: raw.Tile(input=x, multiples=multiples),
    ["int32[?,?]", "int64[2]"],
    [(rand(2, 3), [2, 2])],
)
case("Tile_string", lambda x: raw.Tile(input=x, multiples=[2]), ["string[?]"], [(rand(2),)])
case("repeat", lambda x: tf.repeat(x, 2, axis=1), [f"{F}[?,?]"], [(rand(2, 3),)])
case("repeat_given", lambda x, n: tf.repeat(x, n, axis=0), [f"{F}[?,2]", "int32[?]"], [(rand(3, 2), [1, 0, 2])])
case(
    "Fill",
    lambda dims, value: raw.Fill(dims=dims, value=value),
    ["int32[?]", f"{F}[]"],
    [([2, 3], 1.5), ([0], 1.0), ([], 2.0)],
)
case("Fill_by_batch", lambda x: tf.fill([tf.shape(x)[0], 2], 7), [f"{F}[?,?]"], [(rand(3, 1),), (rand(0, 1),)])
case("Fill_bool", lambda dims: tf.fill(dims, True), ["int64[?]"], [([2, 2],)])
case("zeros", lambda dims: tf.zeros(dims, tf.int64), ["int32[?]"], [([2, 3],)])
case(
    "Range_int32",
    lambda start, limit, delta: raw.Range(start=start, limit=limit, delta=delta),
    ["int32[]"] * 3,
    [(0, 5, 1), (5, 0, -2), (0, 0, 1), (1, 8, 3)],
    errors=[(0, 5, 0), (5, 0, 1)],
)
case("Range_int64", lambda start, limit: tf.range(start, limit), ["int64[]"] * 2, [(2, 6)])
case(
    "Range_float32",
    lambda start, limit, delta: raw.Range(start=start, limit=limit, delta=delta),
    ["float32[]"] * 3,
    [(0.0, 1.0, 0.25), (0.0, 1.1, 0.5)],
)
case("Range_of_length", lambda x: tf.range(tf.shape(x)[1]), [f"{F}[?,?]"], [(rand(1, 5),), (rand(1, 0),)])
case("LinSpace", lambda start, stop: tf.linspace(start, stop, 5), ["float32[]"] * 2, [(0.0, 1.0), (2.0, -2.0)])
case(
    "BroadcastTo",
    lambda x: raw.BroadcastTo(input=x, shape=[2, 3, 4]),
    [f"{F}[?,?]"],
    [(rand(3, 1),), (rand(1, 4),), (rand(3, 4),)],
)
case(
    "BroadcastTo_given",
    lambda x, shape: raw.BroadcastTo(input=x, shape=shape),
    [f"{F}[*]", "int32[?]"],
    [(rand(3), [2, 3]), (rand(), [2, 2]), (rand(1, 3), [0, 3])],
)
case(
    "BroadcastTo_int64_shape",
    lambda x, shape: raw.BroadcastTo(input=x, shape=shape),
    ["bool[?,1]", "int64[2]"],
    [(rand(2, 1), [2, 3])],
)
case("BroadcastArgs", lambda s0, s1: raw.BroadcastArgs(s0=s0, s1=s1), ["int32[?]"] * 2, [([2, 1, 3], [4, 1])])
for dtype in (*FLOATS, *INTS, "bool", "string"):
    case(f"ZerosLike_{dtype}", lambda x: raw.ZerosLike(x=x), [f"{dtype}[?,?]"], [(rand(2, 3),), (rand(0, 3),)])
    if dtype != "string":
        case(f"OnesLike_{dtype}", lambda x: raw.OnesLike(x=x), [f"{dtype}[?,?]"], [(rand(2, 3),), (rand(0, 3),)])
case("eye", lambda n: tf.eye(n), ["int32[]"], [(3,)])

# Order.
transpose = lambda perm: lambda x: raw.Transpose(x=x, perm=perm)
case("Transpose_reverse", transpose([2, 1, 0]), [ANY], [(rand(2, 3, 4),), (rand(0, 3, 4),)])
case("Transpose_heads", transpose([0, 2, 1, 3]), [f"{F}[?,?,2,3]"], [(rand(2, 4, 2, 3),)])
case(
    "Transpose_given",
    lambda x, perm: raw.Transpose(x=x, perm=perm),
    [ANY, "int32[3]"],
    [(rand(2, 3, 4), [1, 2, 0]), (rand(2, 3, 4), [0, 1, 2])],
)
case("transpose_default", lambda x: tf.transpose(x), [f"{F}[*]"], [(rand(2, 3),), (rand(2, 3, 4),)])
case("Transpose_string", transpose([1, 0]), ["string[?,?]"], [(rand(2, 3),)])
case("ReverseV2", lambda x: raw.ReverseV2(tensor=x, axis=[0, -1]), [ANY], [(rand(2, 3, 4),)])
case("ReverseV2_none", lambda x: raw.ReverseV2(tensor=x, axis=tf.zeros([0], tf.int32)), [ANY], [(rand(2, 3, 4),)])
case(
    "ReverseSequence",
    lambda x, lengths: raw.ReverseSequence(input=x, seq_lengths=lengths, seq_dim=1, batch_dim=0),
    [f"{F}[?,?,2]", "int32[?]"],
    [(rand(3, 4, 2), [1, 4, 2])],
)
case("Roll", lambda x: raw.Roll(input=x, shift=[1, -2], axis=[0, 1]), [f"{F}[?,?]"], [(rand(3, 4),)])
case("InvertPermutation", lambda x: raw.InvertPermutation(x=x), ["int32[?]"], [([2, 0, 1],)])

# Padding.
case("Pad", lambda x: raw.Pad(input=x, paddings=[[0, 0], [1, 2], [0, 1]]), [ANY], [(rand(2, 3, 1),), (rand(0, 1, 1),)])
case("Pad_int64", lambda x: raw.Pad(input=x, paddings=tf.constant([[1, 0]], tf.int64)), ["int64[?]"], [(rand(3),)])
case("Pad_bool", lambda x: raw.Pad(input=x, paddings=[[1, 1]]), ["bool[?]"], [(rand(3),)])
case(
    "PadV2",
    lambda x: raw.PadV2(input=x, paddings=[[1, 0], [0, 2]], constant_values=-1.5),
    [f"{F}[?,?]"],
    [(rand(2, 3),)],
)
case(
    "PadV2_given",
    lambda x, paddings, value: raw.PadV2(input=x, paddings=paddings, constant_values=value),
    [f"{F}[?,?]", "int32[2,2]", f"{F}[]"],
    [(rand(2, 3), [[1, 0], [0, 2]], 9.0), (rand(2, 3), [[0, 0], [0, 0]], 9.0)],
)
for mode in ("REFLECT", "SYMMETRIC"):
    mirror = lambda x, m=mode: raw.MirrorPad(input=x, paddings=[[0, 0], [2, 1], [1, 2]], mode=m)
    case(f"MirrorPad_{mode}", mirror, [ANY], [(rand(2, 3, 4),), (rand(1, 4, 3),)])
