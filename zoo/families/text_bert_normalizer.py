"""FastBertNormalizer of TensorFlow Text, whose model has all characters and is a family of its own.

Exported with tensorflow-text 2.21.1 and TensorFlow 2.21.0.
"""

import tensorflow_text as text
from cases import case
from text_samples import S, TEXTS, WORDS, flat, rows


def normalized(x, normalizer):
    y, offsets = normalizer.normalize_with_offsets(x)
    return {"y": y, **flat(offsets)}


case("lower", lambda x: normalized(x, text.FastBertNormalizer(lower_case_nfd_strip_accents=True)), [S], [TEXTS, WORDS, rows()])
case("cased", lambda x: normalized(x, text.FastBertNormalizer()), [S], [TEXTS, WORDS, rows()])
case("cased_alone", lambda x: text.FastBertNormalizer().normalize(x), [S], [TEXTS])
