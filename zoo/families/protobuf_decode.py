"""Protocol buffers taken apart."""

import numpy as np
from cases import case
from golden import tf
from protobuf_schema import ALL, KINDS, SOURCE, WIDE, decode, filled, use

use("protobuf_decode")
for package in ("two", "three"):
    for name in ("Single", "Many", "Packed", "Unpacked"):
        bytes_ = filled(f"{package}.{name}").SerializeToString()
        some = filled(f"{package}.{name}", KINDS[::3]).SerializeToString()
        case(f"decode_{package}_{name}", (lambda n: lambda x: decode(x, n, KINDS, ALL))(f"{package}.{name}"), ["string[?]"], [([bytes_, some, b""],), ([b""],)], errors=[([b"\xff"],), ([bytes_[:-3]],), (np.zeros([0], object),), ([bytes_, b"\x0a\x05a"],), ([b"\x03"],), ([b"\x0c"],)])
        case(f"decode_{package}_{name}_sanitized", (lambda n: lambda x: decode(x, n, KINDS, ALL, sanitize=True))(f"{package}.{name}"), ["string[?,?]"], [([[bytes_, some]],)], errors=[([[b"\xff"]],)])
        case(f"decode_{package}_{name}_wide", (lambda n: lambda x: decode(x, n, KINDS, WIDE))(f"{package}.{name}"), ["string[]"], [(bytes_,)])
case("decode_defaults", lambda x: decode(x, "two.Defaults", KINDS, ALL), ["string[?]"], [([b"", filled("two.Defaults", KINDS[:4]).SerializeToString()],)])
case("decode_in_other_order", lambda x: decode(x, "two.Many", ["string", "double", "int32"], ["string", "float64", "int32"]), ["string[2,?]"], [([[filled("two.Many").SerializeToString()], [b""]],)])
case("decode_messages", lambda x: decode(x, "two.Many", ["inner"], ["string"]), ["string[?]"], [([b"\xf2\x01\x02\x08\x05\xf2\x01\x00", b""],)])
case("decode_no_fields", lambda x: decode(x, "two.Many", [], []), ["string[?]"], [([b"", b""],)])
case("decode_twice_given", lambda x: {**decode(x, "two.Single", ["int32", "inner"], ["int32", "string"]), **{f"s_{k}": v for k, v in decode(x, "two.Single", ["int32", "inner"], ["int32", "string"], sanitize=True).items()}}, ["string[]"], [(b"\x28\x01\xf2\x01\x02\x08\x05\x28\x02\xf2\x01\x03\x12\x01x",)])
case("decode_choice", lambda x: {**decode(x, "three.Choice", ["x", "y"], ["int32", "string"]), **{f"s_{k}": v for k, v in decode(x, "three.Choice", ["x", "y", "z"], ["int32", "string", "string"], sanitize=True).items()}}, ["string[]"], [(b"\x08\x01\x12\x01a",), (b"\x12\x01a\x08\x00",), (b"\x1a\x02\x08\x01\x1a\x02\x12\x00",)])
case("decode_groups", lambda x: decode(x, "two.Grouped", ["part", "after"], ["string", "int32"]), ["string[?]"], [([b"\x0b\x08\x05\x0c\x0b\x0c\x10\x03", b""],)], errors=[([b"\x0b\x08\x05"],), ([b"\x0b\x08\x05\x14"],)])
case("decode_groups_sanitized", lambda x: decode(x, "two.Grouped", ["part", "after"], ["string", "int32"], sanitize=True), ["string[?]"], [([b"\x10\x03\x0b\x08\x05\x0c\x0b\x0c"],)], errors=[([b"\x0b\x08\x05"],)])
case("decode_required", lambda x: decode(x, "two.Strict", ["needed", "other"], ["int32", "int32"]), ["string[]"], [(b"\x10\x01",)])
case("decode_required_sanitized", lambda x: decode(x, "two.Strict", ["needed", "other"], ["int32", "int32"], sanitize=True), ["string[]"], [(b"\x08\x01",)], errors=[(b"\x10\x01",)])
case("decode_extension", lambda x: decode(x, "two.Strict", ["two.extra", "needed"], ["int32", "int32"]), ["string[]"], [(b"\xa2\x06\x02\x05\x07\x08\x01",), (b"\xa0\x06\x05\x08\x01",)])
case("decode_sanitized_unknowns", lambda x: decode(x, "two.Single", ["enum", "string", "inner"], ["int32", "string", "string"], sanitize=True), ["string[]"], [(b"\x60\x07",), (b"\x60\x01\x60\x07\xf2\x01\x04\x50\x01\x08\x05",), (b"\x4a\x02\xff\xfe",)])
case("decode_sanitized_utf8", lambda x: decode(x, "three.Single", ["string", "enum"], ["string", "int32"], sanitize=True), ["string[]"], [(b"\x60\x07",), (b"\x4a\x02ab",)], errors=[(b"\x4a\x02\xff\xfe",)])
case("decode_inline", lambda x: decode(x, "three.Inner", ["a", "b"], ["int32", "string"], SOURCE), ["string[?]"], [([b"\x08\x05\x12\x01x"],)])
example = tf.train.Example(features=tf.train.Features(feature={"a": tf.train.Feature(int64_list=tf.train.Int64List(value=[1, 2]))}))
case("decode_local", lambda x: decode(decode(x, "tensorflow.Example", ["features"], ["string"], "local://")["v00"][:, 0], "tensorflow.Features", ["feature"], ["string"], "local://"), ["string[?]"], [([example.SerializeToString()],)])
case("decode_tensor_proto", lambda x: decode(x, "tensorflow.TensorProto", ["dtype", "float_val", "tensor_shape"], ["int32", "float32", "string"], "local://"), ["string[]"], [(tf.make_tensor_proto([[1.0, 2.5]]).SerializeToString(),)])
for name, args in (("type", ("two.None", ["a"], ["int32"])), ("field", ("two.Inner", ["c"], ["int32"])), ("dtype", ("two.Inner", ["a"], ["float32"])), ("count", ("two.Inner", ["a"], []))):
    if name != "count":
        case(f"decode_wrong_{name}", (lambda a: lambda x: decode(x, *a))(args), ["string[]"], [], errors=[(b"",)])
case("decode_wrong_source", lambda x: decode(x, "two.Inner", ["a"], ["int32"], b"bytes://x"), ["string[]"], [], errors=[(b"",)])
case("decode_wrong_format", lambda x: decode(x, "two.Inner", ["a"], ["int32"], message_format="json"), ["string[]"], [], errors=[(b"",)])
