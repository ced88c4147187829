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
