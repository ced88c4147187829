"""Writes the SavedModels and checkpoints beside this file with TensorFlow itself.

Run by hand when a case is added: `python export.py` with TensorFlow 2.21 or newer installed, then prettier over the JSON
files. Every folder gets an `expected.json` with the values that the reader must find.
"""

import base64
import json
import os
import shutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import dataset_pb2, tensor_pb2

HERE = os.path.dirname(os.path.abspath(__file__))
v1 = tf.compat.v1


def fresh(name):
    path = os.path.join(HERE, name)
    shutil.rmtree(path, ignore_errors=True)
    return path


def value_of(tensor):
    """dtype, shape and the raw little-endian bytes of a tensor (strings: one base64 text per element)."""
    tensor = tf.convert_to_tensor(tensor)
    array = tensor.numpy()
    entry = {"dtype": tensor.dtype.base_dtype.name, "shape": list(tensor.shape)}
    if tensor.dtype == tf.string:
        flat = [array] if isinstance(array, bytes) else array.reshape(-1).tolist()
        entry["strings"] = [base64.b64encode(s).decode() for s in flat]
    else:
        entry["bytes"] = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return entry


def expect(path, content):
    with open(os.path.join(path, "expected.json"), "w", encoding="utf-8") as out:
        json.dump(content, out, indent=1, sort_keys=True)
        out.write("\n")


def all_dtypes():
    """One tensor of each dtype that a checkpoint can hold."""
    values = {
        "float32": tf.constant([[1.5, -2.25, 3e38], [float("inf"), -0.0, 1e-40]], tf.float32),
        "float64": tf.constant([1.5, -2.25, 1e308], tf.float64),
        "int32": tf.constant([[1], [-(2**31)], [2**31 - 1]], tf.int32),
        "uint8": tf.constant([0, 1, 255], tf.uint8),
        "int16": tf.constant([0, -(2**15), 2**15 - 1], tf.int16),
        "int8": tf.constant([0, -128, 127], tf.int8),
        "string": tf.constant([[b"", b"a"], [b"\x00\xff\xfe", "gr\u00fc\u00dfe".encode()], [b"x" * 300, b"end"]], tf.string),
        "string_scalar": tf.constant(b"only", tf.string),
        "string_empty": tf.zeros([0, 2], tf.string),
        "complex64": tf.constant([1 + 2j, -3.5j], tf.complex64),
        "complex128": tf.constant([[1 + 2j, -3.5j]], tf.complex128),
        "int64": tf.constant([-(2**63), 2**63 - 1, 7], tf.int64),
        "bool": tf.constant([True, False, True], tf.bool),
        "qint8": tf.bitcast(tf.constant([0, -128, 127], tf.int8), tf.qint8),
        "quint8": tf.bitcast(tf.constant([0, 128, 255], tf.uint8), tf.quint8),
        "qint32": tf.bitcast(tf.constant([0, -(2**31), 9], tf.int32), tf.qint32),
        "bfloat16": tf.constant([1.5, -2.0, 3e38], tf.bfloat16),
        "qint16": tf.bitcast(tf.constant([0, -(2**15), 9], tf.int16), tf.qint16),
        "quint16": tf.bitcast(tf.constant([0, 2**16 - 1, 9], tf.uint16), tf.quint16),
        "uint16": tf.constant([0, 2**16 - 1], tf.uint16),
        "float16": tf.constant([1.5, -2.0, 65504.0], tf.float16),
        "uint32": tf.constant([0, 2**32 - 1], tf.uint32),
        "uint64": tf.constant([0, 2**64 - 1], tf.uint64),
        "scalar": tf.constant(42.0),
        "empty": tf.zeros([2, 0, 3], tf.float32),
    }
    for name, source in (
        ("float8_e5m2", [1.5, -2.0, 0.0]),
        ("float8_e4m3fn", [1.5, -2.0, 0.0]),
        ("float8_e4m3fnuz", [1.5, -2.0, 0.0]),
        ("float8_e4m3b11fnuz", [1.5, -2.0, 0.0]),
        ("float8_e5m2fnuz", [1.5, -2.0, 0.0]),
        ("float4_e2m1fn", [1.5, -2.0, 0.0]),
        ("int4", [-8, 7, 3]),
        ("uint4", [15, 0, 3]),
        ("int2", [-2, 1, 0]),
        ("uint2", [3, 0, 1]),
    ):
        try:
            dtype = tf.dtypes.as_dtype(name)
            values[name] = tf.constant(np.array(source, dtype.as_numpy_dtype), dtype)
        except Exception as error:  # the dtype is newer than this TensorFlow
            print(f"skipped {name}: {type(error).__name__}: {str(error)[:120]}", file=sys.stderr)
    return values


def save(prefix, values):
    names = sorted(values)
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=[values[n] for n in names]
    )


def bundle_dtypes():
    """A bare tensor bundle with every dtype."""
    path = fresh("bundle-dtypes")
    os.makedirs(path)
    values = {}
    for name, tensor in all_dtypes().items():
        try:
            save(os.path.join(path, "probe"), {name: tensor})
            values[name] = tensor
        except Exception as error:
            print(f"not saved {name}: {type(error).__name__}: {str(error)[:120]}", file=sys.stderr)
        for file in os.listdir(path):
            if file.startswith("probe"):
                os.remove(os.path.join(path, file))
    save(os.path.join(path, "bundle"), values)
    expect(path, {name: value_of(tensor) for name, tensor in values.items()})


def bundle_sharded():
    """Three checkpoints merged into one index with three data files, with keys that share long prefixes."""
    path = fresh("bundle-sharded")
    os.makedirs(path)
    values, parts = {}, []
    for shard in range(3):
        part = {f"network/layer_{i:03d}/kernel": tf.range(i, i + 1 + i % 5, dtype=tf.float32) for i in range(shard, 90, 3)}
        part[f"network/name_{shard}"] = tf.constant([f"shard {shard}"])
        prefix = os.path.join(path, f"part{shard}")
        save(prefix, part)
        parts.append(prefix)
        values.update(part)
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=os.path.join(path, "bundle"), delete_old_dirs=False
    )
    expect(path, {name: value_of(tensor) for name, tensor in values.items()})


def snappy_blocks():
    """Blocks written by the snappy library, as TensorFlow's CompressElement stores them."""
    path = fresh("snappy")
    os.makedirs(path)
    rng = np.random.default_rng(7)
    cases = {
        "text": (b"the quick brown fox jumps over the lazy dog. " * 40),
        "runs": b"a" * 70000 + b"b" * 5,
        "random": rng.integers(0, 256, 300, np.uint8).tobytes(),
        "far": rng.integers(0, 256, 3000, np.uint8).tobytes() * 3,
    }
    out = {}
    for name, plain in cases.items():
        variant = tf.raw_ops.CompressElement(components=[tf.constant(np.frombuffer(plain, np.uint8))])
        prefix = os.path.join(path, "element")
        save(prefix, {"element": variant})
        with open(prefix + ".data-00000-of-00001", "rb") as file:
            stored = file.read()
        for file in os.listdir(path):
            os.remove(os.path.join(path, file))
        at = next(i for i, byte in enumerate(stored) if byte < 128) + 1  # behind the varint length
        message = tensor_pb2.VariantTensorDataProto.FromString(stored[at:-4])
        element = dataset_pb2.CompressedElement.FromString(message.metadata)
        out[name] = {
            "compressed": base64.b64encode(element.data).decode(),
            "plain": base64.b64encode(plain).decode() if len(plain) < 20000 else None,
            "length": len(plain),
        }
    with open(os.path.join(path, "expected.json"), "w", encoding="utf-8") as file:
        json.dump(out, file, indent=1, sort_keys=True)
        file.write("\n")


class Dtypes(tf.Module):
    """Variables of the dtypes that tf.Variable takes, a vocabulary asset and a table filled by an initialiser."""

    def __init__(self, vocabulary):
        super().__init__()
        self.weights = {}
        values = all_dtypes()
        # Not every dtype, to keep the file small: bundle-dtypes has them all.
        for name in ("float32", "float64", "string", "int64", "bool", "bfloat16", "float16", "complex64", "int4", "uint32"):
            self.weights[name] = tf.Variable(values[name], name="v_" + name)
        self.twins = [tf.Variable([1.0], name="twin"), tf.Variable([2.0], name="twin")]
        self.vocabulary = tf.saved_model.Asset(vocabulary)
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                self.vocabulary.asset_path,
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            ),
            -1,
        )

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def look_up(self, words):
        return {"ids": self.table.lookup(words), "scale": self.weights["float32"] + self.twins[0] + self.twins[1]}


def tf2():
    path = fresh("tf2")
    vocabulary = "words.txt"  # a relative path: the graph keeps it
    with open(vocabulary, "w", encoding="utf-8") as file:
        file.write("red\ngreen\nblue\n")
    module = Dtypes(vocabulary)
    tf.saved_model.save(module, path, signatures={"serving_default": module.look_up})
    os.remove(vocabulary)
    variables = {f"weights/{k}": value_of(v) for k, v in module.weights.items()}
    variables["twins/0"] = value_of(module.twins[0])
    variables["twins/1"] = value_of(module.twins[1])
    expect(path, {"variables": variables, "vocabulary": "red\ngreen\nblue\n"})


def part_of(values):
    """An initializer that gives each part of a partitioned variable its piece of `values`."""

    def initializer(shape, dtype=None, partition_info=None):
        begin = partition_info.var_offset
        return tf.constant(values[tuple(slice(b, b + n) for b, n in zip(begin, shape))], dtype)

    return initializer


def tf1():
    """Two MetaGraphs, a partitioned variable, several shards, an asset collection and a legacy init op."""
    path = fresh("tf1")
    vocabulary = "words.txt"  # a relative path: the graph keeps it
    with open(vocabulary, "w", encoding="utf-8") as file:
        file.write("one\ntwo\n")
    expected = {}
    with tf.Graph().as_default():
        with tf.device("/cpu:0"):
            rows = v1.get_variable(
                "rows",
                shape=[8, 3],
                initializer=part_of(np.arange(24, dtype=np.float32).reshape(8, 3)),
                partitioner=v1.fixed_size_partitioner(3),
                use_resource=False,
            )
            plain = v1.get_variable("plain", initializer=np.float64(2.5), use_resource=True)
        with tf.device("/cpu:1"):
            columns = v1.get_variable(
                "columns",
                shape=[3, 140],
                dtype=tf.int32,
                initializer=part_of(np.arange(420, dtype=np.int32).reshape(3, 140)),
                partitioner=v1.fixed_size_partitioner(2, axis=1),
                use_resource=True,
            )
        x = v1.placeholder(tf.float32, [None, 8], name="x")
        y = tf.matmul(x, tf.convert_to_tensor(rows), name="y") + tf.cast(plain, tf.float32)
        asset = tf.constant(vocabulary, name="vocabulary")
        v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, asset)
        contents = tf.io.read_file(asset, name="contents")
        init = tf.group(contents, name="legacy_init")
        with v1.Session(config=v1.ConfigProto(device_count={"CPU": 2})) as session:
            session.run(v1.global_variables_initializer())
            signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
            builder = v1.saved_model.Builder(path)
            # Where TensorFlow 1 put it; the builder of today only writes `saved_model_main_op`.
            v1.add_to_collection("legacy_init_op", init)
            builder.add_meta_graph_and_variables(
                session,
                ["serve"],
                signature_def_map={"serving_default": signature},
                assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
                saver=v1.train.Saver(sharded=True),
            )
            v1.get_default_graph().clear_collection("legacy_init_op")
            builder.add_meta_graph(
                ["serve", "second"],
                signature_def_map={"only_second": signature},
                main_op=tf.group(name="second_main"),
                saver=v1.train.Saver(sharded=True),
            )
            builder.save()
            for name, variable in (("rows", rows), ("columns", columns), ("plain", plain)):
                array = session.run(tf.convert_to_tensor(variable))
                expected[name] = {
                    "dtype": array.dtype.name,
                    "shape": list(array.shape),
                    "bytes": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
                }
    os.remove(vocabulary)
    expect(path, {"variables": expected, "vocabulary": "one\ntwo\n"})


if __name__ == "__main__":
    os.chdir(HERE)
    wanted = sys.argv[1:]
    for export in (bundle_dtypes, bundle_sharded, snappy_blocks, tf2, tf1):
        if not wanted or export.__name__ in wanted:
            export()
