"""Slice and StridedSlice with every mask."""

from cases import case, rand
from golden import tf

raw = tf.raw_ops
F = "float32"
CUBE = [(rand(4, 5, 6),)]
ANY = f"{F}[?,?,?]"


def cut(expression):
    """The Python slice `expression` of x, as TensorFlow lowers it."""
    return lambda x: eval(f"x[{expression}]", {"x": x, "tf": tf})


EXPRESSIONS = {
    "one": "1",
    "minus_one": "-1",
    "two": "1, 2",
    "all_indices": "1, -2, 3",
    "range": "1:3",
    "open_start": ":2",
    "open_end": "2:",
    "negative_bounds": "-3:-1",
    "step": "::2",
    "step_from": "1::3",
    "reverse": "::-1",
    "reverse_range": "3:0:-2",
    "reverse_open_end": "2::-1",
    "out_of_bounds": "1:100",
    "out_of_bounds_below": "-100:2",
    "empty": "3:1",
    "ellipsis": "..., 1",
    "ellipsis_in_the_middle": "1, ..., 2:4",
    "ellipsis_of_nothing": "1, 2, 3, ...",
    "ellipsis_alone": "...",
    "new_axis": "tf.newaxis",
    "new_axis_in_the_middle": ":, tf.newaxis, 1",
    "new_axis_after_ellipsis": "..., tf.newaxis",
    "everything": "1, ..., tf.newaxis, ::-2",
    "mixed": "1:3, -1, ::2",
    "last_step": ":, -1, :",
    "all_but_last": ":, :-1",
}
for name, expression in EXPRESSIONS.items():
    case(f"x_{name}", cut(expression), [ANY], CUBE)
for name in ("range", "reverse", "mixed", "minus_one"):
    for dtype in ("int32", "int64", "bool", "string", "float64", "uint8"):
        case(f"x_{name}_{dtype}", cut(EXPRESSIONS[name]), [f"{dtype}[?,?,?]"], [(rand(4, 3, 3),)])
case("known_shape", cut("0, 1:3, ::-1"), [f"{F}[4,5,6]"], CUBE)
case("batch_only", cut("0:2"), [f"{F}[?]"], [(rand(4),), (rand(1),), (rand(0),)])
case("one_out_of_bounds", cut("7"), [f"{F}[?]"], [(rand(8),)], errors=[(rand(4),)])
case("unknown_rank", cut("1:, ..., 0"), [f"{F}[*]"], [(rand(3, 4),), (rand(3, 4, 2, 2),)])

# The masks as attributes, where begin and end hold values that the masks must make irrelevant.
MASKS = {
    "begin_mask": {"begin_mask": 0b011},
    "end_mask": {"end_mask": 0b101},
    "begin_and_end_mask": {"begin_mask": 0b111, "end_mask": 0b111},
    "shrink_mask": {"shrink_axis_mask": 0b010},
    "shrink_two": {"shrink_axis_mask": 0b101},
    "begin_and_shrink_mask": {"begin_mask": 0b010, "shrink_axis_mask": 0b001},
}
for name, masks in MASKS.items():
    strided = lambda x, masks=masks: raw.StridedSlice(
        input=x, begin=[1, 2, 0], end=[3, 4, 5], strides=[1, 1, 2], **masks
    )
    case(name, strided, [ANY], CUBE)
case(
    "new_axis_mask",
    lambda x: raw.StridedSlice(input=x, begin=[0, 9, 1], end=[2, 9, 3], strides=[1, 9, 1], new_axis_mask=0b010),
    [ANY],
    CUBE,
)
case(
    "ellipsis_mask",
    lambda x: raw.StridedSlice(input=x, begin=[1, 9, 2], end=[3, 9, 4], strides=[1, 9, 1], ellipsis_mask=0b010),
    [ANY],
    CUBE,
)

strided_given = lambda x, begin, end, strides: raw.StridedSlice(input=x, begin=begin, end=end, strides=strides)
case(
    "bounds_given",
    strided_given,
    [f"{F}[?,?]", "int32[2]", "int32[2]", "int32[2]"],
    [(rand(4, 5), [1, 0], [3, 5], [1, 2]), (rand(4, 5), [-1, 4], [-4, 0], [-1, -2])],
    errors=[(rand(4, 5), [0, 0], [1, 1], [1, 0])],
)
case(
    "bounds_given_int64",
    strided_given,
    [f"{F}[?,?]", "int64[1]", "int64[1]", "int64[1]"],
    [(rand(4, 5), [1], [3], [1])],
)
case("index_given", lambda x, i: x[i], [f"{F}[?,3]", "int32[]"], [(rand(4, 3), 2), (rand(4, 3), -1)])
case(
    "up_to_given", lambda x, n: x[:, :n], [f"{F}[?,?]", "int32[]"], [(rand(2, 5), 3), (rand(2, 5), 0), (rand(2, 5), -1)]
)
case("shape_dimension", lambda x: tf.shape(x)[1], [ANY], CUBE)
case("shape_tail", lambda x: tf.shape(x)[1:], [ANY], CUBE)

case("Slice", lambda x: raw.Slice(input=x, begin=[1, 0, 2], size=[2, -1, 3]), [ANY], CUBE, errors=[(rand(2, 5, 6),)])
case("Slice_empty", lambda x: raw.Slice(input=x, begin=[1, 0, 2], size=[0, -1, 3]), [ANY], CUBE)
case(
    "Slice_given",
    lambda x, begin, size: raw.Slice(input=x, begin=begin, size=size),
    [f"{F}[?,?]", "int32[2]", "int32[2]"],
    [(rand(4, 5), [1, 2], [2, 2]), (rand(4, 5), [0, 4], [-1, -1])],
)
case(
    "Slice_int64",
    lambda x, begin, size: raw.Slice(input=x, begin=begin, size=size),
    ["int64[?]", "int64[1]", "int64[1]"],
    [(rand(4), [1], [2])],
)
case("Slice_string", lambda x: raw.Slice(input=x, begin=[1], size=[-1]), ["string[?]"], [(rand(4),)])
case(
    "TensorStridedSliceUpdate",
    lambda x, value: raw.TensorStridedSliceUpdate(input=x, begin=[1], end=[3], strides=[1], value=value),
    [f"{F}[?,2]", f"{F}[?,2]"],
    [(rand(4, 2), rand(2, 2))],
)
