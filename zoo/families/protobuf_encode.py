"""Protocol buffers put together."""

import numpy as np
from cases import case
from golden import tf
from protobuf_schema import DTYPES, KINDS, VALUES, WIDE, decode, encode, use

use("protobuf_encode")
ENCODED = dict(VALUES, double=[1.5, -0.0, 2.0], float=[0.5, np.inf, -1], string=[b"a", "zoé".encode(), b""], bytes=[b"\x00\xff", b"", b"b"], bool=[1, 0, 1])
for package in ("two", "three"):
    for name in ("Single", "Many", "Packed", "Unpacked"):
        for kind in KINDS:
            for dtype in sorted({DTYPES[kind], WIDE[KINDS.index(kind)]}) if name in ("Many", "Packed") and package == "two" else [DTYPES[kind]] if (name, kind) in (("Packed", "int32"), ("Many", "int32"), ("Unpacked", "float"), ("Single", "string")) else []:
                v = (list(ENCODED[kind]) * 3)[:3]
                case(f"encode_{package}_{name}_{kind}_{dtype}", (lambda n, k: lambda sizes, values: encode(n, [k])(sizes, values))(f"{package}.{name}", kind), ["int32[?,1]", f"{dtype}[?,3]"], [([[3], [1], [0]], [v, v[::-1], v])], errors=[([[4]], [v]), ([[1], [1]], [v])] if kind == "int32" else [])
case("encode_several", lambda sizes, a, b, c: encode("two.Many", ["string", "int32", "inner"])(sizes, a, b, c), ["int32[?,?,3]", "string[?,?,?]", "int32[?,?,?]", "string[?,?,?]"], [([[[1, 2, 0], [0, 1, 1]]], [[[b"a"], [b"b"]]], [[[1, 2], [3, 4]]], [[[b"\x08\x01"], [b""]]]), (np.zeros([0, 2, 3]), np.zeros([0, 2, 1], object), np.zeros([0, 2, 1]), np.zeros([0, 2, 1], object))], errors=[([[[1, 1, 1]]], [[[b"a"]]], [[[1], [2]]], [[[b""]]])])
case("encode_groups", lambda sizes, a: encode("two.Grouped", ["part"])(sizes, a), ["int32[?,1]", "string[?,?]"], [([[2]], [[b"\x08\x01", b""]])])
case("encode_wrong_dtype", lambda sizes, a: encode("two.Inner", ["a"])(sizes, a), ["int32[?,1]", "float32[?,?]"], [], errors=[([[1]], [[1.0]])])
case("encode_wrong_rank", lambda sizes, a: encode("two.Inner", ["a"])(sizes, a), ["int32[*]", "int32[*]"], [([[1]], [[1]])], errors=[([1], [1]), (1, 1)])
case("encode_wrong_field", lambda sizes, a: encode("two.Inner", ["c"])(sizes, a), ["int32[?,1]", "int32[?,?]"], [], errors=[([[1]], [[1]])])
case("there_and_back", lambda x, y: decode(encode("three.Inner", ["a", "b"])(tf.ones_like(tf.concat([x, x], 1)), x, y), "three.Inner", ["b", "a"], ["string", "int32"]), ["int32[?,1]", "string[?,1]"], [([[1], [-2]], [[b"a"], [b""]])])
