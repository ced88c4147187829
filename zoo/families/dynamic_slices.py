"""XLA's slices at places that a request brings, in and out of bounds."""

from cases import case, rand
from golden import tf
from tensorflow.compiler.tf2xla.python import xla

PLACES = ([0, 0], [1, 2], [5, 5], [-3, 1])

for dtype in ("float32", "float64", "int32", "int64", "bool"):
    case(f"slice_{dtype}", lambda x, start: xla.dynamic_slice(x, start, [2, 3]), [f"{dtype}[?,5]", "int32[2]"], [(rand(4, 5), at) for at in PLACES])
    case(f"update_{dtype}", lambda x, y, start: xla.dynamic_update_slice(x, y, start), [f"{dtype}[?,5]", f"{dtype}[?,3]", "int32[2]"], [(rand(4, 5), rand(2, 3), at) for at in PLACES])
case(
    "cache",
    lambda cache, step, at: xla.dynamic_update_slice(cache, step, tf.stack([0, 0, at, 0])),
    ["float32[?,2,6,3]", "float32[?,2,1,3]", "int32[]"],
    [(rand(2, 2, 6, 3), rand(2, 2, 1, 3), at) for at in (0, 4, 5, 9)],
)
case("slice_by_int64", lambda x, start: xla.dynamic_slice(x, start, [2]), ["float32[6]", "int64[1]"], [(rand(6), [3])])
