"""FastWordpieceTokenizer of TensorFlow Text for whole texts, whose model has all signs of punctuation and is a family of its own.

Exported with tensorflow-text 2.21.1 and TensorFlow 2.21.0.
"""

import tensorflow_text as text
from cases import case
from golden import tf
from tensorflow_text.core.pybinds import pywrap_fast_wordpiece_tokenizer_model_builder as builder
from text_samples import S, TEXTS, VOCABULARY, WORDS, rows, spans

words = [v for v in VOCABULARY if v != "##"]
model = tf.constant(list(builder.build_fast_wordpiece_model(words, 20, "##", "[UNK]", False, True)), tf.uint8)


def both(x):
    ids, pieces = (
        spans(
            text.FastWordpieceTokenizer(token_out_type=out, no_pretokenization=False, model_buffer=model)
            .tokenize_with_offsets(x)
        )
        for out in (tf.int32, tf.string)
    )
    return {**ids, "pieces": pieces["values"]}


case("texts", both, [S], [TEXTS, WORDS, rows("## a", "##", "a ##", "!", " ", "q!q", "q 日q本"), rows()])
