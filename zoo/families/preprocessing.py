"""Keras' preprocessing layers beyond look-ups, and feature columns as Estimators used them."""

import keras
import numpy as np
from cases import case, keep
from golden import tf

layers = keras.layers
S = "string[?]"


def rows(*values):
    return (np.array([v.encode() for v in values], object),)


def column(*values):
    return (np.array([[v.encode()] for v in values], object),)


def applied(layer):
    keep(layer)
    return lambda x: layer(x)


case("Normalization", applied(layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0])), ["float32[?,2]"], [([[1, 2], [3, -1]],), (np.zeros([0, 2]),)])
case("Normalization_inverse", applied(layers.Normalization(mean=3.0, variance=2.0, invert=True, axis=None)), ["float32[?]"], [([1, 2],)])
adapted = layers.Normalization()
adapted.adapt(np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 20.0]], np.float32))
case("Normalization_adapted", applied(adapted), ["float32[?,2]"], [([[1, 2], [3, -1]],)])
case("Rescaling", applied(layers.Rescaling(1 / 127.5, offset=-1)), ["uint8[?,4]"], [([[0, 127, 128, 255]],)])
for mode in ("int", "one_hot", "multi_hot", "count"):
    case(f"Discretization_{mode}", applied(layers.Discretization(bin_boundaries=[0.0, 1.0, 2.5], output_mode=mode)), ["float32[?,1]" if mode == "one_hot" else "float32[?,3]"], [([[-0.5], [1.0]] if mode == "one_hot" else [[-0.5, 0.0, 1.0], [2.5, 9, 0.5]],)])
for mode in ("one_hot", "multi_hot", "count"):
    case(f"CategoryEncoding_{mode}", applied(layers.CategoryEncoding(num_tokens=4, output_mode=mode)), ["int32[?,1]" if mode == "one_hot" else "int32[?,3]"], [([[1], [3]] if mode == "one_hot" else [[1, 1, 3], [0, 2, 2]],)])
weights = layers.CategoryEncoding(num_tokens=3, output_mode="count")
keep(weights)
case("CategoryEncoding_weights", lambda x, w: weights(x, count_weights=w), ["int64[?,2]", "float32[?,2]"], [([[0, 1], [2, 2]], [[0.5, 2], [1, 0.25]])])
for mode in ("int", "one_hot", "multi_hot", "count"):
    case(f"Hashing_{mode}", applied(layers.Hashing(num_bins=5, output_mode=mode)), ["string[?,1]"], [column("a", "b", "")])
case("Hashing_mask", applied(layers.Hashing(num_bins=5, mask_value="")), [S], [rows("a", "", "b")])
case("Hashing_salted_int", applied(layers.Hashing(num_bins=50, salt=7)), ["int64[?]"], [([1, -2, 10**12],)])
for mode in ("int", "one_hot"):
    crossing = keep(layers.HashedCrossing(num_bins=10, output_mode=mode))
    case(f"HashedCrossing_{mode}", (lambda layer: lambda x, y: layer((x, y)))(crossing), ["string[?,1]", "int64[?,1]"], [(*column("a", "b", ""), [[1], [2], [-3]])])
for mode in ("int", "one_hot", "multi_hot", "count"):
    lookup = layers.IntegerLookup(vocabulary=[5, 6, -7], output_mode=mode, num_oov_indices=2 if mode == "int" else 1)
    case(f"IntegerLookup_{mode}", applied(lookup), ["int64[?,1]" if mode == "one_hot" else "int64[?,3]"], [([[5], [9]] if mode == "one_hot" else [[5, 6, 9], [-7, 8, -7]],)])
case("IntegerLookup_mask", applied(layers.IntegerLookup(vocabulary=[5, 6], mask_token=0, num_oov_indices=1)), ["int64[?]"], [([0, 5, 7],)])
case("IntegerLookup_invert", applied(layers.IntegerLookup(vocabulary=[5, 6], invert=True)), ["int64[?]"], [([0, 1, 2, 9],)])
for mode in ("int", "one_hot", "multi_hot", "count"):
    case(f"StringLookup_{mode}", applied(layers.StringLookup(vocabulary=["a", "b"], output_mode=mode)), ["string[?,1]"], [column("a", "z", "b")])
case("StringLookup_tf_idf", applied(layers.StringLookup(vocabulary=["a", "b"], idf_weights=[0.5, 2.0], output_mode="tf_idf")), ["string[?,2]"], [([[b"a", b"a"], [b"z", b"b"]],)])
case("StringLookup_mask", applied(layers.StringLookup(vocabulary=["a", "b"], mask_token="")), [S], [rows("", "a", "z")])
case("StringLookup_no_oov", applied(layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=0)), [S], [rows("a", "b")], errors=[rows("z")])
learned = layers.StringLookup()
learned.adapt(np.array(["x", "y", "x"], object))
case("StringLookup_adapted", applied(learned), [S], [rows("x", "y", "q")])

fc = tf.feature_column


def transformed(*columns):
    from tensorflow.python.feature_column import feature_column_v2 as v2

    manager = v2._StateManagerImpl(keras.layers.Layer(), trainable=False)
    for c in columns:
        c.create_state(manager)

    def call(features):
        cache = v2.FeatureTransformationCache(features)
        given = [tf.cast(c.get_dense_tensor(cache, manager), tf.float32) for c in columns]
        return tf.concat([tf.reshape(x, [tf.shape(x)[0], -1]) for x in given], -1)

    return call


hashed = transformed(fc.indicator_column(fc.categorical_column_with_hash_bucket("s", 6)))
case("column_hash_bucket", lambda s: hashed({"s": s}), ["string[?,1]"], [column("a", "b", "")])
identity = transformed(fc.indicator_column(fc.categorical_column_with_identity("i", 4, default_value=0)))
case("column_identity", lambda i: identity({"i": i}), ["int64[?,1]"], [([[1], [3], [9]],)])
bucketized = transformed(fc.bucketized_column(fc.numeric_column("x"), [0.0, 1.5]), fc.numeric_column("x"))
case("column_bucketized", lambda x: bucketized({"x": x}), ["float32[?,1]"], [([[-1], [0], [2]],)])
crossed = transformed(fc.indicator_column(fc.crossed_column(["s", fc.categorical_column_with_identity("i", 4)], 8)))
case("column_crossed", lambda s, i: crossed({"s": s, "i": i}), ["string[?,1]", "int64[?,1]"], [(*column("a", "b"), [[1], [3]])])
