"""Messages of all kinds of fields, for the families of protocol buffers."""

import pathlib
import tempfile

import numpy as np
from cases import keep
from golden import tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

raw = tf.raw_ops
F = descriptor_pb2.FieldDescriptorProto
KINDS = "double float int64 uint64 int32 fixed64 fixed32 bool string bytes uint32 enum sfixed32 sfixed64 sint32 sint64".split()
DTYPES = dict(double="float64", float="float32", int64="int64", uint64="uint64", int32="int32", fixed64="uint64", fixed32="uint32", bool="bool", string="string", bytes="string", uint32="uint32", enum="int32", sfixed32="int32", sfixed64="int64", sint32="int32", sint64="int64")
DEFAULTS = dict(double="1.5", float="-inf", int64="-9007199254740993", uint64="18446744073709551615", int32="-7", fixed64="5", fixed32="6", bool="true", string="zoé", bytes="a\\001\\377\\\"", uint32="8", enum="TWO", sfixed32="-9", sfixed64="-10", sint32="-11", sint64="-12")


def field(message, name, number, kind, label=1, **more):
    f = message.field.add(name=name, number=number, label=label, type=F.Type.Value(f"TYPE_{kind.upper()}"))
    if kind == "enum":
        f.type_name = f".{more.pop('package')}.Number"
    more.pop("package", None)
    if "packed" in more:
        f.options.packed = more.pop("packed")
    for key, value in more.items():
        setattr(f, key, value)
    return f


def schema(package, syntax):
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax=syntax)
    number = file.enum_type.add(name="Number")
    for i, name in enumerate(("ZERO", "ONE", "TWO")):
        number.value.add(name=name, number=i)
    for name, label, more in (("Single", 1, {}), ("Many", 3, {}), ("Packed", 3, {"packed": True}), ("Unpacked", 3, {"packed": False}), ("Defaults", 1, None)):
        if more is None and syntax == "proto3":
            continue
        message = file.message_type.add(name=name)
        for i, kind in enumerate(KINDS):
            options = {"default_value": DEFAULTS[kind]} if more is None else {} if kind in ("string", "bytes") else more
            field(message, kind, i + 1, kind, label, package=package, **options)
        if name in ("Single", "Many"):
            field(message, "inner", 30, "message", label, type_name=f".{package}.Inner")
    inner = file.message_type.add(name="Inner")
    field(inner, "a", 1, "int32")
    field(inner, "b", 2, "string")
    choice = file.message_type.add(name="Choice")
    choice.oneof_decl.add(name="kind")
    field(choice, "x", 1, "int32", oneof_index=0)
    field(choice, "y", 2, "string", oneof_index=0)
    field(choice, "z", 3, "message", oneof_index=0, type_name=f".{package}.Inner")
    if syntax == "proto2":
        grouped = file.message_type.add(name="Grouped")
        grouped.nested_type.add(name="Part").field.add(name="a", number=1, label=1, type=F.TYPE_INT32)
        field(grouped, "part", 1, "group", 3, type_name=f".{package}.Grouped.Part")
        field(grouped, "after", 2, "int32")
        strict = file.message_type.add(name="Strict")
        field(strict, "needed", 1, "int32", 2)
        field(strict, "other", 2, "int32")
        strict.extension_range.add(start=100, end=200)
        f = file.extension.add(name="extra", number=100, label=3, type=F.TYPE_INT32, extendee=f".{package}.Strict")
        f.options.packed = True
    return file


FILES = descriptor_pb2.FileDescriptorSet(file=[schema("two", "proto2"), schema("three", "proto3")])
SOURCE = b"bytes://" + FILES.SerializeToString()
file = pathlib.Path(tempfile.mkdtemp()) / "messages.pb"
file.write_bytes(FILES.SerializeToString())
pool = descriptor_pool.DescriptorPool()
for f in FILES.file:
    pool.Add(f)
make = lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


current = ""


def use(family):
    """Makes the descriptors an asset of a family, from which they are read unless a source is given."""
    global current
    keep(tf.saved_model.Asset(str(file)))
    current = f"models/{family}/assets/messages.pb"


def decode(x, name, fields, dtypes, source=None, **more):
    sizes, values = raw.DecodeProtoV2(bytes=x, message_type=name, field_names=fields, output_types=dtypes, descriptor_source=source or current, **more)
    return {"sizes": sizes, **{f"v{i:02}": v for i, v in enumerate(values)}}


VALUES = dict(double=[1.5, -0.0, np.nan], float=[0.1, np.inf], int64=[-1, 2**62], uint64=[2**64 - 1], int32=[-5, 7, 300], fixed64=[2**63], fixed32=[2**32 - 1], bool=[True, False], string=["a", "zoé", ""], bytes=[b"\x00\xff"], uint32=[2**32 - 1, 1], enum=[2, 1], sfixed32=[-1], sfixed64=[-(2**62)], sint32=[-3, 3], sint64=[-(2**40)])


def filled(name, kinds=KINDS):
    message = make(name)()
    for kind in kinds:
        if message.DESCRIPTOR.fields_by_name[kind].is_repeated:
            getattr(message, kind).extend(VALUES[kind])
        else:
            setattr(message, kind, VALUES[kind][0])
    return message


ALL = [DTYPES[k] for k in KINDS]
WIDE = ["float64" if k == "float" else {"int32": "int64", "uint32": "uint64"}.get(DTYPES[k], DTYPES[k]) if k != "enum" else "int32" for k in KINDS]


def encode(name, fields, source=None):
    return lambda sizes, *values: raw.EncodeProto(sizes=sizes, values=values, field_names=fields, message_type=name, descriptor_source=source or current)
