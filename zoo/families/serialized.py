"""Sparse tensors as strings and variants, elements of datasets, shapes of JPEGs."""

import numpy as np
from cases import case
from golden import tf

raw = tf.raw_ops
POSITIONS = [[0, 1], [1, 0], [2, 2]]
SHAPE = [3, 4]
IVS = ["int64[?,2]", "float32[?]", "int64[2]"]
ONE = (POSITIONS, [1.5, -2.0, 3.0], SHAPE)
EMPTY = (np.zeros([0, 2]), [], SHAPE)


def parts(i, v, s):
    return {"indices": i, "values": v, "shape": s}


def serialize(i, v, s, **kind):
    return raw.SerializeSparse(sparse_indices=i, sparse_values=v, sparse_shape=s, **kind)


def serialize_many(i, v, s, **kind):
    return raw.SerializeManySparse(sparse_indices=i, sparse_values=v, sparse_shape=s, **kind)


def deserialize(x, dtype):
    return parts(*raw.DeserializeSparse(serialized_sparse=x, dtype=dtype))


VARIANT = {"out_type": tf.variant}
for dtype in ("float32", "int64", "string", "bool", "complex64", "float16", "uint8"):
    values = [b"a", b"", b"c\x00"] if dtype == "string" else [1, 0, 1]
    specs = ["int64[?,2]", f"{dtype}[?]", "int64[2]"]
    sets = [(POSITIONS, values, SHAPE), EMPTY]
    case(f"serialize_{dtype}", lambda i, v, s: serialize(i, v, s), specs, sets)
    case(f"serialize_many_{dtype}", lambda i, v, s: serialize_many(i, v, s), specs, sets, errors=[([[2, 2], [0, 1]], values[:2], SHAPE), ([[0, 4]], values[:1], SHAPE)])
    for kind, attrs in (("string", {}), ("variant", VARIANT)):
        case(f"there_and_back_{kind}_{dtype}", (lambda a, d: lambda i, v, s: deserialize(serialize(i, v, s, **a), d))(attrs, dtype), specs, sets)
        case(f"many_there_and_back_{kind}_{dtype}", (lambda a, d: lambda i, v, s: deserialize(serialize_many(i, v, s, **a), d))(attrs, dtype), specs, sets)
case("serialize_many_of_three", lambda i, v, s: serialize_many(i, v, s), ["int64[?,3]", "int32[?]", "int64[3]"], [([[0, 1, 2], [2, 0, 0], [2, 1, 1]], [1, 2, 3], [3, 2, 3])])
case("serialize_many_errors", lambda i, v, s: serialize_many(i, v, s), ["int64[?,1]", "int32[?]", "int64[1]"], [], errors=[([[0]], [1], [3])])
case("serialize_errors", lambda i, v, s: serialize(i, v, s), ["int64[*]", "float32[*]", "int64[*]"], [ONE], errors=[([0, 1], [1.0], [2]), ([[0]], [[1.0]], [2]), ([[0]], [1.0], 2)])


def proto(x, dtype):
    return tf.make_tensor_proto(np.array(x), dtype).SerializeToString()


def serialized(i, v, s, dtype=tf.float32):
    return [proto(np.reshape(np.array(i), [-1, len(s)]), tf.int64), proto(v, dtype), proto(s, tf.int64)]


A, B, C = serialized([[0, 1]], [1.0], [2, 2]), serialized([[1, 0], [2, 2]], [2.0, 3.0], [3, 3]), serialized([], np.zeros([0]), [1, 5])
case("deserialize", lambda x: deserialize(x, tf.float32), ["string[*]"], [(A,), ([A, B],), ([C, B, A],), ([[A, B], [B, C]],), ([A],)], errors=[(b"x",), ([b"x", b"y"],), ([b"\xff", b"", b""],), (np.zeros([0, 3], object),), ([A, serialized([[0]], [1.0], [2])],), (serialized([[0, 1]], [1], [2, 2], tf.int32),), ([A[0], B[1], A[2]],), ([A[1], A[1], A[2]],), ([A[0], A[1], A[0]],)])
case("deserialize_many", lambda x: parts(*raw.DeserializeManySparse(serialized_sparse=x, dtype=tf.float32)), ["string[?,?]"], [([A, B],), ([A, C],), ([B],)], errors=[([[b"x"]],), (np.zeros([0, 3], object),)])
case("batched_in_map_fn", lambda x: tf.sparse.to_dense(tf.io.deserialize_many_sparse(tf.map_fn(lambda row: tf.io.serialize_sparse(tf.sparse.from_dense(row)), x, fn_output_signature=tf.string), tf.float32)), ["float32[?,3]"], [([[0, 1, 0], [2, 0, 3]],)])
case("uncompress", lambda x, y: list(raw.UncompressElement(compressed=raw.CompressElement(components=[x, y]), output_types=[tf.float32, tf.string], output_shapes=[[None, 2], []])), ["float32[?,2]", "string[]"], [([[1, 2]], b"a\x00b"), (np.zeros([0, 2]), b"")])
case("uncompress_errors", lambda x: list(raw.UncompressElement(compressed=raw.CompressElement(components=[x]), output_types=[tf.float32, tf.int32], output_shapes=[[], []])), ["float32[]"], [], errors=[(1.0,)])


def jpeg(shape, **options):
    pixels = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    return tf.io.encode_jpeg(pixels, **options).numpy()


GREY, COLOUR = jpeg((5, 7, 1)), jpeg((6, 4, 3))
PROGRESSIVE = jpeg((6, 9, 3), progressive=True, quality=50)
for dtype in (tf.int32, tf.int64):
    case(f"jpeg_shape_{dtype.name}", (lambda d: lambda x: tf.image.extract_jpeg_shape(x, d))(dtype), ["string[]"], [(GREY,), (COLOUR,), (PROGRESSIVE,), (COLOUR[:-20],)], errors=[(COLOUR[:400],), (b"",), (b"\x89PNG\r\n\x1a\n",), (COLOUR[:12],), (COLOUR[:2],), (b"\xff\xd8\xff\xd9",)])
