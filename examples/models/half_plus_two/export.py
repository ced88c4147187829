"""Exports y = x / 2 + 2 twice: as version 1 by TensorFlow 2 and as version 2 in TensorFlow 1's graph mode.

Both versions have the same five signatures, so that a server can be shown moving from one to the other:

    serving_default    predict   x: float [-1]                -> y: float [-1]         0.5 x  + 2
    regress_x_to_y     regress   inputs: tf.Examples with x   -> outputs: float [-1]   0.5 x  + 2
    regress_x_to_y2    regress   inputs: tf.Examples with x   -> outputs: float [-1]   0.5 x  + 3
    regress_x2_to_y3   regress   inputs: float [-1] (x2)      -> outputs: float [-1]   0.5 x2 + 3
    classify_x_to_y    classify  inputs: tf.Examples with x   -> scores: float [-1, 1] 0.5 x  + 2

Run: python export.py
"""

import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "conformance"))

import numpy as np
from golden import METHOD_CLASSIFY, METHOD_REGRESS, LoadedModel, example, set_method_names, tf, write_golden

v1 = tf.compat.v1


class HalfPlusTwo(tf.Module):
    def __init__(self):
        self.a = tf.Variable(0.5, name="a")
        self.b = tf.Variable(2.0, name="b")
        self.c = tf.Variable(3.0, name="c")

    def parse(self, examples):
        features = {"x": tf.io.FixedLenFeature([], tf.float32), "x2": tf.io.FixedLenFeature([], tf.float32, 0.0)}
        return tf.io.parse_example(examples, features)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def predict(self, x):
        return {"y": self.a * x + self.b}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def regress_x_to_y(self, inputs):
        return {"outputs": self.a * self.parse(inputs)["x"] + self.b}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def regress_x_to_y2(self, inputs):
        return {"outputs": self.a * self.parse(inputs)["x"] + self.c}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "inputs")])
    def regress_x2_to_y3(self, inputs):
        return {"outputs": self.a * inputs + self.c}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def classify_x_to_y(self, inputs):
        return {"scores": tf.expand_dims(self.a * self.parse(inputs)["x"] + self.b, 1)}


METHODS = {
    "regress_x_to_y": METHOD_REGRESS,
    "regress_x_to_y2": METHOD_REGRESS,
    "regress_x2_to_y3": METHOD_REGRESS,
    "classify_x_to_y": METHOD_CLASSIFY,
}


def export_tf2(directory):
    module = HalfPlusTwo()
    signatures = {name: getattr(module, name) for name in METHODS}
    tf.saved_model.save(module, str(directory), {"serving_default": module.predict, **signatures})
    set_method_names(directory, METHODS)


def export_tf1(directory):
    """Reference variables, the ParseExample op, and signatures that feed tensors in the middle of the graph."""
    builder = v1.saved_model.Builder(str(directory))
    with v1.Session(graph=tf.Graph()) as session:
        a, b, c = (v1.Variable(v, name=n, use_resource=False) for n, v in (("a", 0.5), ("b", 2.0), ("c", 3.0)))
        examples = v1.placeholder(tf.string, [None], name="tf_example")
        parsed = tf.raw_ops.ParseExample(
            serialized=examples,
            names=tf.constant([], tf.string),
            sparse_keys=[],
            dense_keys=[tf.constant("x"), tf.constant("x2")],
            dense_defaults=[tf.constant([], tf.float32), tf.constant(0.0)],
            sparse_types=[],
            dense_shapes=[[], []],
        )
        x = tf.identity(parsed.dense_values[0], name="x")
        x2 = tf.identity(parsed.dense_values[1], name="x2")
        y = tf.identity(tf.add(tf.multiply(a, x), b), name="y")
        y2 = tf.identity(tf.add(tf.multiply(a, x), c), name="y2")
        y3 = tf.identity(tf.add(tf.multiply(a, x2), c), name="y3")
        scores = tf.expand_dims(y, 1, name="scores")
        session.run(v1.global_variables_initializer())

        def signature(inputs, outputs, method):
            info = v1.saved_model.build_tensor_info
            return v1.saved_model.build_signature_def(
                {k: info(t) for k, t in inputs.items()}, {k: info(t) for k, t in outputs.items()}, method
            )

        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {
                "serving_default": signature({"x": x}, {"y": y}, "tensorflow/serving/predict"),
                "regress_x_to_y": signature({"inputs": examples}, {"outputs": y}, METHOD_REGRESS),
                "regress_x_to_y2": signature({"inputs": examples}, {"outputs": y2}, METHOD_REGRESS),
                "regress_x2_to_y3": signature({"inputs": x2}, {"outputs": y3}, METHOD_REGRESS),
                "classify_x_to_y": signature({"inputs": examples}, {"scores": scores}, METHOD_CLASSIFY),
            },
        )
    builder.save()


def cases(model):
    special = np.array([0.0, -0.0, 1e30, -4.0, np.inf, -np.inf, np.nan], np.float32)
    for x in ([2.0], [1.0, 2.0, 5.0], special, np.zeros([0], np.float32)):
        yield model.case("serving_default", {"x": x})
    yield model.case("regress_x2_to_y3", {"inputs": [2.0, -6.0]})
    batches = [[example(x=2.0)], [example(x=80.0, x2=1.0), example(x=-3.5), example(x=0.0, other="ignored")], []]
    for name in ("regress_x_to_y", "regress_x_to_y2", "classify_x_to_y"):
        for batch in batches:
            yield model.case(name, {"inputs": np.array(batch, object)})


def main():
    answers = []
    for version, export in (("1", export_tf2), ("2", export_tf1)):
        directory = HERE / version
        shutil.rmtree(directory, ignore_errors=True)
        export(directory)
        with LoadedModel(directory) as model:
            answers.append(list(cases(model)))
    if answers[0] != answers[1]:
        raise SystemExit("the two versions do not give the same answers")
    write_golden(HERE / "golden.json", answers[0])


if __name__ == "__main__":
    main()
