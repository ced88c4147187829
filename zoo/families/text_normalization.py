"""Unicode normalization of TensorFlow Text. Exported with tensorflow-text 2.21.1 and TensorFlow 2.21.0."""

import tensorflow_text as text
from cases import case
from golden import tf
from text_samples import S, TEXTS, WORDS, rows

MARKS = rows(
    "é\u0301 e\u0323\u0301 e\u0301\u0323 \u1e0b\u0323 q\u0307\u0323",
    "ﬁ ﬃ Ⅻ ① ½ ² Å Å ｶﾞ ㌀ ﷺ ΅ ſ ẛ̣",
    "각 각 각ᆨ 각 힣",
    "ǅ ß ẞ ΑΣ ς İ ı ŉ ᾳ ᾼ Ꭰ ꭰ Ა",
    "\u0301leading \u0344 क़ ড় שּׁ",
    "a\u00ad\u200b\u2060b \ufe0f c",
    "𝐀𝟘 𐐀 🅰 豈 丽",
    b"\xffe\xcc\x81\xfe\xc3",
    "",
    "plain ASCII Text",
    "①\u0301 ½\u0301 ﬁ\u0301 ｶﾞ\u0301 x\u0301\u0301",
)

case("CaseFoldUTF8", lambda x: text.case_fold_utf8(x), [S], [TEXTS, WORDS, MARKS, rows()])
case("CaseFoldUTF8_matrix", lambda x: text.case_fold_utf8(x), ["string[?,2]"], [(MARKS[0][:10].reshape(5, 2),)])
for form in ("NFC", "NFD", "NFKC", "NFKD"):
    case(f"NormalizeUTF8_{form}", lambda x, f=form: text.normalize_utf8(x, f), [S], [TEXTS, WORDS, MARKS, rows()])

    def mapped(x, f=form):
        """The normalized strings, and where each of their bytes comes from."""
        y, offsets_map = text.normalize_utf8_with_offsets_map(x, f)
        offsets = tf.ragged.range(tf.cast(tf.strings.length(y), tf.int64) + 2)
        return {"y": y, "offsets": text.find_source_offsets(offsets_map, offsets).flat_values}

    case(f"offsets_{form}", mapped, [S], [TEXTS, MARKS])


def of_rows(x, offsets, splits):
    _, offsets_map = text.normalize_utf8_with_offsets_map(x, "nfkc")
    return text.find_source_offsets(offsets_map, tf.RaggedTensor.from_row_splits(offsets, splits)).flat_values


case(
    "offsets_out_of_order",
    of_rows,
    [S, "int64[?]", "int64[?]"],
    [(*rows("ﬁne①", "abc"), [5, 0, -1, 100, 2, 1, 3, 3], [0, 5, 8])],
    errors=[(*rows("a", "b"), [0, 1], [0, 2])],
)
