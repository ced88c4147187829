"""Exports the model that most wire cases ask: signatures that give back what they were given, in every dtype, and
signatures whose answers are wrong in one way each, for the error texts of Classify and Regress.

Run: python export.py (writes 1/ beside this file)
"""

import os
import pathlib
import shutil

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

v1 = tf.compat.v1
HERE = pathlib.Path(__file__).resolve().parent
PREDICT, CLASSIFY, REGRESS = (f"tensorflow/serving/{method}" for method in ("predict", "classify", "regress"))
DTYPES = (
    "float32 float64 int32 int16 int8 uint8 int64 uint16 uint32 uint64 bool string float16 bfloat16 complex64".split()
)


class Signatures:
    def __init__(self):
        self.made = {}

    def add(self, name, inputs, outputs, method=PREDICT):
        info = v1.saved_model.build_tensor_info
        self.made[name] = v1.saved_model.build_signature_def(
            {alias: info(tensor) for alias, tensor in inputs.items()},
            {alias: info(tensor) for alias, tensor in outputs.items()},
            method,
        )


def placeholder(dtype, shape=None):
    return v1.placeholder(dtype, shape)


def same(tensor):
    return tf.identity(tensor)


def build(signatures):
    x = placeholder(tf.float32, [None])
    signatures.add("serving_default", {"x": x}, {"y": 0.5 * x + 2.0})
    for name in DTYPES:
        value = placeholder(name)
        signatures.add(f"same_{name}", {"value": value}, {"value": same(value)})

    numbers, words = placeholder(tf.int32), placeholder(tf.string)
    floats, doubles = placeholder(tf.float32), placeholder(tf.float64)
    signatures.add(
        "named",
        {"int_tensor": numbers, "str_tensor": words, "float_tensor": floats, "double_tensor": doubles},
        {"ints": same(numbers), "strs": same(words), "floats": same(floats), "doubles_bytes": same(doubles)},
    )
    data = placeholder(tf.string)
    signatures.add("bytes", {"data": data}, {"data_bytes": same(data)})
    left, right = placeholder(tf.float32, [None]), placeholder(tf.float32, [None])
    signatures.add("add", {"a": left, "b": right}, {"sum": left + right})
    signatures.add("two_outputs", {"a": left}, {"half": left * 0.5, "twice": left * 2.0})
    signatures.add("total", {"x": x}, {"total": tf.reduce_sum(x)})
    signatures.add("uneven", {"x": x}, {"all": same(x), "first": x[:1]})
    signatures.add("no_inputs", {}, {"answer": tf.constant([42.0])})
    signatures.add("odd_method", {"x": x}, {"y": x + 1.0}, "not/supported/method")
    signatures.add("no_method", {"x": x}, {"y": x + 1.0}, "")
    build_examples(signatures)


def build_examples(signatures):
    """Of serialised Examples only their number counts here."""
    examples = placeholder(tf.string, [None])
    n = tf.shape(examples)[0]
    row = tf.range(n)
    scores = tf.stack([tf.cast(row, tf.float32), tf.cast(row, tf.float32) + 0.5], 1)
    classes = tf.stack([tf.strings.join(["a", tf.strings.as_string(row)])] + [tf.fill([n], "b")], 1)
    inputs = {"inputs": examples}

    def classify(name, outputs, given=inputs):
        signatures.add(f"classify_{name}", given, outputs, CLASSIFY)

    classify("both", {"classes": same(classes), "scores": same(scores)})
    classify("classes", {"classes": same(classes)})
    classify("scores", {"scores": same(scores)})
    classify("neither", {"other": same(scores)})
    classify("three", {"classes": same(classes), "scores": same(scores), "more": same(scores)})
    classify("alias", {"scores": same(scores)}, {"x": examples})
    other = placeholder(tf.float32, [None])
    classify("two_inputs", {"scores": same(scores)}, {"inputs": examples, "more": other})
    classify("rank", {"scores": scores[:, 0]})
    classify("scores_dtype", {"scores": tf.cast(scores, tf.float64)})
    classify("classes_dtype", {"classes": same(scores)})
    classify("scores_batch", {"scores": tf.concat([scores, scores[:1]], 0)})
    classify("classes_batch", {"classes": tf.concat([classes, classes[:1]], 0)})
    classify("width", {"classes": same(classes), "scores": tf.concat([scores, scores[:, :1]], 1)})
    signatures.add("classify_method", inputs, {"scores": same(scores)}, "wrong")

    def regress(name, outputs, given=inputs):
        signatures.add(f"regress_{name}", given, outputs, REGRESS)

    regress("flat", {"outputs": scores[:, 1]})
    regress("column", {"outputs": scores[:, 1:]})
    regress("wide", {"outputs": same(scores)})
    regress("rank3", {"outputs": tf.expand_dims(scores[:, 1:], 2)})
    regress("batch", {"outputs": tf.concat([scores[:, 1], scores[:1, 1]], 0)})
    regress("dtype", {"outputs": tf.cast(scores[:, 1], tf.float64)})
    regress("alias", {"outputs": scores[:, 1]}, {"x": examples})
    regress("out_alias", {"y": scores[:, 1]})
    regress("two_inputs", {"outputs": scores[:, 1]}, {"inputs": examples, "more": other})
    regress("two_outputs", {"outputs": scores[:, 1], "more": scores[:, 0]})
    signatures.add("regress_method", inputs, {"outputs": scores[:, 1]}, "wrong")


def main():
    directory = HERE / "1"
    shutil.rmtree(directory, ignore_errors=True)
    builder = v1.saved_model.Builder(str(directory))
    with v1.Session(graph=tf.Graph()) as session:
        signatures = Signatures()
        build(signatures)
        builder.add_meta_graph_and_variables(session, ["serve"], signatures.made, strip_default_attrs=True)
        builder.save()


if __name__ == "__main__":
    main()
