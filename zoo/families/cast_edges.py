"""Casts of values that the target cannot hold, and to and from every rarer dtype."""

import numpy as np
from cases import case, rand
from golden import tf

raw = tf.raw_ops
# What floats out of range become is for the processor to say; these are the targets for which it says one thing.
INTEGER = ("int8", "int16", "int32", "int64", "uint8", "uint16")


def to(targets):
    return lambda x: {t: raw.Cast(x=x, DstT=tf.as_dtype(t)) for t in targets}


OUTSIDE = [np.nan, np.inf, -np.inf, 3e9, -3e9, 300.5, -300.5, 70000.0, -1.0, -0.5, 1e19, -1e19, 2147483648.0]
for source in ("float32", "float64"):
    case(f"outside_{source}", to(INTEGER), [f"{source}[?]"], [(OUTSIDE,)])
for source in ("float16", "bfloat16"):
    targets = INTEGER if source == "float16" else ("int32", "int64")
    case(f"outside_{source}", to(targets), [f"{source}[?]"], [([np.nan, np.inf, -np.inf, 300.0, -300.0, 60000.0, -1.0, -0.5],)])
for source in ("float32", "float64", "float16", "bfloat16"):
    case(f"negative_{source}", to(("uint32", "uint64")), [f"{source}[?]"], [([-1.0, -0.5, -7.5, 3.0],)])
for source in ("complex64", "complex128"):
    case(f"from_{source}", to(("float32", "float64", "int32", "complex64", "complex128", "bool")), [f"{source}[?]"], [(rand(3),), ([0j, 1j, 1 + 0j],)])
for source in ("float64", "int64", "bool", "uint8", "float16"):
    case(f"to_complex_{source}", to(("complex64", "complex128")), [f"{source}[?]"], [(rand(3),)])
