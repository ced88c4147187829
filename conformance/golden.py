"""Goldens: what TensorFlow itself answers for a SavedModel, written down so that tests need no Python.

A golden file is JSON:

    { "signature": "serving_default",            the signature of every case that names none
      "cases": [ { "name": "...", "signature": "...",
                   "inputs":  { alias: tensor }, "outputs": { alias: tensor } } ] }

and a tensor is { "dtype": tf.DType name, "shape": [...], "data": base64 of the little-endian elements }, so that NaN,
infinities and -0 survive. Strings are { "dtype": "string", "shape": [...], "data": [base64, ...] }.

Answers come from a session over the loaded MetaGraph, feeding and fetching the tensor names of the SignatureDef, which
is how TensorFlow Serving runs a signature. Grappler and oneDNN are off: the answer is that of the kernels as written.
"""

import base64
import json
import os
import pathlib

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

METHOD_CLASSIFY = "tensorflow/serving/classify"
METHOD_REGRESS = "tensorflow/serving/regress"


def encode_tensor(value, dtype=None):
    """One array as a golden tensor. `dtype` is a tf.DType; without it, the array's own."""
    array = np.asarray(value)
    if array.dtype.kind in "OSU" or dtype == tf.string:
        flat = [v.encode() if isinstance(v, str) else bytes(v) for v in array.reshape(-1).tolist()]
        return {"dtype": "string", "shape": list(array.shape), "data": [base64.b64encode(v).decode() for v in flat]}
    dtype = tf.as_dtype(dtype or array.dtype).base_dtype  # outputs that are TensorFlow 1 variables are references
    array = np.ascontiguousarray(array, dtype=dtype.as_numpy_dtype).reshape(array.shape)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return {"dtype": dtype.name, "shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


class LoadedModel:
    """A SavedModel in a session, run by signature."""

    def __init__(self, directory, optimize=False, timeout_ms=0):
        config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        config.graph_options.rewrite_options.disable_meta_optimizer = not optimize
        if not optimize:
            config.graph_options.optimizer_options.opt_level = tf.compat.v1.OptimizerOptions.L0
        self.timeout_ms = timeout_ms  # of one run; 0 is none
        self.session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
        with self.session.graph.as_default():
            meta = tf.compat.v1.saved_model.loader.load(self.session, ["serve"], str(directory))
        self.signatures = dict(meta.signature_def)
        self._callables = {}

    def run(self, signature_name, inputs):
        """Feeds as the C++ server does: any tensor may be fed, and its static shape is not checked."""
        signature = self.signatures[signature_name]
        if set(inputs) != set(signature.inputs):
            raise ValueError(f"{signature_name} takes {sorted(signature.inputs)}, given {sorted(inputs)}")
        if signature_name not in self._callables:
            options = config_pb2.CallableOptions(
                feed=[signature.inputs[a].name for a in sorted(signature.inputs)],
                fetch=[signature.outputs[a].name for a in sorted(signature.outputs)],
                run_options=config_pb2.RunOptions(timeout_in_ms=self.timeout_ms),
            )
            self._callables[signature_name] = self.session._make_callable_from_options(options)
        values = [
            np.asarray(inputs[a], dtype=tf.as_dtype(signature.inputs[a].dtype).as_numpy_dtype)
            for a in sorted(signature.inputs)
        ]
        results = self._callables[signature_name](*values)
        return dict(zip(sorted(signature.outputs), results))

    def case(self, signature_name, inputs, name=None):
        """One golden case: the inputs and what TensorFlow answers."""
        signature = self.signatures[signature_name]
        outputs = self.run(signature_name, inputs)
        case = {"name": name} if name else {}
        case["signature"] = signature_name
        case["inputs"] = {a: encode_tensor(v, tf.as_dtype(signature.inputs[a].dtype)) for a, v in inputs.items()}
        case["outputs"] = {a: encode_tensor(v, tf.as_dtype(signature.outputs[a].dtype)) for a, v in outputs.items()}
        return case

    def close(self):
        self.session.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def write_golden(path, cases, signature="serving_default", **extra):
    """Writes one case per line: readable diffs, small file."""
    lines = ",\n    ".join(json.dumps(case, separators=(",", ":")) for case in cases)
    head = "".join(f"  {json.dumps(k)}: {json.dumps(v, separators=(',', ':'))},\n" for k, v in extra.items())
    pathlib.Path(path).write_text(
        f'{{\n  "signature": {json.dumps(signature)},\n{head}  "cases": [\n    {lines}\n  ]\n}}\n'
    )


def set_method_names(directory, methods):
    """tf.saved_model.save marks every signature as predict; classify and regress are written in afterwards."""
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(str(directory))
    for signature, method in methods.items():
        updater.replace_method_name(signature_key=signature, method_name=method, tags="serve")
    updater.save()


def example(**features):
    """A serialized tf.Example: floats, ints or bytes by the Python type."""
    proto = tf.train.Example()
    for name, values in features.items():
        values = values if isinstance(values, (list, tuple)) else [values]
        feature = proto.features.feature[name]
        if not values:
            continue  # a feature without a kind
        if all(isinstance(v, (bytes, str)) for v in values):
            feature.bytes_list.value.extend(v.encode() if isinstance(v, str) else v for v in values)
        elif all(isinstance(v, (int, np.integer)) for v in values):
            feature.int64_list.value.extend(int(v) for v in values)
        else:
            feature.float_list.value.extend(float(v) for v in values)
    return proto.SerializeToString(deterministic=True)


def ops_in(directory):
    """Distinct op names of the graph and of every function in its library."""
    from tensorflow.python.saved_model import loader_impl

    graph = loader_impl.parse_saved_model(str(directory)).meta_graphs[0].graph_def
    counts = {}
    for nodes in [graph.node, *[f.node_def for f in graph.library.function]]:
        for node in nodes:
            counts[node.op] = counts.get(node.op, 0) + 1
    return dict(sorted(counts.items()))
