"""Image classifiers as keras.applications builds them, with random weights, and a small network in the manner of VGG.

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
            if isinstance(layer, keras.layers.Normalization) and layer.input_mean is None:
                layer.adapt_mean.assign([0.485, 0.456, 0.406])
                layer.adapt_variance.assign([0.052, 0.050, 0.051])
                layer.finalize_state()
        head = next(layer for layer in reversed(base.layers) if hasattr(layer, "kernel"))
        size = base.input_shape[1]
        randomise(base, head, images(12, size, low, high, seed))
        probabilities = keras.layers.Softmax(name="probabilities")(base.output)
        model = keras.Model(base.input, {"logits": base.output, "probabilities": probabilities})
        spec = keras.InputSpec(dtype="float32", shape=(None, size, size, 3), name="image")
        model.export(directory, input_signature=[spec], verbose=False)
        return [
            ("one image", "serving_default", {"image": images(1, size, low, high, seed + 1)}),
            ("three images", "serving_default", {"image": images(3, size, low, high, seed + 2)}),
        ]

    return export


def small_vgg(weights, classifier_activation):
    """Blocks of plain 3x3 convolutions and dense layers on top, as in VGG, at a tenth of its size."""
    image = keras.Input((224, 224, 3))
    x = image
    for width, depth in ((16, 2), (32, 2), (64, 3), (96, 3), (96, 3)):
        for _ in range(depth):
            x = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Dense(256, activation="relu")(keras.layers.Flatten()(x))
    return keras.Model(image, keras.layers.Dense(1000)(x))


applications = keras.applications
MODELS = {
    "mobilenet_v2": image_classifier(applications.MobileNetV2, -1, 1, 11),
    "resnet50": image_classifier(applications.ResNet50, -120, 130, 12),
    "efficientnet_b0": image_classifier(applications.EfficientNetB0, 0, 255, 13),
    "mobilenet": image_classifier(applications.MobileNet, -1, 1, 14),
    "mobilenet_v3_small": image_classifier(applications.MobileNetV3Small, 0, 255, 15),
    "mobilenet_v3_large": image_classifier(applications.MobileNetV3Large, 0, 255, 16),
    "densenet121": image_classifier(applications.DenseNet121, -2, 2, 17),
    "xception": image_classifier(applications.Xception, -1, 1, 18),
    "inception_v3": image_classifier(applications.InceptionV3, -1, 1, 19),
    "nasnet_mobile": image_classifier(applications.NASNetMobile, -1, 1, 20),
    "convnext_tiny": image_classifier(applications.ConvNeXtTiny, 0, 255, 21),
    "efficientnet_v2_b0": image_classifier(applications.EfficientNetV2B0, 0, 255, 22),
    "resnet50_v2": image_classifier(applications.ResNet50V2, -1, 1, 23),
    "vgg_small": image_classifier(small_vgg, -120, 130, 24),
}
