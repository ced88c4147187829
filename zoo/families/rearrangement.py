"""Moving, repeating, cutting and joining tensors of every dtype, with amounts known early and late."""

import numpy as np
from cases import FLOATS, INTS, case, rand
from golden import tf

raw = tf.raw_ops
F = "float32"
MANY = (F, "int64", "bool", "string", "uint8", "int16", "bfloat16", "complex64")



def moved(x):
    return [tf.reverse(x, [0, -1]), tf.roll(x, [1, -2], [0, 1]), tf.tile(x, [2, 1]), tf.transpose(x), x[:, tf.newaxis], tf.reshape(x, [-1])]


def cut(x):
    known = tf.ensure_shape(x, [None, 3])
    slices = [x[1:, ::-1], x[..., -1], tf.slice(x, [0, 1], [-1, 2])]
    return [*slices, tf.roll(known, [5], [1]), tf.broadcast_to(x, [2, 2, 3]), tf.squeeze(tf.expand_dims(x, 1), 1)]


def joined(x, y):
    both = tf.concat([x, y], 1)
    return [*tf.split(both, 2, axis=1), *tf.unstack(tf.stack([x, x], axis=1), 2, axis=1)]


def padded(x):
    return [tf.pad(x, [[1, 0], [0, 2]]), tf.pad(x, [[1, 1], [2, 0]], "REFLECT"), tf.pad(x, [[1, 1], [2, 0]], "SYMMETRIC")]


for dtype in MANY:
    one, two = [f"{dtype}[?,?]"], [f"{dtype}[?,?]"] * 2
    case(f"moved_{dtype}", lambda x: moved(x), one, [(rand(2, 3),), (rand(0, 3),)])
    case(f"cut_{dtype}", lambda x: cut(x), one, [(rand(2, 3),)])
    case(f"joined_{dtype}", lambda x, y: joined(x, y), two, [(rand(2, 3), rand(2, 1))])
    case(f"select_{dtype}", lambda c, x, y: tf.where(c, x, y), ["bool[?,1]", *two], [(rand(2, 1), rand(2, 3), rand(1, 3))])
    case(f"ReverseSequence_{dtype}", lambda x, n: tf.reverse_sequence(x, n, seq_axis=1, batch_axis=0), [*one, "int64[?]"], [(rand(2, 3), [2, 3]), (rand(0, 3), [])])
    if dtype not in ("string", "complex64"):
        case(f"padded_{dtype}", lambda x: padded(x), one, [(rand(2, 3),)], errors=[(rand(2, 1),)] if dtype == F else ())
    if dtype != "complex64":
        case(f"fill_{dtype}", lambda n, x: tf.fill(n, x), ["int32[?]", f"{dtype}[]"], [([2, 3], rand()), ([0], rand())])
case("PlaceholderWithDefault", lambda x: raw.PlaceholderWithDefault(input=x, shape=[None, None]), [f"{F}[?,?]"], [(rand(2, 3),)])
for dtype in ("int32", "int64", "float32", "float64", "int16", "float16", "bfloat16"):
    number = lambda start, limit, delta: raw.Range(start=start, limit=limit, delta=delta)  # noqa: E731
    if dtype != "int16":
        case(f"Range_{dtype}", number, [f"{dtype}[]"] * 3, [(1, 8, 3), (5, 0, -2), (2, 2, 1)], errors=[(0, 5, 0), (5, 0, 1), (0, 5, -1)])
    if dtype in FLOATS:
        case(f"LinSpace_{dtype}", lambda a, b, n: raw.LinSpace(start=a, stop=b, num=n), [f"{dtype}[]", f"{dtype}[]", "int32[]"], [(0, 1, 7), (2, -3, 1), (0.1, 0.7, 3)], errors=[(0, 1, 0)])

# Amounts that come with the request.
case("ReverseV2_given", lambda x, axis: raw.ReverseV2(tensor=x, axis=axis), [f"{F}[?,?]", "int32[?]"], [(rand(2, 3), [1]), (rand(2, 3), [0, -1]), (rand(2, 3), [])], errors=[(rand(2, 3), [2]), (rand(2, 3), [0, 0])])
case("Reverse_flags", lambda x, dims: raw.Reverse(tensor=x, dims=dims), [f"{F}[?,?]", "bool[2]"], [(rand(2, 3), [True, False])])
for dtype in ("float32", "string", "bool", "bfloat16", "complex64", "uint8"):
    values = np.array([[b"a", b"b", b"c"], [b"d", b"e", b"f"]], object) if dtype == "string" else rand(2, 3)
    case(f"roll_by_{dtype}", lambda x, shift: tf.roll(x, [shift, -shift], [0, 1]), [f"{dtype}[?,?]", "int32[]"], [(values, 1), (values, -5), (values, 6)])
case("roll_open", lambda x: tf.roll(x, [2, -7], [1, 1]), [f"{F}[?,?]"], [(rand(2, 3),), (rand(0, 3),), (rand(2, 0),), (rand(1, 5),)])
case("roll_given", lambda x, shift, axis: tf.roll(x, shift, axis), [f"{F}[?,?]", "int32[]", "int32[]"], [(rand(2, 3), 4, 1), (rand(2, 3), -1, -1)])
case("transpose_strings_given", lambda x, perm: tf.transpose(x, perm), ["string[?,?,?]", "int32[3]"], [(rand(2, 3, 1), [2, 0, 1])], errors=[(rand(2, 3, 1), [0, 0, 1])])
case("mirror_given", lambda x, paddings: tf.pad(x, paddings, "SYMMETRIC"), [f"{F}[?,?]", "int32[2,2]"], [(rand(2, 3), [[2, 1], [0, 3]])], errors=[(rand(2, 3), [[3, 0], [0, 0]])])
case("pad_given_negative", lambda x, paddings: tf.pad(x, paddings), [f"{F}[?]", "int32[1,2]"], [(rand(3), [[1, 2]])], errors=[(rand(3), [[-1, 0]])])
case("concat_given_strings", lambda x, y, axis: tf.concat([x, y], axis), ["string[?,?]", "string[?,?]", "int32[]"], [(rand(2, 2), rand(2, 2), 1), (rand(2, 2), rand(1, 2), 0)], errors=[(rand(2, 2), rand(1, 2), 1)])
case("split_given_sizes", lambda x, sizes, axis: tf.split(x, sizes, axis, num=2), [f"{F}[?,?]", "int32[2]", "int32[]"], [(rand(2, 4), [1, 3], 1), (rand(2, 4), [-1, 1], 0)])
case("split_sizes_rest", lambda x, sizes: tf.split(x, sizes, 1, num=3), [f"{F}[?,?]", "int64[3]"], [(rand(2, 6), [1, -1, 2]), (rand(2, 6), [1, 2, 3])], errors=[(rand(2, 6), [1, 2, 4])])
case("slice_given", lambda x, begin, size: tf.slice(x, begin, size), ["string[?,?]", "int32[2]", "int32[2]"], [(rand(3, 4), [1, 0], [2, -1])], errors=[(rand(3, 4), [2, 0], [2, -1])])
case("slice_given_outside", lambda x, begin, size: tf.slice(x, begin, size), [f"{F}[?,?]", "int32[2]", "int32[2]"], [(rand(3, 4), [1, 0], [2, -1])], errors=[(rand(3, 4), [2, 0], [2, -1]), (rand(3, 4), [-1, 0], [1, 1])])
case("slice_unknown_rank", lambda x, begin, size: tf.slice(x, begin, size), [f"{F}[*]", "int32[?]", "int32[?]"], [(rand(3, 4), [1, 0], [2, -1]), (rand(3), [0], [2])])
MASKS = {"ellipsis": {"ellipsis_mask": 0b10, "begin_mask": 0b1}, "new_axis": {"new_axis_mask": 0b1, "end_mask": 0b10}, "shrink": {"shrink_axis_mask": 0b1}, "both": {"begin_mask": 0b11, "end_mask": 0b11}}
for name, masks in MASKS.items():
    sliced = (lambda m: lambda x, begin, end, strides: raw.StridedSlice(input=x, begin=begin, end=end, strides=strides, **m))(masks)
    case(f"strided_given_{name}", sliced, [f"{F}[?,?,?]", "int32[2]", "int32[2]", "int32[2]"], [(rand(3, 4, 5), [1, 0], [2, 3], [1, 2])] + ([] if name == "shrink" else [(rand(3, 4, 5), [2, -1], [0, -9], [-1, -2])]))
for text in ("::-1, ::-2", "-1:0:-1, 1", "::-1, ..., 1:-1", "1::2, -2::-1"):
    cut = (lambda t: lambda x: eval(f"x[{t}]", {"x": x}))(text)  # noqa: S307
    case("cut_" + "".join(c if c.isalnum() else "_" for c in text), cut, [f"{F}[?,?,?]"], [(rand(4, 5, 3),), (rand(1, 2, 3),), (rand(3, 3, 0),)])
case("TensorStridedSliceUpdate_steps", lambda x, value: raw.TensorStridedSliceUpdate(input=x, begin=[3, 0], end=[0, 9], strides=[-2, 1], value=value, end_mask=0b10), ["int32[?,?]", "int32[?,?]"], [(rand(4, 2), rand(2, 2)), (rand(4, 2), rand(1, 2))])
case("ensure_unknown_rank", lambda x: tf.ensure_shape(x, [None, 2]), [f"{F}[*]"], [(rand(3, 2),)], errors=[(rand(3),), (rand(2, 3),)])
case("BroadcastArgs_int64", lambda a, b: raw.BroadcastArgs(s0=a, s1=b), ["int64[?]"] * 2, [([2, 1], [3]), ([], [4])], errors=[([2], [3])])
case("meshgrid", lambda x, y: tf.meshgrid(x, y), [f"{F}[?]"] * 2, [(rand(2), rand(3))])
case("repeat_given", lambda x, n: tf.repeat(x, n, axis=1), ["string[?,?]", "int32[?]"], [(rand(2, 3), [2, 0, 1])])
case("sequence_mask", lambda n: tf.sequence_mask(n, 5), ["int32[?]"], [([1, 5, 0],)])
case("sequence_mask_open", lambda n: tf.sequence_mask(n), ["int64[?]"], [([1, 4, 0],)])
case("space_of_shape", lambda x: tf.ones(tf.concat([tf.shape(x)[:1], [2]], 0), tf.float64), [f"{F}[?,?]"], [(rand(3, 1),), (rand(0, 1),)])
