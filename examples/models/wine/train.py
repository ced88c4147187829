"""Trains a classifier and a regressor on scikit-learn's wine data (178 wines, 13 measurements, 3 growers).

    serving_default    predict   measurements: float [-1, 13]  -> probabilities: float [-1, 3], alcohol: float [-1, 1]
    classify           classify  inputs: tf.Examples           -> classes: string [-1, 3], scores: float [-1, 3]
    regress            regress   inputs: tf.Examples           -> outputs: float [-1, 1]

The tf.Examples carry one float feature per measurement, named as in NAMES; `proline` may be left out and then takes
the training mean. `alcohol` itself is an input of the classifier only, so regress does not need it.
golden.json holds the 45 wines held back, and their labels. Run: python train.py
"""

import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "conformance"))

from golden import METHOD_CLASSIFY, METHOD_REGRESS, LoadedModel, example, set_method_names, tf, write_golden

import keras
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

GROWERS = ["grower_0", "grower_1", "grower_2"]
NAMES = [n.replace("/", "_") for n in load_wine().feature_names]


def network(train_x):
    """Both heads see the measurements on a common scale; the regressor does not see the alcohol (column 0)."""
    measurements = keras.Input((13,), name="measurements")
    normalization = keras.layers.Normalization()
    normalization.adapt(train_x)
    x = normalization(measurements)
    hidden = keras.layers.Dense(16, activation="relu")(x)
    probabilities = keras.layers.Dense(3, activation="softmax", name="probabilities")(hidden)
    rest = keras.layers.Dense(16, activation="tanh")(x[:, 1:])
    alcohol = keras.layers.Dense(1, name="alcohol", bias_initializer=keras.initializers.Constant(13.0))(rest)
    return keras.Model(measurements, {"probabilities": probabilities, "alcohol": alcohol})


def add_endpoints(archive, model, train_x):
    means = train_x.mean(axis=0)
    proline = float(means[NAMES.index("proline")])

    def parse(examples, needed):
        features = {n: tf.io.FixedLenFeature([], tf.float32) for n in needed}
        features["proline"] = tf.io.FixedLenFeature([], tf.float32, proline)
        parsed = tf.io.parse_example(examples, features)
        absent = tf.zeros_like(parsed["proline"])
        return tf.stack([parsed.get(n, absent) for n in NAMES], axis=1)

    def classify(inputs):
        scores = model(parse(inputs, NAMES), training=False)["probabilities"]
        classes = tf.tile(tf.constant([GROWERS]), [tf.shape(scores)[0], 1])
        return {"classes": classes, "scores": scores}

    def regress(inputs):
        return {"outputs": model(parse(inputs, NAMES[1:]), training=False)["alcohol"]}

    def predict(measurements):
        return model(measurements, training=False)

    examples = tf.TensorSpec([None], tf.string, "inputs")
    archive.add_endpoint("serving_default", predict, [tf.TensorSpec([None, 13], tf.float32, "measurements")])
    archive.add_endpoint("classify", classify, [examples])
    archive.add_endpoint("regress", regress, [examples])


def to_example(row, without=()):
    return example(**{n: float(v) for n, v in zip(NAMES, row) if n not in without})


def main():
    keras.utils.set_random_seed(5)
    data = load_wine()
    train_x, test_x, train_y, test_y = train_test_split(
        data.data.astype(np.float32), data.target, test_size=45, random_state=5, stratify=data.target
    )
    model = network(train_x)
    model.compile(keras.optimizers.Adam(0.01), {"probabilities": "sparse_categorical_crossentropy", "alcohol": "mse"})
    model.fit(train_x, {"probabilities": train_y, "alcohol": train_x[:, :1]}, batch_size=16, epochs=60, verbose=0)

    archive = keras.export.ExportArchive()
    archive.track(model)
    add_endpoints(archive, model, train_x)
    directory = HERE / "1"
    shutil.rmtree(directory, ignore_errors=True)
    archive.write_out(str(directory), verbose=False)
    set_method_names(directory, {"classify": METHOD_CLASSIFY, "regress": METHOD_REGRESS})

    rows = np.array([to_example(r) for r in test_x], object)
    with LoadedModel(directory) as served:
        answer = served.run("serving_default", {"measurements": test_x})
        accuracy = np.mean(answer["probabilities"].argmax(1) == test_y)
        error = np.abs(answer["alcohol"][:, 0] - test_x[:, 0]).mean()
        print(f"accuracy on {len(test_y)} held-back wines: {accuracy:.3f}; alcohol off by {error:.2f} % on average")
        if accuracy < 0.95 or error > 0.6:
            raise SystemExit("too inaccurate to be an example")
        cases = [
            served.case("serving_default", {"measurements": test_x}, name="held-back wines"),
            served.case("serving_default", {"measurements": test_x[:1]}, name="one wine"),
            served.case("classify", {"inputs": rows}, name="held-back wines"),
            served.case(
                "classify", {"inputs": np.array([to_example(test_x[0], ["proline"])], object)}, name="no proline"
            ),
            served.case("regress", {"inputs": rows[:5]}, name="five wines"),
            served.case(
                "regress", {"inputs": np.array([to_example(test_x[0], ["alcohol"])], object)}, name="no alcohol"
            ),
        ]
    write_golden(HERE / "golden.json", cases, labels=test_y.tolist(), features=NAMES)


if __name__ == "__main__":
    main()
