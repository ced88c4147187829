"""TensorFlow 1: graphs with sessions, saved by its builder or `simple_save`, with frames, tables, init ops and tags.

Each model's `build` makes a graph and returns its signatures as { name: (inputs, outputs) } of tensors.
"""

import pathlib

import numpy as np
from draws import Draws
from golden import METHOD_CLASSIFY, METHOD_REGRESS, example, tf

v1 = tf.compat.v1
PREDICT = "tensorflow/serving/predict"


def graph(build, seed, frames=True):
    """A model function for export.py. `frames`: control flow as Switch, Merge, Enter and Exit, as TensorFlow 1 made it."""

    def make(directory):
        draws = Draws(seed)
        was = v1.control_flow_v2_enabled()
        (v1.disable_control_flow_v2 if frames else v1.enable_control_flow_v2)()
        try:
            with tf.Graph().as_default(), v1.Session() as session:
                v1.set_random_seed(seed)
                with v1.variable_scope("model", use_resource=False):
                    signatures, cases = build(draws, pathlib.Path(directory))
                session.run([v1.global_variables_initializer(), v1.tables_initializer()])
                for variable in v1.global_variables():  # those that start as zeros
                    value = session.run(variable)
                    if not value.any():
                        variable.load(draws.normal(*value.shape), session)
                builder = v1.saved_model.Builder(str(directory))
                builder.add_meta_graph_and_variables(
                    session,
                    [v1.saved_model.tag_constants.SERVING],
                    signature_def_map={name: signature(*parts) for name, parts in signatures.items()},
                    assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS) or None,
                    main_op=v1.tables_initializer(),
                )
                builder.save()
        finally:
            (v1.enable_control_flow_v2 if was else v1.disable_control_flow_v2)()
        return [(f"case {i + 1}", name, inputs) for i, (name, inputs) in enumerate(cases)]

    return make


def signature(inputs, outputs, method=PREDICT):
    info = lambda tensors: {k: v1.saved_model.utils.build_tensor_info(t) for k, t in tensors.items()}
    return v1.saved_model.signature_def_utils.build_signature_def(info(inputs), info(outputs), method)


def weight(name, value):
    return v1.get_variable(name, initializer=tf.constant(np.asarray(value, np.float32)))


def simple_save(directory):
    """`tf.saved_model.simple_save` of a dense network over reference variables."""
    d = Draws(401)
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 10], "x")
        with v1.variable_scope("net", use_resource=False):
            y = tf.nn.relu(x @ weight("w", d.normal(10, 16)) + weight("b", d.normal(16)))
            y = v1.nn.xw_plus_b(y, weight("w2", d.normal(16, 3)), weight("b2", d.normal(3)))
        session.run(v1.global_variables_initializer())
        v1.saved_model.simple_save(session, str(directory), {"x": x}, {"probabilities": tf.nn.softmax(y)})
    return [(f"batch of {n}", "serving_default", {"x": d.normal(n, 10)}) for n in (1, 6)]


def convolutional(d, directory):
    """The batch norm and dropout of TensorFlow 1, in inference; partitioned variables."""
    image = v1.placeholder(tf.float32, [None, 28, 28, 1], "image")
    x = tf.nn.conv2d(image, weight("k", d.normal(5, 5, 1, 8, scale=0.3)), 1, "SAME")
    x, *_ = v1.nn.fused_batch_norm(
        x,
        weight("g", d.uniform(8, low=0.5)),
        weight("o", d.normal(8)),
        weight("m", d.normal(8)),
        weight("v", d.uniform(8, low=0.5)),
        is_training=False,
    )
    x = tf.nn.max_pool2d(tf.nn.relu(x), 2, 2, "SAME")
    x = v1.nn.lrn(x, 3, bias=1.0, alpha=0.001, beta=0.75)
    parts = v1.get_variable(
        "dense",
        [14 * 14 * 8, 10],
        partitioner=v1.fixed_size_partitioner(3),
        initializer=v1.truncated_normal_initializer(stddev=0.05),
    )
    keep = v1.placeholder_with_default(0.0, [], "rate")
    y = v1.nn.dropout(tf.reshape(x, [-1, 14 * 14 * 8]), rate=keep) @ tf.convert_to_tensor(parts)
    outputs = {"scores": tf.nn.softmax(y), "classes": tf.argmax(y, 1)}
    return {"serving_default": ({"image": image}, outputs)}, [
        ("serving_default", {"image": d.uniform(n, 28, 28, 1)}) for n in (1, 4)
    ]


def recurrent(d, directory):
    """A cell in a while loop over TensorArrays, lengths masked, as `dynamic_rnn` builds it."""
    x = v1.placeholder(tf.float32, [None, None, 6], "x")
    lengths = v1.placeholder(tf.int32, [None], "lengths")
    kernel, bias = weight("kernel", d.normal(6 + 8, 32, scale=0.4)), weight("bias", d.normal(32, scale=0.1))
    steps, rows = tf.shape(x)[1], tf.shape(x)[0]
    given = tf.TensorArray(tf.float32, steps).unstack(tf.transpose(x, [1, 0, 2]))
    made = tf.TensorArray(tf.float32, steps)

    def step(t, c, h, made):
        i, j, f, o = tf.split(tf.concat([given.read(t), h], 1) @ kernel + bias, 4, axis=1)
        new_c = tf.sigmoid(f + 1.0) * c + tf.sigmoid(i) * tf.tanh(j)
        new_h = tf.sigmoid(o) * tf.tanh(new_c)
        done = (t >= lengths)[:, None] | tf.zeros_like(c, tf.bool)
        made = made.write(t, tf.where(done, tf.zeros_like(new_h), new_h))
        return t + 1, tf.where(done, c, new_c), tf.where(done, h, new_h), made

    zeros = tf.zeros([rows, 8])
    zeros.set_shape([None, 8])
    _, c, h, made = v1.while_loop(lambda t, *_: t < steps, step, [0, zeros, zeros, made])
    outputs = {"sequence": tf.transpose(made.stack(), [1, 0, 2]), "c": c, "h": h}
    return {"serving_default": ({"x": x, "lengths": lengths}, outputs)}, [
        ("serving_default", {"x": d.normal(n, t, 6), "lengths": d.integers(1, t + 1, n)}) for n, t in ((1, 5), (4, 9))
    ]


def branches(d, directory):
    x = v1.placeholder(tf.float32, [None, 4], "x")
    flag = v1.placeholder(tf.bool, [], "flag")
    w = weight("w", d.normal(4, 4))
    y = v1.cond(flag, lambda: x @ w, lambda: x * 2.0)
    z = v1.case([(tf.reduce_sum(y) > 3.0, lambda: y + 1.0), (tf.reduce_sum(y) < -3.0, lambda: y - 1.0)], lambda: -y)
    n = v1.while_loop(lambda i, v: tf.reduce_max(tf.abs(v)) > 0.1, lambda i, v: (i + 1, v / 2.0), [0, z])
    return {"serving_default": ({"x": x, "flag": flag}, {"y": y, "z": z, "n": n[0]})}, [
        ("serving_default", {"x": d.normal(n, 4), "flag": f}) for n, f in ((1, True), (3, False), (2, True))
    ]


def tables(d, directory):
    """Vocabulary files in assets, forward and back, with buckets for unknown words."""
    vocabulary = directory.parent / "words.txt"
    vocabulary.write_text("\n".join(["the", "cat", "sat", "höher", "x y"]) + "\n")
    path = str(vocabulary)
    table = tf.lookup.StaticVocabularyTable(
        tf.lookup.TextFileInitializer(
            path, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        ),
        3,
    )
    back = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            path, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE
        ),
        "UNK",
    )
    words = v1.placeholder(tf.string, [None, None], "words")
    ids = table.lookup(words)
    embedded = tf.nn.embedding_lookup(weight("vectors", d.normal(8, 5)), ids)
    outputs = {"ids": ids, "again": back.lookup(ids), "mean": tf.reduce_mean(embedded, 1)}
    values = lambda *r: {"words": np.array(r, dtype=object)}
    return {"serving_default": ({"words": words}, outputs)}, [
        ("serving_default", values(["the", "cat"])),
        ("serving_default", values(["sat", "zebra", ""], ["höher", "x y", "THE"])),
    ]


def estimator(d, directory):
    """What an estimator with feature columns exports: three methods over serialised tf.Examples."""
    serialized = v1.placeholder(tf.string, [None], "input_example_tensor")
    column = v1.feature_column
    age = column.numeric_column("age", default_value=30.0)
    hours = column.numeric_column("hours", shape=[2], default_value=[1.0, 2.0], normalizer_fn=lambda v: (v - 2.0) / 3.0)
    bands = column.bucketized_column(age, [18, 30, 50])
    work = column.categorical_column_with_vocabulary_list("work", ["office", "field", "home"], default_value=-1)
    town = column.categorical_column_with_hash_bucket("town", 20)
    crossed = column.crossed_column(["work", "town"], 30)
    columns = [
        age,
        hours,
        bands,
        column.indicator_column(work),
        column.embedding_column(town, 4, combiner="mean"),
        column.indicator_column(crossed),
    ]
    features = v1.parse_example(serialized, column.make_parse_example_spec(columns))
    x = column.input_layer(features, columns)
    width = int(x.shape[1])
    hidden = tf.nn.relu(x @ weight("w1", d.normal(width, 12, scale=0.3)) + weight("b1", d.normal(12)))
    logits = hidden @ weight("w2", d.normal(12, 3)) + weight("b2", d.normal(3))
    scores = tf.nn.softmax(logits)
    names = tf.tile(tf.constant([["low", "middle", "high"]]), [tf.shape(scores)[0], 1])
    line = tf.squeeze(hidden @ weight("w3", d.normal(12, 1)), -1)
    inputs = {"inputs": serialized}
    signatures = {
        "serving_default": (inputs, {"classes": names, "scores": scores}, METHOD_CLASSIFY),
        "regression": (inputs, {"outputs": line}, METHOD_REGRESS),
        "predict": ({"examples": serialized}, {"logits": logits, "class_ids": tf.argmax(logits, -1)[:, None]}),
    }
    examples = np.array(
        [
            example(age=[44.0], work=["office"], town=["Oslo", "Rome"], hours=[3.0, 9.0]),
            example(work=["nowhere"]),
            example(age=[17.5], town=["Bonn"], work=["home", "field"]),
        ],
        dtype=object,
    )
    cases = [(s, {"inputs": examples[:n]}) for s in ("serving_default", "regression") for n in (1, 3)]
    return signatures, [*cases, ("predict", {"examples": examples})]


def linear_estimator(d, directory):
    """A wide model over sparse columns, fed with the columns' tensors themselves."""
    column = v1.feature_column
    words = column.categorical_column_with_vocabulary_list("words", ["a", "b", "c", "d"], num_oov_buckets=2)
    size = column.numeric_column("size")
    features = {
        "words": v1.placeholder(tf.string, [None, None], "words"),
        "size": v1.placeholder(tf.float32, [None, 1], "size"),
    }
    y = column.linear_model(features, [words, size], units=2)
    return {"serving_default": (features, {"y": y, "probability": tf.sigmoid(y)})}, [
        ("serving_default", {"words": d.words(["a", "b", "z", ""], n, 3), "size": d.normal(n, 1)}) for n in (1, 4)
    ]


def frozen_style(d, directory):
    """Constants for weights, NHWC convolutions with explicit pads, a split in three, names with slashes."""
    image = v1.placeholder(tf.float32, [1, 32, 32, 3], "input/image")
    x = tf.nn.conv2d(image, tf.constant(d.normal(3, 3, 3, 9, scale=0.3)), 2, [[0, 0], [0, 1], [0, 1], [0, 0]])
    x = tf.nn.bias_add(x, tf.constant(d.normal(9)))
    a, b, c = tf.split(tf.nn.relu6(x), 3, axis=3)
    a = tf.nn.atrous_conv2d(a, tf.constant(d.normal(3, 3, 3, 3, scale=0.3)), 2, "SAME")
    b = tf.nn.separable_conv2d(
        b, tf.constant(d.normal(3, 3, 3, 2)), tf.constant(d.normal(1, 1, 6, 3)), [1, 1, 1, 1], "SAME"
    )
    c = v1.image.resize_bilinear(v1.image.resize_nearest_neighbor(c, [8, 8]), [16, 16], align_corners=True)
    y = tf.concat([a, b, c], 3)
    y = v1.space_to_batch(y, [[0, 0], [0, 0]], 2)
    return {
        "serving_default": ({"image": image}, {"y": tf.identity(y, "output/y"), "max": tf.reduce_max(y, [1, 2])})
    }, [("serving_default", {"image": d.uniform(1, 32, 32, 3)}) for _ in range(2)]


def queue_of_numbers(d, directory):
    """map_fn and foldl over parsed strings."""
    lines = v1.placeholder(tf.string, [None], "lines")
    values = tf.transpose(tf.stack(tf.io.decode_csv(lines, [[0.0], [1.5], [2.0]])))
    scaled = tf.map_fn(lambda r: r / (1.0 + tf.reduce_sum(tf.abs(r))), values)
    total = tf.foldl(lambda a, r: a * 0.5 + r, values)
    return {"serving_default": ({"lines": lines}, {"values": values, "scaled": scaled, "total": total})}, [
        ("serving_default", {"lines": np.array(t, dtype=object)}) for t in (["1,2,3"], ["1,2,3", ",,", "-4e1,0.5,"])
    ]


MODELS = {
    "tf1_simple_save": simple_save,
    "tf1_convolutional": graph(convolutional, 402),
    "tf1_recurrent_frames": graph(recurrent, 403),
    "tf1_recurrent_functional": graph(recurrent, 403, frames=False),
    "tf1_branches_frames": graph(branches, 404),
    "tf1_branches_functional": graph(branches, 404, frames=False),
    "tf1_tables": graph(tables, 405),
    "tf1_estimator": graph(estimator, 406),
    "tf1_linear_estimator": graph(linear_estimator, 407),
    "tf1_frozen_style": graph(frozen_style, 408),
    "tf1_csv": graph(queue_of_numbers, 409),
}
