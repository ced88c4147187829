"""Protocol buffers in text format."""

from cases import case

from protobuf_schema import ALL, KINDS, decode, filled, use

use("protobuf_text")
for package in ("two", "three"):
    for name in ("Single", "Many", "Packed", "Unpacked"):
        text = str(filled(f"{package}.{name}"))
        case(f"decode_{package}_{name}_text", (lambda n: lambda x: decode(x, n, KINDS, ALL, message_format="text"))(f"{package}.{name}"), ["string[]"], [(text.encode(),), (b"",), (b"# nothing\n",)], errors=[(b"nothing: 1",), (b"int32: 'a'",), (b"int32: 2147483648",), (b"int32: ",), (b"string: 'a",), (b"enum: THREE",)])
case("decode_text_forms", lambda x: decode(x, "two.Many", [*KINDS, "inner"], [*ALL, "string"], message_format="text"), ["string[?]"], [([t],) for t in (b"int32: [1, -2, 0x1f, 017] bool: t bool: 0 bool: False", b"double: 1 double: 2.5e3f double: -inf double: nan float: .5; float: 1e40", b"string: 'a' \"b\\n\\x41\\101\\u00e9\" bytes: '\\377\\0'", b"inner { a: 1 } inner: < b: 'x' > inner [{ a: 2 }, { a: 3 }]", b"enum: TWO enum: 1 uint64: 18446744073709551615, int64: -9223372036854775808", b"sint32: -1 sint64: -5 fixed32: 4294967295 sfixed64: -1")], errors=[([t],) for t in (b"inner { a: 1", b"inner { c: 1 }", b"int32 1", b"int32: 1x", b"uint32: -1", b"enum: 7", b"bool: yes", b"string: 1", b"int32: [1, 2", b"int32: 1.5", b"inner: 1", b"}")])
case("decode_text_twice", lambda x: decode(x, "two.Single", ["int32"], ["int32"], message_format="text"), ["string[]"], [(b"int32: 1",)], errors=[(b"int32: 1 int32: 2",)])
case("decode_text_groups", lambda x: decode(x, "two.Grouped", ["part", "after"], ["string", "int32"], message_format="text"), ["string[]"], [(b"Part { a: 5 } Part {} after: 1",)])
case("decode_text_required", lambda x: decode(x, "two.Strict", ["needed", "two.extra"], ["int32", "int32"], message_format="text"), ["string[]"], [(b"needed: 1 [two.extra]: 5 [two.extra]: 6",)], errors=[(b"other: 1",), (b"needed: 1 [two.none]: 5",)])
