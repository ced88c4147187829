"""Tokenizers of TensorFlow Text over vocabularies, patterns and scripts.

Exported with tensorflow-text 2.21.1 and TensorFlow 2.21.0.
"""

import numpy as np
import tensorflow_text as text
from cases import case, keep
from golden import tf
from tensorflow_text.python.ops import bert_tokenizer
from tensorflow_text.python.ops.regex_split_ops import gen_regex_split_ops
from tensorflow_text.python.ops.unicode_script_tokenizer import gen_unicode_script_tokenizer
from tensorflow_text.python.ops.whitespace_tokenizer import gen_whitespace_tokenizer
from tensorflow_text.python.ops.wordpiece_tokenizer import gen_wordpiece_tokenizer
from text_samples import S, TEXTS, VOCABULARY, WORDS, rows, spans

table = keep(
    tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(VOCABULARY, np.arange(len(VOCABULARY), dtype=np.int64)), -1
    )
)
# A word with -1 is not in the vocabulary.
holes = keep(
    tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(VOCABULARY, [-1 if "a" in v else i for i, v in enumerate(VOCABULARY)],
                                            value_dtype=tf.int64), -1
    )
)  # fmt: skip




def pieces(x, vocabulary=table, suffix="##", longest=100, chars=0, unknown="[UNK]", split=False, rows="row_splits"):
    """The op, since what Python puts around it makes a model of many functions."""
    return gen_wordpiece_tokenizer.wordpiece_tokenize_with_offsets(
        input_values=x,
        vocab_lookup_table=vocabulary.resource_handle,
        suffix_indicator=suffix,
        max_bytes_per_word=longest,
        max_chars_per_token=chars,
        use_unknown_token=unknown is not None,
        unknown_token=unknown or "",
        split_unknown_characters=split,
        output_row_partition_type=rows,
    )


for name, options in {
    "plain": {},
    "row_lengths": {"rows": "row_lengths"},
    "unknown_stays": {"unknown": None},
    "split_unknown": {"split": True},
    "split_unknown_stays": {"split": True, "unknown": None},
    "short_words": {"longest": 12},
    "short_words_stay": {"longest": 12, "unknown": None},
    "short_pieces": {"chars": 2},
    "no_suffix": {"suffix": ""},
    "other_suffix": {"suffix": "@@"},
    "holes": {"vocabulary": holes},
}.items():
    case(f"wordpiece_{name}", lambda x, options=options: list(pieces(x, **options)), [S], [WORDS, rows()])
case("wordpiece_given", lambda x: list(pieces(x)), ["string[*]"], [rows("unaffable"), (WORDS[0][:6].reshape(2, 3),)])

case("basic_keeps_whitespace", lambda x: spans(bert_tokenizer.BasicTokenizer(keep_whitespace=True).tokenize_with_offsets(x)), [S], [TEXTS])
case("basic_unused", lambda x: spans(bert_tokenizer.BasicTokenizer(lower_case=True, preserve_unused_token=True).tokenize_with_offsets(x)), [S], [TEXTS])
case("whitespace_v2", lambda x: spans(text.WhitespaceTokenizer().tokenize_with_offsets(x)), [S], [TEXTS, WORDS, rows()])


def points(x, op, **attributes):
    decoded = tf.strings.unicode_decode(x, "UTF-8")
    return list(op(input_values=decoded.values, input_splits=decoded.row_splits, **attributes))


for keeps in (False, True):
    op = gen_unicode_script_tokenizer.unicode_script_tokenize_with_offsets
    case(f"unicode_script{'_keeps' * keeps}", lambda x, keeps=keeps, op=op: points(x, op, keep_whitespace=keeps), [S], [TEXTS, rows()])
case("whitespace_v1", lambda x: points(x, gen_whitespace_tokenizer.whitespace_tokenize_with_offsets), [S], [TEXTS])

PATTERNS = {
    "space": (r"(\s)", "()"),
    "spaces": (r"(\s+)", ""),
    "keeps": (r"([^\w\s]|\s+)", r"([^\w\s])"),
    "words": (r"([a-z]+\d*)", r"(.*)"),
    "anchored": (r"(^\w)", r"(\w)"),
    "group": (r"(a(b)|(c)x)", "b"),
    "within": (r"a(b+)c?", ".*"),
    "no_group": (r"\s", ""),
    "any": (r"(.)", r"([aeiou])"),
    "newline": (r"(\r?\n)", ""),
    "fold": (r"((?i)the)", r"(?i)THE"),
    "letters": (r"(\pL)", r"(\p{Lu})"),
    "runs": (r"(\p{L}+|\p{N}+|[[:punct:]])", r"(\p{L}+)"),
    "boundary": (r"(\b\w)", ""),
}
for name, patterns in PATTERNS.items():
    case(
        f"regex_split_{name}",
        lambda x, p=patterns: list(
            gen_regex_split_ops.regex_split_with_offsets(input=x, delim_regex_pattern=p[0], keep_delim_regex_pattern=p[1])
        ),
        [S],
        [TEXTS, rows()],
    )
case(
    "regex_split_given",
    lambda x, delimiter, keep: list(
        gen_regex_split_ops.regex_split_with_offsets(input=x, delim_regex_pattern=delimiter, keep_delim_regex_pattern=keep)
    ),
    ["string[*]", "string[*]", "string[]"],
    [(*TEXTS, b"( )", b"( )"), (TEXTS[0][:6].reshape(2, 3), b"(a|e)", b"(a)")],
    errors=[(*TEXTS, b"(", b""), (*TEXTS, b"(a)", b"["), (*TEXTS, np.array([b"a"], object), b"")],
)
