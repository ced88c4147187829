"""Exports decision forests, with the answers of TensorFlow Decision Forests' own ops.

    python zoo/forests.py ydf         needs ydf 0.16.1, ydf-tf 2.21.0.post1, scikit-learn 1.9, TensorFlow 2.21
    python zoo/forests.py keras       needs tensorflow_decision_forests 1.12.0, tf-keras 2.19, ydf 0.11, TensorFlow 2.19

The two cannot stand in one environment. Models go where those of export.py go: zoo/models/forests*/, one signature per
model of the first kind, and whole SavedModels of `model.save()` of the second.
"""

import os
import pathlib
import shutil
import sys
import tempfile

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))

from golden import LoadedModel, encode_tensor, example, ops_in, tf, write_golden  # first: it sets TensorFlow up

import numpy as np

MODELS = HERE / "models"
COLOURS = ["red", "green", "blue", "grey", "très noir"]
TOWNS = [f"town {i}" for i in range(40)]
WORDS = ["tree", "leaf", "root", "bark", "seed", "stem", "twig"]


def rows(count, seed):
    """Features of every kind, as columns. Numbers and strings are missing now and then."""
    rng = np.random.default_rng(seed)
    data = {
        "age": rng.normal(40, 15, count).astype(np.float32),
        "height": rng.normal(0, 1, count).astype(np.float32),
        "width": rng.gamma(2, 2, count).astype(np.float32),
        "visits": rng.integers(0, 30, count),
        "colour": rng.choice(COLOURS, count, p=[0.35, 0.25, 0.2, 0.15, 0.05]),
        "town": rng.choice(TOWNS, count),
        "member": rng.random(count) < 0.4,
    }
    data["age"][rng.random(count) < 0.15] = np.nan
    data["height"][rng.random(count) < 0.1] = np.nan
    data["colour"][rng.random(count) < 0.1] = ""
    data["words"] = [list(rng.choice(WORDS, rng.integers(0, 4), replace=False)) for _ in range(count)]
    return data


def score(data, seed):
    rng = np.random.default_rng(seed)
    town = np.array([int(t.split()[1]) for t in data["town"]])
    return (
        np.nan_to_num(data["age"], nan=30) / 20
        + np.nan_to_num(data["height"]) * np.where(data["colour"] == "red", 2, -1)
        + np.where(town % 3 == 1, 1.5, 0)
        + np.where(data["member"], np.log1p(data["width"]), 0)
        + np.array(["leaf" in w for w in data["words"]]) * 1.5
        + data["visits"] / 10
        + rng.normal(0, 0.4, len(town))
    )


def labelled(count, seed):
    data = rows(count, seed)
    y = score(data, seed + 1)
    data["y"] = y.astype(np.float32)
    data["kind"] = np.where(y > np.median(y), "yes", "no")
    data["class"] = np.array(["low", "mid", "high", "top"])[np.searchsorted(np.quantile(y, [0.3, 0.6, 0.85]), y)]
    data["count"] = np.random.default_rng(seed + 2).poisson(np.exp(np.clip(y / 4, -2, 3))).astype(np.float32)
    data["grade"] = np.clip(np.round(y), 0, 4).astype(np.float32)
    data["query"] = np.array([f"q{i}" for i in np.random.default_rng(seed + 3).integers(0, count // 10, count)], np.bytes_)
    return data


def unusual(data):
    """Changes some rows to what training has not seen: unknown categories, infinities, values far out."""
    data = {k: (v.copy() if isinstance(v, np.ndarray) else list(v)) for k, v in data.items()}
    data["colour"] = data["colour"].astype(object)
    data["town"] = data["town"].astype(object)
    data["colour"][0], data["colour"][1], data["town"][2] = "mauve", "", "nowhere"
    data["town"][3] = ""
    for i, value in enumerate([np.inf, -np.inf, np.nan, 1e30, -0.0, 0.0]):
        data["age"][i] = value
    data["height"][4:7] = np.nan
    data["visits"][5], data["visits"][6] = -1, 2**31 - 1
    data["words"][7], data["words"][8], data["words"][9] = [""], ["thorn"], ["thorn", "leaf"]
    return data


def feeds(data, names, specs):
    """Inputs of a signature by alias. A ragged feature is two inputs, its values and where each row begins, that have no
    names of their own; `model.save()` of a model with one counts all inputs through, in the order of the names."""
    flat = []
    for name in sorted(names):
        if name == "words":
            flat.append(("x", np.array([w for row in data[name] for w in row], object)))
            flat.append(("x_1", np.cumsum([0] + [len(row) for row in data[name]]).astype(np.int64)))
        else:
            flat.append((name, data[name]))
    if "args_0" in specs:
        flat = [(f"args_0_{i}" if i else "args_0", column) for i, (_, column) in enumerate(flat)]
    fed = {}
    for alias, column in flat:
        dtype = tf.as_dtype(specs[alias].dtype)
        column = np.array(column, object if dtype == tf.string else dtype.as_numpy_dtype)
        fed[alias] = column.reshape(-1, 1) if len(specs[alias].tensor_shape.dim) == 2 else column
    return fed


def take(data, index):
    return {k: v[index] if isinstance(v, np.ndarray) else [v[i] for i in np.arange(len(v))[index]] for k, v in data.items()}


def golden_cases(served, signature, names, data):
    """A batch with unusual values, one row and no row."""
    specs = served.signatures[signature].inputs
    batches = [unusual(data), take(data, slice(11, 12)), take(data, slice(0, 0))]
    return [served.case(signature, feeds(batch, names, specs)) for batch in batches]


FEATURES = ["age", "height", "width", "visits", "colour", "town", "member"]
NUMBERS = ["age", "height", "width", "visits"]


def ydf_models():
    """Name → (model, features)."""
    import ydf

    train = labelled(500, 1)
    cat_set = ydf.Feature("words", ydf.Semantic.CATEGORICAL_SET, min_vocab_frequency=1)
    small = dict(num_trees=8, max_depth=4, validation_ratio=0.0)

    def fit(learner, features, label=None, extra=(), **options):
        chosen = [cat_set if f == "words" else f for f in features]
        data = {k: train[k] for k in [*features, *extra, *([label] if label else [])]}
        if label is not None:
            options["label"] = label
        options["pure_serving_model"] = True
        model = learner(features=chosen, **options).train(data, verbose=0)
        return model, features

    gbt, forest, cart = ydf.GradientBoostedTreesLearner, ydf.RandomForestLearner, ydf.CartLearner
    task = ydf.Task
    trees = dict(num_trees=6, max_depth=5, compute_oob_performances=False)
    yield "gbt_binary", *fit(gbt, FEATURES, "kind", **small)
    yield "gbt_binary_deep", *fit(gbt, FEATURES, "kind", num_trees=5, max_depth=12, min_examples=1, validation_ratio=0.0)
    yield "gbt_classes", *fit(gbt, FEATURES, "class", **{**small, "num_trees": 4})
    yield "gbt_regression", *fit(gbt, FEATURES, "y", task=task.REGRESSION, **small)
    yield "gbt_absolute", *fit(gbt, NUMBERS, "y", task=task.REGRESSION, loss="MEAN_AVERAGE_ERROR", **small)
    yield "gbt_poisson", *fit(gbt, FEATURES, "count", task=task.REGRESSION, loss="POISSON", **small)
    yield "gbt_focal", *fit(gbt, FEATURES, "kind", loss="BINARY_FOCAL_LOSS", **small)
    yield "gbt_sets", *fit(gbt, [*FEATURES, "words"], "kind", **small)
    yield "gbt_ranking", *fit(
        gbt, FEATURES, "grade", ["query"], task=task.RANKING, ranking_group="query", **small
    )
    yield "gbt_oblique", *fit(gbt, NUMBERS, "kind", split_axis="SPARSE_OBLIQUE", **small)
    yield "gbt_logits", *fit(gbt, FEATURES, "kind", apply_link_function=False, **small)
    yield "rf_binary", *fit(forest, FEATURES, "kind", **trees)
    yield "rf_distribution", *fit(forest, FEATURES, "kind", winner_take_all=False, **trees)
    yield "rf_classes", *fit(forest, [*FEATURES, "words"], "class", **trees)
    yield "rf_class_distribution", *fit(forest, FEATURES, "class", winner_take_all=False, **trees)
    yield "rf_regression", *fit(forest, [*FEATURES, "words"], "y", task=task.REGRESSION, **trees)
    yield "rf_oblique", *fit(forest, NUMBERS, "class", split_axis="MHLD_OBLIQUE", **trees)
    yield "cart", *fit(cart, FEATURES, "class", max_depth=6)
    yield "cart_regression", *fit(cart, FEATURES, "y", task=task.REGRESSION, max_depth=6)
    local = dict(num_trees=5, max_depth=6, compute_oob_performances=False, missing_value_policy="LOCAL_IMPUTATION")
    yield "rf_local_binary", *fit(forest, FEATURES, "kind", **local)
    yield "rf_local_classes", *fit(forest, FEATURES, "class", winner_take_all=False, **local)
    yield "gbt_local_classes", *fit(
        gbt, FEATURES, "class", missing_value_policy="LOCAL_IMPUTATION", **{**small, "num_trees": 3}
    )
    yield "gbt_local_numbers", *fit(gbt, NUMBERS, "y", task=task.REGRESSION, missing_value_policy="LOCAL_IMPUTATION", **small)
    yield "rf_na_conditions", *fit(forest, FEATURES, "kind", allow_na_conditions=True, **trees)
    yield "gbt_discretized", *fit(
        gbt, ["age", "height", "width", "colour"], "y", task=task.REGRESSION, discretize_numerical_columns=True, **small
    )


def isolation_forest():
    import ydf

    train = rows(400, 5)
    return ydf.IsolationForestLearner(features=[*NUMBERS, "colour"], num_trees=12, subsample_count=64).train(
        {k: train[k] for k in [*NUMBERS, "colour"]}, verbose=0
    )


def uplift_model(label, task):
    import ydf

    train = labelled(500, 7)
    train["treatment"] = np.where(np.random.default_rng(8).random(500) < 0.5, "control", "treated")
    train["kind"] = np.where((train["kind"] == "yes") ^ (train["treatment"] == "treated"), 1, 0)
    features = [*NUMBERS, "colour"]
    return ydf.RandomForestLearner(
        label=label, task=task, uplift_treatment="treatment", features=features, num_trees=5, max_depth=5,
        compute_oob_performances=False,
    ).train({k: train[k] for k in [*features, label, "treatment"]}, verbose=0), features


def sklearn_model():
    import ydf
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    x, y = load_iris(return_X_y=True)
    return ydf.from_sklearn(RandomForestClassifier(n_estimators=6, max_depth=4, random_state=1).fit(x, y)), x[:40]


def raw_predictions(model, directory, prefix, **options):
    """The model behind the op itself, for tasks that the Python API does not take."""
    import ydf
    from ydf_tf import tf_op

    model.save(directory, advanced_options=ydf.ModelIOOptions(file_prefix=prefix))
    builder = tf_op._InferenceArgsBuilder
    known = builder._get_dense_output_dim
    if model.task() == ydf.Task.ANOMALY_DETECTION:
        builder._get_dense_output_dim = lambda self: 1
    try:
        return tf_op.ModelV2(directory, verbose=False, file_prefix=prefix, **options)
    finally:
        builder._get_dense_output_dim = known


def spec_of(feature):
    kinds = {"colour": tf.string, "town": tf.string, "visits": tf.int64, "member": tf.bool}
    if feature == "words":
        return tf.RaggedTensorSpec([None, None], tf.string, ragged_rank=1)
    return tf.TensorSpec([None], kinds.get(feature, tf.float32), name=feature)


def export_ydf(directory, keep):
    """Models of these names as signatures of one SavedModel."""
    module = tf.Module()
    module.parts = []
    signatures, features, fixed = {}, {}, {}
    with tempfile.TemporaryDirectory() as scratch:

        def add(name, names, call, specs=None):
            specs = specs or {f: spec_of(f) for f in names}
            signatures[name] = tf.function(lambda x: {"y": call(x)}, autograph=False).get_concrete_function(specs)
            features[name] = names

        for name, model, names in ydf_models():
            if name not in keep:
                continue
            part = model.to_tensorflow_function(temp_dir=scratch, squeeze_binary_classification=name not in ("rf_distribution", "gbt_logits"))
            module.parts.append(part.op_model)  # without its functions, which would be saved once more
            add(name, names, part)
            if name in ("gbt_binary", "rf_classes", "gbt_oblique"):
                leaves = raw_predictions(model, f"{scratch}/{name}", f"{name}_", output_types=["LEAVES"])
                module.parts.append(leaves)
                add(f"{name}_leaves", names, leaves.apply_get_leaves)
                # Predictions of a model that was loaded for its leaves come from the slow engine.
                add(f"{name}_slow", names, lambda x, leaves=leaves: leaves.apply(x).dense_predictions)
        if "isolation" in keep:
            forest = raw_predictions(isolation_forest(), f"{scratch}/isolation", "isolation_")
            module.parts.append(forest)
            add("isolation", [*NUMBERS, "colour"], lambda x: forest.apply(x).dense_predictions)
        if "uplift" in keep:
            import ydf

            for name, label, task in [
                ("uplift", "kind", ydf.Task.CATEGORICAL_UPLIFT),
                ("uplift_numbers", "y", ydf.Task.NUMERICAL_UPLIFT),
            ]:
                model, names = uplift_model(label, task)
                part = raw_predictions(model, f"{scratch}/{name}", f"{name}_")
                module.parts.append(part)
                add(name, names, lambda x, part=part: part.apply(x).dense_predictions)
        if "sklearn" in keep:
            model, x = sklearn_model()
            part = model.to_tensorflow_function(temp_dir=scratch)
            module.parts.append(part.op_model)
            fixed["sklearn"] = x
            add("sklearn", None, part, {"features": tf.TensorSpec([None, 4], tf.float32, name="features")})
        shutil.rmtree(directory, ignore_errors=True)
        tf.saved_model.save(module, str(directory), signatures)
    data = rows(24, 99)
    cases = []
    with LoadedModel(directory) as served:
        for name in signatures:
            if name in fixed:
                cases.append(served.case(name, {"features": fixed[name]}))
            else:
                cases += golden_cases(served, name, features[name], data)
    write_golden(directory / "golden.json", cases)
    report(directory)


def export_servo(directory):
    """Exports of ydf itself: one that classifies serialized examples."""
    import ydf

    train = labelled(500, 1)
    model = ydf.GradientBoostedTreesLearner(
        label="class", features=FEATURES, num_trees=4, max_depth=4, validation_ratio=0.0
    ).train({k: train[k] for k in [*FEATURES, "class"]}, verbose=0)
    shutil.rmtree(directory, ignore_errors=True)
    model.to_tensorflow_saved_model(str(directory), mode="tf", servo_api=True, feed_example_proto=True)
    data = unusual(rows(16, 98))
    serialized = [
        example(
            **{f: [float(data[f][i])] for f in ("age", "height", "width") if not np.isnan(data[f][i])},
            visits=[int(data["visits"][i])],
            member=[int(data["member"][i])],
            **{f: [str(data[f][i])] for f in ("colour", "town") if i != 12},
        )
        for i in range(16)
    ]
    with LoadedModel(directory) as served:
        cases = [served.case("serving_default", {"inputs": np.array(s, object)}) for s in (serialized, serialized[:1], [])]
    write_golden(directory / "golden.json", cases)
    report(directory)


def export_graph_mode(directory):
    """A model as TensorFlow 1 exports it: found by name, read by an op of the main op."""
    from ydf_tf import tf_op
    import ydf

    train = labelled(500, 1)
    names = ["age", "width", "town"]
    model = ydf.GradientBoostedTreesLearner(
        label="kind", features=names, num_trees=5, max_depth=4, validation_ratio=0.0
    ).train({k: train[k] for k in [*names, "kind"]}, verbose=0)
    shutil.rmtree(directory, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        path = f"{scratch}/model"
        model.save(path)
        v1 = tf.compat.v1
        with tf.Graph().as_default():
            inputs = {f: v1.placeholder(spec_of(f).dtype, [None], f) for f in names}
            done = tf.constant(f"{path}/done")
            v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, done)
            for part in sorted(os.listdir(path)):
                if part != "done":
                    v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, tf.constant(f"{path}/{part}"))
            op = tf_op.Model(path, tensor_model_path=tf.strings.regex_replace(done, "done$", ""), verbose=False)
            predictions = op.apply(inputs)
            outputs = {"y": predictions.dense_predictions, "classes": predictions.dense_col_representation}
            with v1.Session() as session:
                session.run(op.init_op())
                builder = v1.saved_model.builder.SavedModelBuilder(str(directory))
                signature = v1.saved_model.predict_signature_def(inputs, outputs)
                builder.add_meta_graph_and_variables(
                    session, ["serve"], {"serving_default": signature}, main_op=op.init_op(),
                    assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
                )
                builder.save()
    with LoadedModel(directory) as served:
        cases = golden_cases(served, "serving_default", names, rows(24, 97))
    write_golden(directory / "golden.json", cases)
    report(directory)


def report(directory):
    size = sum(f.stat().st_size for f in directory.rglob("*") if f.is_file())
    print(f"{directory.name}: {size / 1024:.0f} kB, {', '.join(ops_in(directory))}")


def keras_models():
    """Name → (model, features): what people train in Keras and save with `model.save()`."""
    import pandas as pd
    import tensorflow_decision_forests as tfdf
    import tf_keras

    train = labelled(500, 1)
    k = tfdf.keras

    def fit(model, names, label):
        columns = {f: train[f] if f != "words" else tf.ragged.constant(train[f], dtype=tf.string) for f in names}
        if "member" in columns:
            columns["member"] = train["member"].astype(np.int64)
        values = train[label]
        if label in ("kind", "class"):
            values = np.unique(values, return_inverse=True)[1]
        model.fit(tf.data.Dataset.from_tensor_slices((columns, values)).batch(100), verbose=0)
        return model, names

    small = dict(num_trees=8, max_depth=4, validation_ratio=0.0, verbose=0)
    yield "forests_keras_gbt", *fit(k.GradientBoostedTreesModel(**small), FEATURES, "kind")
    yield "forests_keras_rf", *fit(
        k.RandomForestModel(num_trees=6, max_depth=5, compute_oob_performances=False, verbose=0),
        [*FEATURES, "words"],
        "class",
    )
    inputs = {f: tf_keras.Input((1,), name=f) for f in ("age", "width")}
    ratio = tf_keras.layers.Lambda(lambda x: x[0] / (x[1] + 1.0))([inputs["age"], inputs["width"]])
    scaled = tf_keras.layers.Rescaling(0.1)(inputs["width"])
    before = tf_keras.Model(inputs, {"ratio": ratio, "scaled": scaled})
    after = tf_keras.Sequential([tf_keras.layers.Dense(3, kernel_initializer=tf_keras.initializers.RandomNormal(seed=3))])
    yield "forests_keras_processing", *fit(
        k.CartModel(task=k.Task.REGRESSION, preprocessing=before, postprocessing=after, verbose=0), ["age", "width"], "y"
    )


def export_keras(directory, model, names):
    shutil.rmtree(directory, ignore_errors=True)
    model.save(str(directory))
    (directory / "keras_metadata.pb").unlink(missing_ok=True)
    with LoadedModel(directory) as served:
        signature = served.signatures["serving_default"]
        print({a: (tf.as_dtype(i.dtype).name, [d.size for d in i.tensor_shape.dim]) for a, i in signature.inputs.items()})
        cases = golden_cases(served, "serving_default", names, rows(24, 96))
    write_golden(directory / "golden.json", cases)
    report(directory)


def main(which):
    if which == "ydf":
        for family, names in FAMILIES.items():
            export_ydf(MODELS / family, set(names.split()))
        export_servo(MODELS / "forests_examples")
        export_graph_mode(MODELS / "forests_graph_mode")
    elif which == "keras":
        import tensorflow_decision_forests  # noqa: F401, before any model: it has the ops

        for name, model, names in keras_models():
            export_keras(MODELS / name, model, names)
    else:
        raise SystemExit(__doc__)


# A family stays below 350 kB.
FAMILIES = {
    "forests_boosted": "gbt_binary gbt_binary_deep gbt_classes gbt_discretized",
    "forests_sets": "gbt_sets gbt_oblique rf_classes",
    "forests_losses": "gbt_regression gbt_absolute gbt_poisson gbt_focal gbt_ranking gbt_logits",
    "forests_missing": "gbt_local_classes gbt_local_numbers rf_local_binary rf_local_classes rf_na_conditions",
    "forests_random": "rf_binary rf_distribution rf_class_distribution rf_regression rf_oblique",
    "forests_others": "cart cart_regression isolation uplift sklearn",
}

if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
