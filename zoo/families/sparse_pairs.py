"""The greater and lesser of two sparse tensors, and ragged rows that are filled."""

import numpy as np
from cases import case
from golden import tf

raw = tf.raw_ops
POSITIONS = [[0, 1], [1, 0], [2, 2]]
SHAPE = [3, 4]

for dtype in ("float32", "string", "int32", "int64", "bool", "float64", "float16", "complex64"):
    v = [b"a", b"b", b"c"] if dtype == "string" else [1, 1, 0]
    d = b"-" if dtype == "string" else 1
    rows = lambda i, v, n, d: list(raw.RaggedFillEmptyRows(value_rowids=i, values=v, nrows=n, default_value=d))
    case(f"ragged_fill_{dtype}", rows, ["int64[?]", f"{dtype}[?]", "int64[]", f"{dtype}[]"], [([1, 1, 3], v, 5, d), ([0, 1, 2], v, 3, d), ([], v[:0], 2, d), ([], v[:0], 0, d)], errors=[([0, 1, 5], v, 3, d), ([0, 1], v, 3, d), ([0, 0, 0], v, 0, d), ([0, -1, 0], v, 2, d)])
case("ragged_fill_unordered", lambda i, v: list(raw.RaggedFillEmptyRows(value_rowids=i, values=v, nrows=4, default_value=0)), ["int64[?]", "int32[?]"], [([3, 0, 3], [1, 2, 3])])

NAMES = "a_indices a_values a_shape b_indices b_values b_shape".split()
for dtype in ("float32", "float64", "float16", "bfloat16", "int8", "uint8", "int16", "uint16", "int32", "int64", "uint32", "uint64"):
    first = [7, 1, 200 if dtype[0] == "u" else -3] if dtype != "uint64" else [7, 1, 2**63 + 3]
    second = [2, 5] if dtype[0] == "u" else [-2, 5]
    for op in ("Maximum", "Minimum"):
        f = (lambda op: lambda i, v, s, j, w, t: list(getattr(raw, f"SparseSparse{op}")(**dict(zip(NAMES, (i, v, s, j, w, t))))))(op)
        case(f"{op}_{dtype}", f, ["int64[?,2]", f"{dtype}[?]", "int64[2]"] * 2, [(POSITIONS, first, SHAPE, [[0, 0], [2, 2]], second, SHAPE), (np.zeros([0, 2]), [], SHAPE, [[0, 0], [2, 2]], second, SHAPE)], errors=[(POSITIONS, first, SHAPE, [[0, 0], [2, 2]], second, [3, 5]), (POSITIONS, first[:2], SHAPE, [[0, 0]], second[:1], SHAPE)])
case("Maximum_errors", lambda i, v, s, j, w, t: list(raw.SparseSparseMaximum(**dict(zip(NAMES, (i, v, s, j, w, t))))), ["int64[?,?]", "float32[?]", "int64[?]"] * 2, [([[0]], [1], [2], [[1]], [-1], [2])], errors=[([[0]], [1], [2], [[1, 1]], [-1], [2, 2])])

