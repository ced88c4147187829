"""MobileNetV2, ResNet50 and EfficientNetB0 as keras.applications builds them.

serving_default    predict   image: float [-1, 224, 224, 3] -> logits, probabilities: float [-1, 1000]
"""

import keras
from randomise import images, randomise


def image_classifier(build, low, high, seed):
    """A model function for export.py. `low` and `high` bound the pixels that this network expects."""

    def export(directory):
        keras.utils.set_random_seed(seed)
        base = build(weights=None, classifier_activation=None)
        for layer in base.layers:
            if isinstance(layer, keras.layers.Normalization):
                layer.adapt_mean.assign([0.485, 0.456, 0.406])
                layer.adapt_variance.assign([0.052, 0.050, 0.051])
                layer.finalize_state()
        head = base.layers[-1]
        randomise(base, head, images(12, 224, low, high, seed))
        probabilities = keras.layers.Softmax(name="probabilities")(base.output)
        model = keras.Model(base.input, {"logits": base.output, "probabilities": probabilities})
        spec = keras.InputSpec(dtype="float32", shape=(None, 224, 224, 3), name="image")
        model.export(directory, input_signature=[spec], verbose=False)
        return [
            ("one image", "serving_default", {"image": images(1, 224, low, high, seed + 1)}),
            ("three images", "serving_default", {"image": images(3, 224, low, high, seed + 2)}),
        ]

    return export


MODELS = {
    "mobilenet_v2": image_classifier(keras.applications.MobileNetV2, -1, 1, 11),
    "resnet50": image_classifier(keras.applications.ResNet50, -120, 130, 12),
    "efficientnet_b0": image_classifier(keras.applications.EfficientNetB0, 0, 255, 13),
}
