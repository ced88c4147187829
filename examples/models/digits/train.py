"""Trains a small convolutional network on scikit-learn's handwritten digits and exports it with Keras 3.

    serving_default    predict   image: float [-1, 8, 8, 1], pixels in [0, 1]   -> probabilities: float [-1, 10]

360 of the 1797 images are held back; golden.json holds them as one batch, what TensorFlow answers for it, and their
labels. Run: python train.py
"""

import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "conformance"))

from golden import LoadedModel, tf, write_golden  # first: it sets TensorFlow up

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def data():
    digits = load_digits()
    images = (digits.images / 16.0).astype(np.float32)[..., np.newaxis]
    return train_test_split(images, digits.target, test_size=360, random_state=7, stratify=digits.target)


def network():
    image = keras.Input((8, 8, 1), name="image")
    x = keras.layers.Conv2D(12, 3, padding="same", activation="relu")(image)
    x = keras.layers.Conv2D(24, 3, padding="same", activation="relu")(x)
    x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dropout(0.3)(x)
    x = keras.layers.Dense(40, activation="relu")(x)
    return keras.Model(image, keras.layers.Dense(10, activation="softmax", name="probabilities")(x))


def main():
    keras.utils.set_random_seed(1)
    train_x, test_x, train_y, test_y = data()
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(train_x, train_y, batch_size=32, epochs=30, verbose=0)

    directory = HERE / "1"
    shutil.rmtree(directory, ignore_errors=True)
    keras.Model(model.input, {"probabilities": model.output}).export(directory, verbose=False)

    with LoadedModel(directory) as served:
        accuracy = np.mean(served.run("serving_default", {"image": test_x})["probabilities"].argmax(1) == test_y)
        print(f"accuracy on {len(test_y)} held-back images: {accuracy:.4f}")
        if accuracy < 0.97:
            raise SystemExit("too inaccurate to be an example")
        cases = [
            served.case("serving_default", {"image": test_x}, name="held-back images"),
            served.case("serving_default", {"image": test_x[:1]}, name="one image"),
        ]
    write_golden(HERE / "golden.json", cases, labels=test_y.tolist())


if __name__ == "__main__":
    main()
