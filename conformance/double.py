"""A SavedModel in float64: what its float32 kernels round away from, and so how far TensorFlow is from its own answer."""

from golden import tf  # first: it sets TensorFlow up

from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

FLOAT, DOUBLE = tf.float32.as_datatype_enum, tf.float64.as_datatype_enum


class DoubleModel:
    """Signatures with every float32 of their graphs made a float64: attributes, constants and weights."""

    def __init__(self, directory):
        self._model = tf.saved_model.load(str(directory))
        self._runs = {}

    def run(self, signature_name, inputs):
        """Outputs by alias, float64 where the signature says float32. Ops without a float64 kernel raise OpError."""
        if signature_name not in self._runs:
            self._runs[signature_name] = self._prepare(self._model.signatures[signature_name])
        return self._runs[signature_name](inputs)

    def _prepare(self, function):
        frozen = convert_variables_to_constants_v2(function)
        graph_def = frozen.graph.as_graph_def()
        for node in graph_def.node:
            widen(node)
        for nested in graph_def.library.function:
            for node in nested.node_def:
                widen(node)
            for argument in [*nested.signature.input_arg, *nested.signature.output_arg]:
                if argument.type == FLOAT:
                    argument.type = DOUBLE
        graph = tf.Graph()
        with graph.as_default():
            tf.graph_util.import_graph_def(graph_def, name="")
        config = tf.compat.v1.ConfigProto()
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        session = tf.compat.v1.Session(graph=graph, config=config)
        fetches = [tensor.name for tensor in frozen.outputs]
        # The order of a flat structure: aliases sorted.
        names = sorted(function.structured_outputs)

        def run(inputs):
            values = [inputs[tensor.name.split(":")[0]] for tensor in frozen.inputs]
            wide = [value.astype("float64") if value.dtype == "float32" else value for value in values]
            feeds = {tensor.name: value for tensor, value in zip(frozen.inputs, wide)}
            return dict(zip(names, session.run(fetches, feeds)))

        return run


def widen(node):
    for attribute in node.attr.values():
        kind = attribute.WhichOneof("value")
        if kind == "type" and attribute.type == FLOAT:
            attribute.type = DOUBLE
        elif kind == "list":
            attribute.list.type[:] = [DOUBLE if t == FLOAT else t for t in attribute.list.type]
        elif kind == "tensor" and attribute.tensor.dtype == FLOAT:
            attribute.tensor.CopyFrom(tf.make_tensor_proto(tf.make_ndarray(attribute.tensor).astype("float64")))
