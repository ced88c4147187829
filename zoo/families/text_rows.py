"""What TensorFlow Text does with rows of tokens. Exported with tensorflow-text 2.21.1 and TensorFlow 2.21.0."""

import numpy as np
from cases import case, rand
from golden import tf
from tensorflow_text.python.ops.boise_offset_converter import gen_boise_offset_converter
from tensorflow_text.python.ops.byte_splitter import gen_byte_splitter
from tensorflow_text.python.ops.ngrams_op import gen_ngrams_op
from tensorflow_text.python.ops.split_merge_from_logits_tokenizer import gen_split_merge_from_logits_tokenizer
from tensorflow_text.python.ops.split_merge_tokenizer import gen_split_merge_tokenizer
from tensorflow_text.python.ops.trimmer_ops import gen_trimmer_ops
from tensorflow_text.python.ops.utf8_binarize_op import gen_utf8_binarize_op
from tensorflow_text.python.ops.greedy_constrained_sequence_op import gen_constrained_sequence_op
from tensorflow_text.python.metrics.text_similarity_metric_ops import gen_text_similarity_metric_ops
from text_samples import S, TEXTS, WORDS, rows

I4, I8 = "int32[?]", "int64[?]"

SEGMENTS = [
    ([1, 2, 3, 4, 5, 6], [0, 3, 3, 6], [7, 8, 9, 10, 11], [0, 1, 4, 5], [12, 13, 14, 15], [0, 4, 4, 4]),
    ([], [0, 0], [1], [0, 1], [], [0, 0]),
    ([], [0], [], [0], [], [0]),
]
for limit in (0, 1, 4, 5, 100):
    for kind, op in {"trim": gen_trimmer_ops.tf_text_round_robin_trim, "masks": gen_trimmer_ops.tf_text_round_robin_generate_masks}.items():

        def segments(a, a_splits, b, b_splits, c, c_splits, op=op, limit=limit, kind=kind):
            out = op(max_sequence_length=limit, input_values=[a, b, c], input_row_splits=[a_splits, b_splits, c_splits])
            return [*out.values, *out.row_splits] if kind == "trim" else out

        case(f"round_robin_{kind}_{limit}", segments, [I4, I8] * 3, SEGMENTS)
case(
    "round_robin_trim_strings",
    lambda a, a_splits, limit: (lambda r: [*r[0], *r[1]])(gen_trimmer_ops.tf_text_round_robin_trim(max_sequence_length=limit, input_values=[a], input_row_splits=[a_splits])),
    [S, I4, "int32[]"],
    [(*rows("a", "b", "c"), [0, 1, 3], 1)],
)
for width in (1, 2, 4):
    case(
        f"ngrams_{width}",
        lambda x, width=width: gen_ngrams_op.tf_text_ngrams_string_join(input_values=x, input_row_splits=[], width=width, axis=-1, string_separator="||")[0],
        ["string[?,3]"],
        [(np.array([[b"a", b"", b"c"], [b"d", b"e", "é".encode()]], object),), (np.zeros((0, 3), object),)],
    )
    case(
        f"ngrams_ragged_{width}",
        lambda x, outer, inner, width=width: (lambda r: [r[0], *r[1]])(gen_ngrams_op.tf_text_ngrams_string_join(input_values=x, input_row_splits=[outer, inner], width=width, axis=-1, string_separator="")),
        [S, I8, I8],
        [(*rows("a", "b", "c", "d", "e", "f"), [0, 2, 3], [0, 4, 4, 6])],
    )
for length, bits in ((3, 8), (2, 24), (0, 4)):
    case(
        f"binarize_{length}_{bits}",
        lambda x, length=length, bits=bits: gen_utf8_binarize_op.tf_text_utf8_binarize(input_tokens=x, word_length=length, bits_per_char=bits, replacement_char=0xFFFD),
        [S],
        [WORDS, TEXTS, rows()],
    )
case("byte_split", lambda x: list(gen_byte_splitter.tf_text_byte_split_with_offsets(input_values=x)), [S], [WORDS, rows("", ""), rows()])
case(
    "byte_split_by_offsets",
    lambda x, starts, ends, splits: list(gen_byte_splitter.tf_text_byte_split_by_offsets(input_values=x, input_start_offsets=starts, input_end_offsets=ends, input_row_splits=splits)),
    [S, I4, I4, I8],
    [(*rows("hello", "日本", ""), [0, 2, 5, 0, 3], [1, 5, 5, 3, 6], [0, 3, 5, 5])],
    errors=[(*rows("a"), [0], [2], [0, 1]), (*rows("a"), [2], [2], [0, 1]), (*rows("ab"), [1], [0], [0, 1]), (*rows("ab"), [-1], [0], [0, 1])],
)
MERGED = rows("hello world", "日本 語x", "", " a  b ", "IloveFlume!")
LABELS = [0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0]
for forced in (True, False):
    case(
        f"split_merge_{'forced' if forced else 'free'}",
        lambda x, labels, splits, forced=forced: list(gen_split_merge_tokenizer.split_merge_tokenize_with_offsets(input_values=x, labels=labels, row_splits=splits, force_split_at_break_character=forced)),
        [S, I4, I4],
        [(*MERGED, [*LABELS, 1], [0, 11, 16, 16, 22, 33])],
        errors=[(*rows("abc"), [0, 1], [0, 2]), (*rows("abc"), [0, 1, 1], [0, 2, 3])],
    )
case(
    "from_logits",
    lambda x, logits, forced: list(gen_split_merge_from_logits_tokenizer.tokenizer_from_logits(strings=x, logits=logits, force_split_at_break_character=forced)),
    [S, "float32[?,?,2]", "bool[]"],
    [(*MERGED, rand(5, 12, 2), True), (*MERGED, rand(5, 11, 2), False)],
    errors=[(*MERGED, rand(5, 3, 2), True), (*MERGED, rand(4, 12, 2), True)],
)
TOKENS = ([0, 4, 8, 12, 17, 0, 4], [3, 7, 11, 16, 19, 3, 9], [0, 5, 5, 7])
for strict in (True, False):
    case(
        f"to_boise_{'strict' if strict else 'loose'}",
        lambda a, b, c, d, types, t, s, strict=strict: gen_boise_offset_converter.tf_text_offsets_to_boise_tags(
            input_token_begin_offsets=a, input_token_end_offsets=b, input_span_begin_offsets=c, input_span_end_offsets=d, input_span_type=types,
            input_token_begin_row_splits=t, input_token_end_row_splits=t, input_span_begin_row_splits=s, input_span_end_row_splits=s,
            input_span_type_row_splits=s, input_use_strict_boundary_mode=strict),
        [I4, I4, I4, I4, S, I8, I8],
        [
            (TOKENS[0], TOKENS[1], [4, 12, 0], [11, 16, 9], *rows("a", "b", "c"), TOKENS[2], [0, 2, 2, 3]),
            (TOKENS[0], TOKENS[1], [2, 9, 13, 1], [5, 10, 18, 3], *rows("a", "b", "é", "d"), TOKENS[2], [0, 3, 3, 4]),
            (TOKENS[0], TOKENS[1], [0, 3, 4], [19, 30, 6], *rows("a", "b", ""), TOKENS[2], [0, 1, 2, 3]),
        ],
    )  # fmt: skip
case(
    "from_boise",
    lambda a, b, tags, t: list(gen_boise_offset_converter.tf_text_boise_tags_to_offsets(
        input_token_begin_offsets=a, input_token_end_offsets=b, input_boise_tags=tags, input_token_begin_row_splits=t, input_token_end_row_splits=t,
        input_boise_tags_row_splits=t)),
    [I4, I4, S, I8],
    [
        (TOKENS[0], TOKENS[1], *rows("O", "B-x", "E-x", "S-y", "O", "I-z", "B-w"), TOKENS[2]),
        (TOKENS[0], TOKENS[1], *rows("B-a", "O", "E-b", "B-c", "I-d", "", "Other"), TOKENS[2]),
        ([], [], *rows(), [0, 0]),
    ],
)  # fmt: skip
for alpha in (0.5, -1.0, 1.0):
    case(
        f"rouge_l_{str(alpha).replace('-', 'minus_').replace('.', '_')}",
        lambda h, hs, r, rs, alpha=alpha: list(gen_text_similarity_metric_ops.rouge_l(
            hyp_values=h, hyp_splits=hs, ref_values=r, ref_splits=rs, alpha=alpha)),
        [S, I8, S, I8],
        [(*rows("a", "b", "c", "d", "x"), [0, 4, 4, 5], *rows("a", "c", "b", "d", "e", "y"), [0, 5, 5, 6])],
    )  # fmt: skip
case(
    "rouge_l_ints",
    lambda h, hs, r, rs, alpha: list(gen_text_similarity_metric_ops.rouge_l(hyp_values=h, hyp_splits=hs, ref_values=r, ref_splits=rs, alpha=alpha)),
    [I8, I4, I8, I4, "float32[]"],
    [([1, 2, 3, 2, 1], [0, 2, 5], [2, 1, 3, 1], [0, 1, 4], 0.3)],
    errors=[([1], [0, 1], [1], [0, 1], 2.0), ([1], [0, 1], [1], [0, 1, 1], 0.5)],
)
SCORES = rand(3, 5, 4, low=0, high=3)
for viterbi in (True, False):
    for logs in (True, False):
        for ends in (True, False):
            size = 5 if ends else 4
            case(
                f"sequence_{'viterbi' if viterbi else 'greedy'}{'_log' * logs}{'_ends' * ends}",
                lambda scores, lengths, allowed, weights, viterbi=viterbi, logs=logs, ends=ends: list(gen_constrained_sequence_op.constrained_sequence(
                    scores=scores, sequence_lengths=lengths, allowed_transitions=allowed, transition_weights=weights, use_viterbi=viterbi,
                    use_log_space=logs, use_start_and_end_states=ends)),
                ["float32[?,?,?]", I8, "bool[?,?]", "float32[?,?]"],
                [
                    (SCORES, [5, 0, 3], rand(size, size), rand(size, size, low=0, high=2)),
                    (SCORES, [4, 5, 1], np.zeros((0, 0)), rand(size, size, low=0, high=2)),
                    (SCORES, [4, 5, 1], np.triu(np.ones((size, size))), np.zeros((0, 0))),
                    (SCORES, [2, 2, 2], np.zeros((size, size)), np.zeros((0, 0))),
                ],
                errors=[(SCORES, [6, 0, 3], np.zeros((0, 0)), np.zeros((0, 0))), (SCORES, [1, 1, 1], np.ones((3, 3)), np.zeros((0, 0)))],
            )  # fmt: skip
