"""FastWordpieceTokenizer of TensorFlow Text for words. Exported with tensorflow-text 2.21.1 and TensorFlow 2.21.0."""

import numpy as np
import tensorflow_text as text
from cases import case
from golden import tf
from tensorflow_text.core.pybinds import pywrap_fast_wordpiece_tokenizer_model_builder as builder
from text_samples import S, TEXTS, VOCABULARY, WORDS, rows, spans


def fast(vocabulary, words=True, longest=100):
    """Builds the model, which the class itself does only with its own limits."""
    model = builder.build_fast_wordpiece_model(vocabulary, longest, "##", "[UNK]", words, True)
    return lambda out: text.FastWordpieceTokenizer(token_out_type=out, no_pretokenization=words, model_buffer=model)


def both(tokenizer, x):
    ids, pieces = (spans(tokenizer(out).tokenize_with_offsets(x)) for out in (tf.int32, tf.string))
    return {**ids, "pieces": pieces["values"]}


NO_SUFFIX_WORD = [v for v in VOCABULARY if v != "##"]
SETS = {
    "words": fast(NO_SUFFIX_WORD),
    "suffix_word": fast(VOCABULARY),
    "signs": fast(["[UNK]", "#", "##", "###", "a", "##a"]),
    "no_signs": fast(["[UNK]", "a", "##a"]),
    "short": fast(NO_SUFFIX_WORD, longest=12),
}
for name, tokenizer in SETS.items():
    case(name, lambda x, t=tokenizer: both(t, x), [S], [WORDS, TEXTS, rows("", "##", "#", "###", "####", "##a", "a##"), rows()])
case(
    "detokenize",
    lambda x, splits: SETS["words"](tf.int32).detokenize(tf.RaggedTensor.from_row_splits(x, splits)),
    ["int32[?]", "int64[?]"],
    [([4, 5, 6, 8, 9, 10, 9, 9, 4, 28], [0, 0, 4, 7, 10]), (np.zeros(0, np.int32), [0])],
)
