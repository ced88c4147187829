"""Bytes to tensors: tf.Examples in every form, raw bytes, numbers, CSV, JSON."""

import numpy as np
from cases import case
from golden import example, tf

raw = tf.raw_ops
S = "string[?]"
FULL = example(f=[1.5, -2.0], i=[7], s=[b"abc"], v=[1.0, 2.0, 3.0], w=[b"x", b"y"])
BARE = example(f=[0.25, 4.0], i=[-1], s=[""], v=[])
NO_DEFAULTS = example(i=[3], v=[9.0])


def rows(*values):
    return (np.array(values, object),)


DENSE = {
    "f": tf.io.FixedLenFeature([2], tf.float32),
    "i": tf.io.FixedLenFeature([], tf.int64),
    "s": tf.io.FixedLenFeature([], tf.string),
}
WITH_DEFAULTS = {
    "f": tf.io.FixedLenFeature([2], tf.float32, [9.0, 8.0]),
    "i": tf.io.FixedLenFeature([1], tf.int64, 5),
    "s": tf.io.FixedLenFeature([], tf.string, "none"),
}
batches = [rows(FULL), rows(FULL, BARE, FULL), rows()]
missing = [
    rows(NO_DEFAULTS),
    rows(FULL, b"nonsense"),
    rows(example(f=[1.0], i=[1], s=["a"])),
    rows(example(f=[1, 2], i=[1], s=["a"])),
]
case("dense", lambda serialized: tf.io.parse_example(serialized, DENSE), [S], batches, errors=missing)
case(
    "dense_defaults",
    lambda serialized: tf.io.parse_example(serialized, WITH_DEFAULTS),
    [S],
    [*batches, rows(NO_DEFAULTS, b"")],
)
case(
    "dense_rank_2",
    lambda serialized: tf.io.parse_example(serialized, {"m": tf.io.FixedLenFeature([2, 2], tf.float32)}),
    [S],
    [rows(example(m=[1.0, 2.0, 3.0, 4.0]))],
)


def sparse(serialized):
    parsed = tf.io.parse_example(
        serialized, {"v": tf.io.VarLenFeature(tf.float32), "w": tf.io.VarLenFeature(tf.string)}
    )
    return {f"{k}_{p}": getattr(t, p) for k, t in parsed.items() for p in ("indices", "values", "dense_shape")}


def ragged(serialized):
    parsed = tf.io.parse_example(serialized, {"v": tf.io.RaggedFeature(tf.float32)})["v"]
    return {"values": parsed.values, "splits": parsed.row_splits}


def sequence(serialized):
    feature = tf.io.FixedLenSequenceFeature([], tf.float32, allow_missing=True, default_value=-1.0)
    return tf.io.parse_example(serialized, {"v": feature})["v"]


case("sparse", sparse, [S], [*batches, rows(b"", FULL)])
case(
    "sparse_to_dense",
    lambda serialized: tf.sparse.to_dense(
        tf.io.parse_example(serialized, {"v": tf.io.VarLenFeature(tf.float32)})["v"], -1.0
    ),
    [S],
    [*batches[:2], rows(BARE, BARE)],
)
case("ragged", ragged, [S], batches)
case("padded_sequence", sequence, [S], batches)
case("one_example", lambda serialized: tf.io.parse_single_example(serialized, DENSE), ["string[]"], [(FULL,)])
case(
    "keys_in_order",
    lambda serialized: tf.io.parse_example(
        serialized, {k: tf.io.FixedLenFeature([], tf.float32, i) for i, k in enumerate("zxay")}
    ),
    [S],
    [rows(example(z=1.0, a=2.0), example(x=3.0, y=4.0))],
)
case(
    "ParseExample",
    lambda serialized: list(
        raw.ParseExample(
            serialized=serialized,
            names=tf.constant([], tf.string),
            sparse_keys=[],
            dense_keys=[tf.constant("f")],
            dense_defaults=[tf.constant([], tf.float32)],
            sparse_types=[],
            dense_shapes=[[2]],
        ).dense_values
    ),
    [S],
    batches,
)
case(
    "int_from_float_refused",
    lambda serialized: tf.io.parse_example(serialized, {"x": tf.io.FixedLenFeature([], tf.int64)})["x"],
    [S],
    [rows(example(x=1))],
    errors=[rows(example(x=1.0))],
)

case(
    "DecodeRaw_float32",
    lambda x: raw.DecodeRaw(bytes=x, out_type=tf.float32),
    [S],
    [rows(np.float32([1, -2]).tobytes(), np.float32([3, 4]).tobytes())],
)
case("DecodeRaw_uint8", lambda x: raw.DecodeRaw(bytes=x, out_type=tf.uint8), ["string[]"], [(b"\x00\x7f\xff",)])
case(
    "DecodeRaw_big_endian",
    lambda x: raw.DecodeRaw(bytes=x, out_type=tf.int16, little_endian=False),
    [S],
    [rows(b"\x01\x02\xff\xfe")],
)
case("DecodePaddedRaw", lambda x: tf.io.decode_raw(x, tf.uint8, fixed_length=4), [S], [rows(b"ab", b"abcdef")])
case("DecodeBase64", lambda x: raw.DecodeBase64(input=x), [S], [rows(b"aGVsbG8", b"-_8", b"")], errors=[rows(b"*")])
case(
    "EncodeBase64",
    lambda x: {"plain": raw.EncodeBase64(input=x), "padded": raw.EncodeBase64(input=x, pad=True)},
    [S],
    [rows(b"hello", b"\xfb\xff", b"")],
)
for dtype in ("float32", "float64", "int32", "int64"):
    texts = [b"12", b" -7 ", b"0"] if "int" in dtype else [b"1.5", b" -2e3 ", b"nan", b"inf", b".5"]
    to_number = lambda x, d=tf.as_dtype(dtype): raw.StringToNumber(string_tensor=x, out_type=d)
    case(f"StringToNumber_{dtype}", to_number, [S], [rows(*texts)], errors=[rows(b"a"), rows(b"")])
case(
    "DecodeCSV",
    lambda x: list(tf.io.decode_csv(x, [tf.constant([1.0]), tf.constant([], tf.int64), tf.constant(["none"])])),
    [S],
    [rows(b"2.5,3,hello", b",4,", b'1,5,"a,b"')],
    errors=[rows(b"1,,x"), rows(b"1,2")],
)
case(
    "ParseTensor",
    lambda x: tf.io.parse_tensor(x, tf.float32),
    ["string[]"],
    [(tf.io.serialize_tensor(tf.constant([[1.0, 2.0]])).numpy(),)],
)
case(
    "SerializeTensor",
    lambda x: tf.io.parse_tensor(tf.io.serialize_tensor(x), tf.float32),
    ["float32[?]"],
    [([1.0, 2.0],)],
)
case("DecodeCSV_select", lambda x: list(tf.io.decode_csv(x, [tf.constant([], tf.float32), tf.constant(["none"])], field_delim=";", na_value="NA", select_cols=[0, 2])), [S], [rows(b"2.5;3;hello", b"1;;NA", b'7;x;"a""b;"')], errors=[rows(b"1;2"), rows(b";2;3"), rows(b'1;2;"a'), rows(b'1;2;a"b')])
case("DecodeCSV_types", lambda x: list(tf.io.decode_csv(x, [tf.constant([], tf.int32), tf.constant([7.5], tf.float64), tf.constant([3], tf.int64)])), [S], [rows(b"1,2,3", b"-4,,")], errors=[rows(b"1.5,2,3"), rows(b"99999999999,1,1")])
case("DecodeCompressed", lambda x: raw.DecodeCompressed(bytes=x, compression_type="GZIP"), [S], [rows(__import__("gzip").compress(b"hello", mtime=0), __import__("gzip").compress(b"", mtime=0))])
case("DecodeCompressed_zlib", lambda x: raw.DecodeCompressed(bytes=x, compression_type="ZLIB"), [S], [rows(__import__("zlib").compress(b"hello" * 100))])
case("Fingerprint", lambda x: raw.Fingerprint(data=x, method="farmhash64"), ["float32[?,2]"], [([[1, 2], [3, 4]],)])
case("Fingerprint_strings", lambda x: raw.Fingerprint(data=x, method="farmhash64"), [S], [rows(b"a", b"", b"hello world")])
case("Fingerprint_string_rows", lambda x: raw.Fingerprint(data=x, method="farmhash64"), ["string[?,2]"], [([[b"a", b"b"], [b"", b"c"]],)])
case("DecodeJSONExample", lambda x: tf.io.parse_example(raw.DecodeJSONExample(json_examples=x), {"f": tf.io.FixedLenFeature([2], tf.float32), "s": tf.io.VarLenFeature(tf.string)})["f"], [S], [rows(b'{"features":{"feature":{"f":{"floatList":{"value":[1.5,2]}},"s":{"bytesList":{"value":["YWI="]}}}}}')], errors=[rows(b"{"), rows(b"[]")])
for dtype in ("int64", "string", "bool"):
    value = {"int64": [[1, -2]], "string": [["a", ""]], "bool": [[True, False]]}[dtype]
    case(f"ParseTensor_{dtype}", (lambda d: lambda x: tf.io.parse_tensor(x, d))(dtype), ["string[]"], [(tf.io.serialize_tensor(tf.constant(value, dtype)).numpy(),)], errors=[(tf.io.serialize_tensor(tf.constant(1.0)).numpy(),), (b"\xff",)])


def feature(values):
    if not values:
        return tf.train.Feature()
    kind = {bytes: ("bytes_list", tf.train.BytesList), float: ("float_list", tf.train.FloatList), int: ("int64_list", tf.train.Int64List)}[type(values[0])]
    return tf.train.Feature(**{kind[0]: kind[1](value=values)})


def sequence_example(context, lists):
    features = tf.train.Features(feature={k: feature(v) for k, v in context.items()})
    feature_lists = {k: tf.train.FeatureList(feature=[feature(x) for x in v]) for k, v in lists.items()}
    return tf.train.SequenceExample(context=features, feature_lists=tf.train.FeatureLists(feature_list=feature_lists)).SerializeToString()


LONG = sequence_example({"c": [1.5], "w": [b"p", b"q"]}, {"x": [[1, 2], [3, 4]], "y": [[b"a"], [b"b", b"c"], []], "f": [[0.5], [], [1.5, 2.5]]})
SHORT = sequence_example({"c": [2.0]}, {"x": [[5, 6]]})
CONTEXT = {"c": tf.io.FixedLenFeature([], tf.float32), "w": tf.io.VarLenFeature(tf.string), "m": tf.io.FixedLenFeature([1], tf.int64, -7)}
STEPS = {"x": tf.io.FixedLenSequenceFeature([2], tf.int64), "y": tf.io.VarLenFeature(tf.string), "e": tf.io.FixedLenSequenceFeature([], tf.float32, allow_missing=True)}


def components(tensors):
    named = {}
    for name, value in tensors.items():
        if isinstance(value, tf.SparseTensor):
            named |= {f"{name}_indices": value.indices, f"{name}_values": value.values, f"{name}_shape": value.dense_shape}
        elif isinstance(value, tf.RaggedTensor):
            named |= {f"{name}_splits{i}": s for i, s in enumerate(value.nested_row_splits)} | {f"{name}_values": value.flat_values}
        else:
            named[name] = value
    return named


def sequences(serialized):
    context, lists, lengths = tf.io.parse_sequence_example(serialized, CONTEXT, STEPS)
    return components(context) | components(lists) | {f"{k}_length": v for k, v in lengths.items()}


def one_sequence(serialized):
    context, lists = tf.io.parse_single_sequence_example(serialized, CONTEXT, STEPS)
    return components(context) | components(lists)


def ragged_sequences(serialized):
    context, lists, _ = tf.io.parse_sequence_example(serialized, {"w": tf.io.RaggedFeature(tf.string)}, {"y": tf.io.RaggedFeature(tf.string), "f": tf.io.RaggedFeature(tf.float32, row_splits_dtype=tf.int64)})
    return components(context) | components(lists)


BAD = sequence_example({"c": [1.0]}, {"x": [[1, 2, 3]]})
case("ParseSequenceExampleV2", sequences, [S], [rows(LONG, SHORT), rows(SHORT)], errors=[rows(sequence_example({"c": [1.0]}, {})), rows(BAD), rows(sequence_example({"c": [1]}, {"x": []}))])
case("ParseSequenceExampleV2_ragged", ragged_sequences, [S], [rows(LONG, SHORT)])
case("ParseSequenceExampleV2_scalar", one_sequence, ["string[]"], [(LONG,), (SHORT,)], errors=[(BAD,)])
case("ParseSequenceExample", lambda x: list(sum((list(o) if isinstance(o, (list, tuple)) else [o] for o in raw.ParseSequenceExample(serialized=x, debug_name=tf.constant([], tf.string), context_dense_defaults=[tf.constant([], tf.float32)], feature_list_dense_missing_assumed_empty=["e"], context_sparse_keys=["w"], context_dense_keys=["c"], feature_list_sparse_keys=["y"], feature_list_dense_keys=["x", "e"], context_sparse_types=[tf.string], context_dense_shapes=[[]], feature_list_sparse_types=[tf.string], feature_list_dense_types=[tf.int64, tf.float32], feature_list_dense_shapes=[[2], []], Ncontext_sparse=1, Ncontext_dense=1, Nfeature_list_sparse=1, Nfeature_list_dense=2)), [])), [S], [rows(LONG, SHORT)])
case("ParseSingleSequenceExample", lambda x: list(sum((list(o) if isinstance(o, (list, tuple)) else [o] for o in raw.ParseSingleSequenceExample(serialized=x, feature_list_dense_missing_assumed_empty=tf.constant(["e"]), context_sparse_keys=[tf.constant("w")], context_dense_keys=[tf.constant("c")], feature_list_sparse_keys=[tf.constant("y")], feature_list_dense_keys=[tf.constant("x"), tf.constant("e")], context_dense_defaults=[tf.constant([], tf.float32)], debug_name=tf.constant(""), context_sparse_types=[tf.string], feature_list_dense_types=[tf.int64, tf.float32], context_dense_shapes=[[]], feature_list_sparse_types=[tf.string], feature_list_dense_shapes=[[2], []])), [])), ["string[]"], [(LONG,), (SHORT,)])
case("example_all_kinds", lambda serialized: components(tf.io.parse_example(serialized, {"w": tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64), "v": tf.io.RaggedFeature(tf.float32, partitions=[tf.io.RaggedFeature.UniformRowLength(1)]), "i": tf.io.VarLenFeature(tf.int64), "m": tf.io.FixedLenSequenceFeature([2], tf.float32, allow_missing=True, default_value=-1.0)})), [S], [rows(FULL, BARE), rows(b"")])
case("example_sparse_feature", lambda serialized: components(tf.io.parse_example(serialized, {"sp": tf.io.SparseFeature(["i"], "v", tf.float32, [10])})), [S], [rows(example(i=[3, 1], v=[0.5, 1.5]), example(i=[9], v=[2.0]))])
