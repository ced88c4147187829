"""Networks of Keras Hub, by PyPI's `keras-hub`, at a small size and with random weights.

serving_default    predict   the inputs and outputs of the Keras model
"""

import keras
import numpy as np
from draws import Draws, stir

TEXT = {"vocabulary_size": 60, "num_layers": 2, "hidden_dim": 16, "intermediate_dim": 24}


def network(build, seed, draw):
    """A model function for export.py: `build(keras_hub.models)` makes the model, `draw(draws, batch)` the inputs of a case."""

    def make(directory):
        import keras_hub

        keras.utils.set_random_seed(seed)
        keras.config.set_dtype_policy("float32")
        model = build(keras_hub.models)
        stir(model, seed)
        model.export(directory, verbose=False)
        draws = Draws(seed)
        return [(f"batch of {n}", "serving_default", draw(draws, n)) for n in (1, 3)]

    return make


def text(draws, n, length=7, prefix="", segments=False):
    mask = np.ones((n, length), np.int32)
    mask[-1, length - 2 :] = 0
    given = {f"{prefix}token_ids": draws.integers(3, 60, n, length), f"{prefix}padding_mask": mask}
    if segments:
        given["segment_ids"] = draws.integers(0, 2, n, length)
    return given


def masked(draws, n):
    return {**text(draws, n, segments=True), "mask_positions": draws.integers(0, 7, n, 3)}


def speech(draws, n):
    return {"encoder_features": draws.normal(n, 12, 80), **text(draws, n, prefix="decoder_")}


def pixels(alias):
    return lambda draws, n: {alias: draws.normal(n, 64, 64, 3)}


def bert(models):
    backbone = models.BertBackbone(**TEXT, num_heads=2, max_sequence_length=16)
    return models.BertMaskedLM(backbone=backbone, preprocessor=None)


def gpt2(models):
    return models.GPT2CausalLM(models.GPT2Backbone(**TEXT, num_heads=2, max_sequence_length=16), preprocessor=None)


def whisper(models):
    lengths = {"max_encoder_sequence_length": 16, "max_decoder_sequence_length": 16}
    return models.WhisperBackbone(**TEXT, num_heads=2, **lengths)


def dinov3(models):
    return models.DINOV3Backbone(
        patch_size=16, num_layers=2, hidden_dim=16, num_heads=2, intermediate_dim=32, image_shape=(64, 64, 3)
    )


def deberta(models):
    return models.DebertaV3Backbone(**TEXT, num_heads=2, max_sequence_length=16, bucket_size=8)


MODELS = {
    "hub_bert_masked": network(bert, 701, masked),
    "hub_gpt2_language": network(gpt2, 702, text),
    "hub_whisper": network(whisper, 703, speech),
    "hub_dinov3": network(dinov3, 705, pixels("pixel_values")),
    "hub_deberta_v3": network(deberta, 706, text),
}
