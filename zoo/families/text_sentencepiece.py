"""SentencePiece in TensorFlow Text. Exported with tensorflow-text 2.21.1, sentencepiece 0.2.3 and TensorFlow 2.21.0."""

import io
import pathlib
import tempfile

import numpy as np
import sentencepiece as trainer
import tensorflow_text as text
from cases import case, keep
from golden import tf
from tensorflow_text.python.ops.sentencepiece_tokenizer import gen_sentencepiece_tokenizer as gen
from text_samples import S, TEXTS, rows

CORPUS = """The quick brown fox jumps over the lazy dog.
Tokenizers take text apart, and detokenizers put text together again.
naïve café über straße señor
日本語 の テキスト を 分割 する
hello world, hello tokens, hello pieces
one two three four five six seven eight nine ten
unaffable unwanted unhappy happy want able wanting wanted jumping jumped
""".splitlines() * 3

rules = pathlib.Path(tempfile.mkdtemp()) / "rules.tsv"
# What becomes what: full width and compatible letters, capitals, and signs of several characters.
rules.write_text("\n".join(["FF41\t61", "FF42\t62", "41\t61", "FB01\t66 69", "65 301\tE9", "A0\t20", "3000\t20", "200B\t", "2460\t31", "1F600\t3A 29", "68 65 79\t68 69 21"]) + "\n")


def trained(kind, **options):
    model = io.BytesIO()
    trainer.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=model,
        model_type=kind,
        minloglevel=2,
        num_threads=1,
        hard_vocab_limit=False,
        character_coverage=0.98,
        **options,
    )
    return model.getvalue()


MODELS = {
    "unigram": trained("unigram", vocab_size=130, normalization_rule_tsv=str(rules)),
    "unigram_bytes": trained(
        "unigram", vocab_size=380, byte_fallback=True, normalization_rule_name="identity",
        user_defined_symbols=["<sep>", "hello w", "日"], control_symbols=["<ctl>"], unk_surface=" ?? ",
    ),
    "bpe": trained("bpe", vocab_size=150, normalization_rule_tsv=str(rules), user_defined_symbols=["lazy d"]),
    "bpe_suffix": trained(
        "bpe", vocab_size=400, byte_fallback=True, treat_whitespace_as_suffix=True, normalization_rule_name="identity"
    ),
    "spaces": trained(
        "unigram", vocab_size=130, add_dummy_prefix=False, remove_extra_whitespaces=False, split_by_whitespace=False,
        normalization_rule_name="identity", pad_id=0, unk_id=1, bos_id=2, eos_id=3,
    ),
    "char": trained("char", vocab_size=60, normalization_rule_name="identity", bos_id=-1, eos_id=-1),
    "word": trained("word", vocab_size=60, normalization_rule_name="identity"),
}  # fmt: skip

GIVEN = rows(
    "The quick brown fox jumps",
    "hello world",
    "hello worlds <sep> <s> </s> <ctl> ▁x",
    "  two   spaces  and\ttab ",
    "ａｂ ﬁne cafe\u0301 hey ①😀",
    "\u200b",
    " ",
    "▁",
    "xyzzy ☃☃ snow☃man",
    "日本語のテキスト",
    "lazy dog lazy cat",
)


def parts(names, outputs):
    return dict(zip(names, outputs))


for name, model in MODELS.items():
    tokenizers = {
        out: keep(text.SentencepieceTokenizer(model, out_type=tf.as_dtype(out))) for out in ("int32", "string")
    }

    def tokenized(x, handle=tokenizers["int32"]._model_resource.resource_handle):
        common = dict(sp_handle=handle, input=x, nbest_size=0, alpha=1.0, add_bos=False, add_eos=False, reverse=False)
        ids = gen.sentencepiece_tokenize_with_offsets_op(**common, out_type=tf.int32)
        pieces = gen.sentencepiece_tokenize_op(**common, out_type=tf.string, Tsplits=tf.int32)
        back = gen.sentencepiece_detokenize_op(
            sp_handle=handle, input_values=ids[0], input_splits=ids[1], add_bos=False, add_eos=False, reverse=False
        )
        of_pieces = gen.sentencepiece_detokenize_op(
            sp_handle=handle, input_values=pieces[0], input_splits=pieces[1], add_bos=False, add_eos=False, reverse=False
        )
        return {
            **parts(("ids", "splits", "starts", "limits"), ids),
            **parts(("pieces", "piece_splits"), pieces),
            "back": back,
            "back_of_pieces": of_pieces,
        }

    case(name, tokenized, [S], [GIVEN, TEXTS, rows("", ""), rows()])

plain = keep(text.SentencepieceTokenizer(MODELS["unigram_bytes"]))
handle = plain._model_resource.resource_handle
case("vocab_size", lambda x: [plain.vocab_size(), x], ["int32[]"], [(1,)])
case("id_to_string", lambda x: plain.id_to_string(x), ["int32[?,?]"], [([[0, 1, 2], [5, 262, 300]],)])
case("string_to_id", lambda x: plain.string_to_id(x), [S], [rows("<unk>", "<s>", "</s>", "<sep>", "<0x41>", "▁the", "nothing", "")])
case(
    "marks",
    lambda x, bos, eos, reverse: gen.sentencepiece_tokenize_with_offsets_op(
        sp_handle=handle, input=x, nbest_size=1, alpha=0.5, add_bos=bos, add_eos=eos, reverse=reverse, out_type=tf.string
    )._asdict(),
    ["string[3]", "bool[]", "bool[]", "bool[]"],
    [(*rows("hello world", "", "x☃"), b, e, r) for b in (False, True) for e in (False, True) for r in (False, True)],
)
case(
    "detokenize",
    lambda x, splits, bos, reverse: gen.sentencepiece_detokenize_op(
        sp_handle=handle, input_values=x, input_splits=splits, add_bos=bos, add_eos=bos, reverse=reverse
    ),
    ["int32[?]", "int32[?]", "bool[]", "bool[]"],
    [
        ([0, 1, 2, 270, 0, 290], [0, 0, 3, 6], False, False),
        ([262, 270, 280, 290], [0, 2, 4], True, True),
        # Bytes that are a character, and that are none.
        (np.array([0xE6, 0x97, 0xA5, 0xFF, 0x41, 0xE6, 0x97, 0x20]) + 7, [0, 5, 8], False, False),
        (np.zeros(0, np.int32), [0, 0], True, False),
    ],
    errors=[([9999], [0, 1], False, False), ([-1], [0, 1], False, False)],
)
case(
    "detokenize_strings",
    lambda x, splits: gen.sentencepiece_detokenize_op(
        sp_handle=handle, input_values=x, input_splits=splits, add_bos=False, add_eos=False, reverse=False
    ),
    [S, "int64[?]"],
    [(*rows("▁hello", "▁▁world", "x▁y", "<unk>", "☃", "<s>", "<0xE6>", "<0x97>", "<0xA5>", "▁a", "<0x41>"), [0, 3, 6, 11])],
)
# There is no mark for the end in this model.
without = keep(text.SentencepieceTokenizer(MODELS["char"], add_eos=True))
case("no_marks", lambda x: without.tokenize(x).flat_values, [S], [], errors=[rows("a")])
bpe = keep(text.SentencepieceTokenizer(MODELS["bpe"]))
case("ragged", lambda x: bpe.tokenize(tf.strings.split(x)).to_tensor(-1), [S], [GIVEN, rows()])
