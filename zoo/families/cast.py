"""Cast between all numeric types and bool. One signature per source: an output for each target."""

import numpy as np
from cases import case, rand
from golden import tf

raw = tf.raw_ops
FLOATING = ("float32", "float64", "float16", "bfloat16")
INTEGER = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
TYPES = (*FLOATING, *INTEGER, "bool")


def to(targets, truncate=False):
    return lambda x: {t: raw.Cast(x=x, DstT=tf.as_dtype(t), Truncate=truncate) for t in targets}


for source in TYPES:
    dtype = tf.as_dtype(source)
    if source == "bool":
        targets, values = TYPES, [[True, False]]
    elif source in INTEGER:
        # Narrowing wraps around: extremes go to integers and floats alike.
        targets, values = TYPES, [sorted({0, 1, dtype.max, dtype.min, dtype.max // 3, 100})]
    else:
        targets, values = (
            ("int8", "int16", "int32", "int64", "bool", *FLOATING),
            [[0.0, -0.0, 0.5, -0.5, 0.99, 1.5, -1.5, 2.5, 100.7, -100.7]],
        )
    case(f"from_{source}", to(targets), [f"{source}[?]"], [*[(v,) for v in values], (rand(3),)])

# Out of range and not a number: only targets whose answer is defined.
case(
    "float_edges",
    to(("float64", "float16", "bfloat16", "bool")),
    ["float32[?]"],
    [([np.nan, np.inf, -np.inf, 1e30, -1e-30, 65504, 65520, 3.38e38],)],
)
case(
    "double_edges",
    to(("float32", "float16", "bool")),
    ["float64[?]"],
    [([np.nan, np.inf, -np.inf, 1e300, 1e-300, 1 / 3],)],
)
case(
    "half_rounding",
    to(("float16", "bfloat16")),
    ["float32[?]"],
    [([1.0009765625, 1.00048828125, 1.0014648, 2049.0, 2051.0, 0.1, 1 / 3],)],
)
case("bfloat16_truncate", to(("bfloat16",), truncate=True), ["float32[?]"], [([0.1, 1 / 3, 1.00390625, 1.01],)])
case("unsigned_from_float", to(("uint8", "uint16", "uint32", "uint64")), ["float32[?]"], [([0.0, 0.9, 1.5, 200.4],)])
case("int64_to_float_rounds", to(("float32", "float64")), ["int64[?]"], [([2**24 + 1, 2**53 + 1, -(2**24) - 1],)])
case("same_type", to(("float32",)), ["float32[?,?]"], [(rand(2, 3),)])
case(
    "complex",
    lambda x: {"complex64": tf.cast(x, tf.complex64), "back": tf.cast(tf.cast(x, tf.complex64), tf.float32)},
    ["float32[?]"],
    [(rand(3),)],
)
case("Bitcast", lambda x: tf.bitcast(x, tf.int32), ["float32[?]"], [([0.0, -0.0, 1.0, np.inf],)])
case("saturate_cast", lambda x: tf.saturate_cast(x, tf.uint8), ["float32[?]"], [([-5.0, 0.0, 254.6, 300.0],)])
