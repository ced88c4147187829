"""Integers as bits, casts that look at bits, and running sums and products."""

import numpy as np
from cases import EDGE_COLUMN, EDGE_ROW, EDGES, case, nonzero, rand
from golden import tf

raw = tf.raw_ops
INTEGER = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def binary(op):
    return lambda x, y: getattr(raw, op)(x=x, y=y)


for dtype in INTEGER:
    for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        case(f"{op}_{dtype}", binary(op), [f"{dtype}[?,?]"] * 2, [(EDGE_COLUMN, EDGE_ROW)])
    # Counts outside of the width of the type are moved to its ends.
    width = np.dtype(dtype).itemsize * 8
    counts = [[0, 1, width // 2, width - 1, width, 100]]
    for op in ("LeftShift", "RightShift"):
        case(f"{op}_{dtype}", binary(op), [f"{dtype}[?,?]"] * 2, [(EDGE_COLUMN, counts)])
    case(f"Invert_{dtype}", lambda x: raw.Invert(x=x), [f"{dtype}[?]"], [(EDGES,)])
    case(f"PopulationCount_{dtype}", lambda x: raw.PopulationCount(x=x), [f"{dtype}[?]"], [(EDGES,), ([],)])

BITCASTS = [
    ("float32", "int32"),
    ("float64", "int64"),
    ("float32", "uint8"),
    ("int64", "int32"),
    ("float16", "uint16"),
    ("bfloat16", "int16"),
    ("uint8", "int8"),
]
for source, target in BITCASTS:
    cast = (lambda t: lambda x: tf.bitcast(x, tf.as_dtype(t)))(target)
    case(f"Bitcast_{source}_{target}", cast, [f"{source}[?,?]"], [(rand(2, 3),), (rand(0, 3),)])
case("Bitcast_uint8_float32", lambda x: tf.bitcast(x, tf.float32), ["uint8[?,4]"], [(rand(2, 4, low=0, high=127),)])
case("Bitcast_int32_int64", lambda x: tf.bitcast(x, tf.int64), ["int32[?,2]"], [(rand(3, 2),)])
for source in ("float32", "float64", "int32", "int64"):
    for target in ("uint8", "int8", "int16", "int32", "uint16"):
        values = [-1e6, -129, -5, 0, 127.5, 200, 254, 300, 40000, 1e6] if source.startswith("float") else [-1000000, -129, -5, 0, 127, 200, 254, 300, 40000, 1000000]
        saturate = (lambda t: lambda x: tf.saturate_cast(x, tf.as_dtype(t)))(target)
        case(f"saturate_cast_{source}_{target}", saturate, [f"{source}[?]"], [(values,)])

for dtype in ("float32", "float64", "int32", "int64", "float16", "uint8", "int16"):
    for exclusive in (False, True):
        for reverse in (False, True):
            suffix = f"{'_exclusive' if exclusive else ''}{'_reverse' if reverse else ''}_{dtype}"
            if (exclusive or reverse) and dtype not in ("float32", "int64"):
                continue
            for op in ("Cumsum", "Cumprod"):
                if op == "Cumprod" and dtype in ("float16",):
                    continue
                call = (lambda o, e, r: lambda x: getattr(raw, o)(x=x, axis=1, exclusive=e, reverse=r))(op, exclusive, reverse)
                case(f"{op}{suffix}", call, [f"{dtype}[?,?,2]"], [(nonzero(2, 3, 2),), (rand(0, 3, 2),)])
    if dtype in ("float32", "float64"):
        for exclusive in (False, True):
            call = (lambda e: lambda x: raw.CumulativeLogsumexp(x=x, axis=-1, exclusive=e, reverse=e))(exclusive)
            case(f"CumulativeLogsumexp{'_exclusive_reverse' if exclusive else ''}_{dtype}", call, [f"{dtype}[?,?]"], [(rand(2, 4),), ([[1000.0, 1001.0, -1000.0]],)])
case("Cumprod_axis_given", lambda x, axis: raw.Cumprod(x=x, axis=axis), ["float32[?,?]", "int32[]"], [(rand(2, 4), 0), (rand(2, 4), -1)], errors=[(rand(2, 4), 2)])
