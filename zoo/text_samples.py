"""What the families of TensorFlow Text have in common: words, texts, and ragged answers as their parts."""

import numpy as np
from golden import tf

S = "string[?]"

def rows(*values):
    return (np.array([v.encode() if isinstance(v, str) else v for v in values], object),)


VOCABULARY = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "quick", "brown", "fox", "jump", "##s", "##ed", "##ing", "un", "##aff",
    "##able", "a", "ab", "abc", "##c", "##d", "##bc", "want", "##want", "runn", ".", ",", "!", "?", "-", "日", "本",
    "語", "##本", "é", "e", "##́", "caf", "##é", "##e", "😀", "##😀", "#", "##", "hello", "world", "##world", "x",
    "##x", "'", "ß", "straße", "ı", "i", "안", "녕", "##녕", "z", "##z", "long", "##long", "[", "]", "unused", "##1",
    "1", "2", "##2", "$", "¿",
]  # fmt: skip

TEXTS = rows(
    "The quick brown fox jumped, unaffable!",
    "",
    "  spaces\t and\nlines  ",
    "Café CAFÉ cafe\u0301 naïve straße",
    "日本語 is 日 本 x日",
    "hello 😀😀 world!? 👩‍👩‍👧 a😀",
    b"bad \xff\xfe bytes \xe6\x97 cut \xe6\x97\xa5\xe6",
    "abcd abc abdc ##s ## ###",
    "x" * 120 + " " + "long" * 30,
    "안녕 안녕하세요 \u00a0 nbsp \u3000 wide",
    "[UNK] [unused1] $12 ¿que? it's",
    "İstanbul ıi ﬁne Ⅻ ①",
    "zero\u200bwidth \u00adsoft\ufeff",
    "tab\x00nul",
)
WORDS = rows(
    "unaffable", "", "jumped", "jumping", "日本", "日本語", "x日", "café", "cafe\u0301", "😀😀", b"caf\xff", b"\xe6\x97", "##s",
    "##", "#", "abcd", "abdc", "helloworld", "x" * 20, "z" * 90, "long" * 10, "q", "[UNK]", b"a\x00b", "안녕", "unq",
)  # fmt: skip

def flat(ragged):
    """A ragged tensor as its parts."""
    parts = {}
    depth = 0
    while isinstance(ragged, tf.RaggedTensor):
        parts[f"splits{depth}"] = ragged.row_splits
        ragged, depth = ragged.values, depth + 1
    return {**parts, "values": ragged}


def spans(result):
    """Tokens with their offsets as parts."""
    tokens, starts, ends = result
    return {**flat(tokens), "starts": starts.flat_values, "ends": ends.flat_values}
