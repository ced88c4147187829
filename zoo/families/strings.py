"""String ops over bytes and UTF-8."""

import numpy as np
from cases import case
from golden import tf

raw = tf.raw_ops
S = "string[?]"


def rows(*values):
    return (np.array([v.encode() if isinstance(v, str) else v for v in values], object),)


TEXT = rows("Hello, World", "  spaces\t", "", "naïve Ünicode 日本語", "a-b_c d", b"\xff\xfe")
ASCII = rows("Hello, World", "  spaces\t", "", "a-b_c d", "MiXeD 123")

case("StringLower", lambda x: raw.StringLower(input=x), [S], [ASCII])
case("StringLower_utf8", lambda x: raw.StringLower(input=x, encoding="utf-8"), [S], [rows("ÀÉ Straße", "abc")])
case("StringUpper", lambda x: raw.StringUpper(input=x), [S], [ASCII])
case("StringUpper_utf8", lambda x: raw.StringUpper(input=x, encoding="utf-8"), [S], [rows("àé ñ", "abc")])
case("StringStrip", lambda x: raw.StringStrip(input=x), [S], [TEXT])
case("StringLength", lambda x: raw.StringLength(input=x), [S], [TEXT])
case("StringLength_utf8", lambda x: raw.StringLength(input=x, unit="UTF8_CHAR"), [S], [TEXT])
case(
    "Substr", lambda x: raw.Substr(input=x, pos=1, len=3), [S], [rows("Hello", "abc", "x")], errors=[rows("Hello", "")]
)
case("Substr_negative", lambda x: raw.Substr(input=x, pos=-3, len=2), [S], [rows("Hello", "abc")], errors=[rows("ab")])
case("Substr_utf8", lambda x: raw.Substr(input=x, pos=1, len=2, unit="UTF8_CHAR"), [S], [rows("日本語文", "naïve")])
case(
    "Substr_given",
    lambda x, pos, len: raw.Substr(input=x, pos=pos, len=len),
    [S, "int32[?]", "int32[?]"],
    [(*rows("Hello", "World"), [1, 0], [3, 2])],
)
case(
    "StringJoin",
    lambda a, b, c: raw.StringJoin(inputs=[a, b, c], separator="-"),
    [S, S, "string[]"],
    [(*rows("a", "b"), *rows("x", ""), b"end")],
)
case(
    "ReduceJoin",
    lambda x: raw.ReduceJoin(inputs=x, reduction_indices=[1], separator=" "),
    ["string[?,?]"],
    [(np.array([[b"a", b"b"], [b"c", b""]], object),)],
)
case(
    "reduce_join_all",
    lambda x: tf.strings.reduce_join(x),
    ["string[?,?]"],
    [(np.array([[b"a", b"b"], [b"c", b""]], object),)],
)


def split(x, **options):
    pieces = tf.strings.split(x, **options)
    return {"values": pieces.values, "splits": pieces.row_splits}


case("StringSplitV2_space", lambda x: split(x), [S], [rows("a  b c", "", " lead", "trail ")])
case("StringSplitV2_separator", lambda x: split(x, sep=","), [S], [rows("a,,b", "", ",a,", "none")])
case("StringSplitV2_limit", lambda x: split(x, sep=",", maxsplit=1), [S], [rows("a,b,c", "x")])
case("StringSplit", lambda x: list(raw.StringSplit(input=x, delimiter=" ,")), [S], [rows("a b,c", "", "d")])
case("split_to_dense", lambda x: tf.strings.split(x).to_tensor(default_value="[PAD]"), [S], [rows("a b c", "d", "")])
case(
    "bytes_split",
    lambda x: {"values": tf.strings.bytes_split(x).values, "splits": tf.strings.bytes_split(x).row_splits},
    [S],
    [rows("abc", "")],
)
case(
    "unicode_split",
    lambda x: {
        "values": tf.strings.unicode_split(x, "UTF-8").values,
        "splits": tf.strings.unicode_split(x, "UTF-8").row_splits,
    },
    [S],
    [rows("日本", "aé", "")],
)
case(
    "unicode_decode",
    lambda x: {
        "values": tf.strings.unicode_decode(x, "UTF-8").values,
        "splits": tf.strings.unicode_decode(x, "UTF-8").row_splits,
    },
    [S],
    [rows("日本", "a\U0001f600", b"\xff")],
)
case(
    "UnicodeEncode",
    lambda x: tf.strings.unicode_encode(tf.RaggedTensor.from_row_splits(x, [0, 2, 3]), "UTF-8"),
    ["int32[3]"],
    [([26085, 97, 128512],)],
)
case(
    "UnicodeTranscode",
    lambda x: raw.UnicodeTranscode(input=x, input_encoding="UTF-8", output_encoding="UTF-8"),
    [S],
    [rows("ok", b"bad \xff")],
)
case("UnicodeScript", lambda x: raw.UnicodeScript(input=x), ["int32[?]"], [([65, 26085, 48],)])
case("ngrams", lambda x: split_ngrams(x), [S], [rows("a b c", "d")])


def split_ngrams(x):
    grams = tf.strings.ngrams(tf.strings.split(x), 2, separator="_")
    return {"values": grams.values, "splits": grams.row_splits}


PATTERNS = {
    "punctuation": (r"[!\"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']", ""),
    "groups": (r"(\w+) (\w+)", r"\2 \1"),
    "digits": (r"\d+", "#"),
    "anchors": (r"^\s+|\s+$", ""),
    "alternatives": (r"a|e|i", "*"),
    "lazy": (r"<.+?>", ""),
    "unicode_class": (r"\p{L}+", "L"),
    "case_insensitive": (r"(?i)hello", "bye"),
}
SENTENCES = rows("Hello, World 42", "  <b>bold</b> text ", "", "naïve 日本 7", "two  words here")
for name, (pattern, rewrite) in PATTERNS.items():
    replace = lambda x, p=pattern, r=rewrite: raw.StaticRegexReplace(input=x, pattern=p, rewrite=r)
    case(f"StaticRegexReplace_{name}", replace, [S], [SENTENCES])
case(
    "StaticRegexReplace_first",
    lambda x: raw.StaticRegexReplace(input=x, pattern="o", rewrite="0", replace_global=False),
    [S],
    [SENTENCES],
)
case(
    "RegexReplace",
    lambda x, pattern, rewrite: raw.RegexReplace(input=x, pattern=pattern, rewrite=rewrite),
    [S, "string[]", "string[]"],
    [(*SENTENCES, b"[aeiou]", b"<\\0>")],
    errors=[(*SENTENCES, b"(", b"")],
)
case("StaticRegexFullMatch", lambda x: raw.StaticRegexFullMatch(input=x, pattern=r"\w+, \w+ \d+"), [S], [SENTENCES])
case(
    "RegexFullMatch",
    lambda x, pattern: raw.RegexFullMatch(input=x, pattern=pattern),
    [S, "string[]"],
    [(*SENTENCES, b".*o.*")],
)

case(
    "StringToHashBucketFast",
    lambda x: raw.StringToHashBucketFast(input=x, num_buckets=1000),
    [S],
    [TEXT, rows(*["k" * n for n in (1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200)])],
)
case("StringToHashBucketFast_large", lambda x: raw.StringToHashBucketFast(input=x, num_buckets=2**62), [S], [TEXT])
case(
    "StringToHashBucketStrong",
    lambda x: raw.StringToHashBucketStrong(input=x, num_buckets=1000, key=[123, 456]),
    [S],
    [TEXT, rows(*["k" * n for n in range(0, 20)])],
)
case("StringToHashBucket", lambda x: raw.StringToHashBucket(string_tensor=x, num_buckets=1000), [S], [TEXT])
for dtype, values in (
    ("int32", [0, -7, 2**31 - 1]),
    ("int64", [2**53 + 1, -1]),
    ("float32", [0.5, -1e10, 3.14159265, np.nan, np.inf]),
    ("bool", [True, False]),
):
    case(f"AsString_{dtype}", lambda x: raw.AsString(input=x), [f"{dtype}[?]"], [(values,)])
case(
    "AsString_precision",
    lambda x: raw.AsString(input=x, precision=3, width=9, fill="0"),
    ["float32[?]"],
    [([0.5, 3.14159265],)],
)
case(
    "AsString_scientific",
    lambda x: {"scientific": raw.AsString(input=x, scientific=True), "shortest": raw.AsString(input=x, shortest=True)},
    ["float64[?]"],
    [([0.5, 1e10, 123456.789],)],
)
case("StringFormat", lambda x: tf.strings.format("x = {}", x), ["float32[?]"], [([1.5, 2.0],)])
case(
    "StringToHash_of_ints",
    lambda x: raw.StringToHashBucketFast(input=tf.strings.as_string(x), num_buckets=50),
    ["int64[?]"],
    [([0, 1, -5, 10**12],)],
)
case(
    "UnsortedSegmentJoin",
    lambda x, ids: raw.UnsortedSegmentJoin(inputs=x, segment_ids=ids, num_segments=2, separator=" "),
    [S, "int32[?]"],
    [(*rows("a", "b", "c"), [1, 0, 1])],
)
