"""Models as TF-TRT leaves them: parts of the graph stand behind a TRTEngineOp, which TensorFlow without TensorRT cannot run.
The answers are those of the same graph before it is converted here, in the forms that TF-TRT's versions have written."""

import re

import numpy as np
from cases import case, rand, variable
from golden import tf

from tensorflow.core.framework import graph_pb2, node_def_pb2
from tensorflow.core.protobuf import saved_model_pb2

F = tf.float32
matrix = variable(rand(4, 3))
bias = variable(rand(3))
kernel = variable(rand(3, 3, 2, 4))


def segment(form, *signature):
    """A function that becomes an engine. It is not inlined, so that it stays one call in the graph."""

    def wrap(fn):
        # The name is what the function can be told by in the model.
        fn.__name__ = f"engine_{form}"
        return tf.function(fn, input_signature=[tf.TensorSpec(s, F) for s in signature])

    return wrap


def dense(form):
    @segment(form, [None, 4], [4, 3], [3])
    def layer(x, w, b):
        return tf.nn.relu(tf.matmul(x, w) + b)

    return lambda x: layer(x, matrix, bias)


for name in ("segment_func", "segment_funcdef_name", "name_only", "serialized_segment", "serialized_retval"):
    case(name, dense(name), ["float32[?,4]"], [(rand(2, 4),), (rand(0, 4),), ([[np.nan, np.inf, -np.inf, 0.0]],)])


@segment("segment_func", [None, 4], [None, 4])
def sum_and_product(a, b):
    return a + b, a * b


@segment("serialized_segment", [None, 4], [None, 4])
def swapped(a, b):
    return b, a - b


def two_outputs(x, y):
    """The second output of one engine feeds both inputs of another."""
    s, p = sum_and_product(x, y)
    first, second = swapped(p, s)
    return {"s": s, "first": first, "second": second}


case("two_outputs", two_outputs, ["float32[?,4]", "float32[?,4]"], [(rand(3, 4), rand(3, 4))])


@segment("segment_func", [None, 8, 8, 2], [3, 3, 2, 4])
def convolution(x, k):
    return tf.nn.relu6(tf.nn.conv2d(x, k, 1, "SAME"))


def convolution_between(x):
    """An engine between ops that stayed in TensorFlow."""
    y = convolution(tf.nn.max_pool2d(x, 2, 2, "SAME"), kernel)
    return tf.reduce_mean(y, [1, 2])


case("convolution_between", convolution_between, ["float32[?,16,16,2]"], [(rand(2, 16, 16, 2),)])


def convert(directory):
    """Puts an engine in place of every call of a segment."""
    path = directory / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    library = saved.meta_graphs[0].graph_def.library
    functions = {f.signature.name: f for f in library.function}
    forms = {name: found[1] for name in functions if (found := re.search(r"_engine_(\w+?)_\d+$", name))}
    dropped = set()
    count = 0
    for function in functions.values():
        engines = set()
        for node in function.node_def:
            callee = node.attr["f"].func.name if node.op in ("PartitionedCall", "StatefulPartitionedCall") else ""
            if callee not in forms:
                continue
            engines.add(node.name)
            dropped.add(callee)
            made, body = engine(node, functions[callee], forms[callee], f"TRTEngineOp_{count:03d}_000")
            rename(function, node.name, made.name)
            node.CopyFrom(made)
            if body is not None:
                library.function.append(body)
            count += 1
    kept = [f for f in library.function if f.signature.name not in dropped]
    del library.function[:]
    library.function.extend(kept)
    if count == 0:
        raise SystemExit("no segment was found")
    path.write_bytes(saved.SerializeToString(deterministic=True))


def engine(call, body, form, name):
    """The node of an engine, and its native segment if that is a function."""
    node = node_def_pb2.NodeDef(name=name, op="TRTEngineOp", input=call.input)
    node.attr["InT"].CopyFrom(call.attr["Tin"])
    node.attr["OutT"].CopyFrom(call.attr["Tout"])
    node.attr["workspace_size_bytes"].i = 1 << 30
    node.attr["precision_mode"].s = b"FP32"
    node.attr["max_cached_engines_count"].i = 1
    node.attr["static_engine"].b = False
    node.attr["serialized_segment"].s = b""
    node.attr["segment_func"].func.name = ""
    if form.startswith("serialized"):
        node.attr["segment_funcdef_name"].s = b""
        node.attr["serialized_segment"].s = graph_of(body, form == "serialized_retval").SerializeToString()
        return node, None
    native = type(body)()
    native.CopyFrom(body)
    native.signature.name = f"{name}_native_segment"
    if form == "segment_func":
        node.attr["segment_func"].func.name = native.signature.name
    elif form == "segment_funcdef_name":
        native.signature.name = f"{name}_segment"
        node.attr["segment_funcdef_name"].s = native.signature.name.encode()
    return node, native


def graph_of(body, retval):
    """A segment as a GraphDef with placeholders, as versions before 1.15 put it into the node."""
    graph = graph_pb2.GraphDef()
    inputs = {arg.name: f"TensorRTInputPH_{i}" for i, arg in enumerate(body.signature.input_arg)}
    for i, arg in enumerate(body.signature.input_arg):
        node = graph.node.add(name=f"TensorRTInputPH_{i}", op="Placeholder")
        node.attr["dtype"].type = arg.type

    def graph_ref(ref):
        if ref.startswith("^"):
            return ref
        name, _, rest = ref.partition(":")
        return inputs[name] if name in inputs else name if rest.endswith(":0") else f"{name}:{rest.split(':')[1]}"

    for node in body.node_def:
        copy = graph.node.add()
        copy.CopyFrom(node)
        del copy.input[:]
        copy.input.extend(graph_ref(ref) for ref in node.input)
    for i, arg in enumerate(body.signature.output_arg):
        node = graph.node.add(name=f"TensorRTOutputPH_{i}", op="_Retval" if retval else "Identity")
        node.input.append(graph_ref(body.ret[arg.name]))
        node.attr["T"].type = arg.type
    return graph


def rename(function, old, new):
    """References to the outputs of a call become references to those of its engine."""

    def renamed(ref):
        if ref == f"^{old}":
            return f"^{new}"
        name, _, rest = ref.partition(":")
        return f"{new}:out_tensor:{rest.split(':')[1]}" if name == old else ref

    for node in function.node_def:
        inputs = [renamed(ref) for ref in node.input]
        del node.input[:]
        node.input.extend(inputs)
    for key in list(function.ret):
        function.ret[key] = renamed(function.ret[key])
    for key in list(function.control_ret):
        if function.control_ret[key] == old:
            function.control_ret[key] = new
