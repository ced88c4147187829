"""Cells of TensorFlow 1's recurrent layers, decoders of speech, distances and losses of sequences."""

from cases import case, rand, variable
from golden import tf

raw = tf.raw_ops
F = "float32"
CELLS, INPUTS = 3, 2
W = variable(rand(INPUTS + CELLS, 4 * CELLS))
B = variable(rand(4 * CELLS))
PEEPHOLES = {"wci": variable(rand(CELLS)), "wcf": variable(rand(CELLS)), "wco": variable(rand(CELLS))}
STATE = [f"{F}[?,{CELLS}]"] * 2


def named(result):
    return result._asdict()


def lstm_cell(**attributes):
    return lambda x, cs_prev, h_prev: named(raw.LSTMBlockCell(x=x, cs_prev=cs_prev, h_prev=h_prev, w=W, b=B, **PEEPHOLES, **attributes))


def block_lstm(op, **attributes):
    return lambda n, x, cs_prev, h_prev: named(getattr(raw, op)(seq_len_max=n, x=x, cs_prev=cs_prev, h_prev=h_prev, w=W, b=B, **PEEPHOLES, **attributes))


cell = [(rand(2, INPUTS), rand(2, CELLS), rand(2, CELLS))]
case("LSTMBlockCell", lstm_cell(), [f"{F}[?,{INPUTS}]", *STATE], cell)
case("LSTMBlockCell_peepholes", lstm_cell(use_peephole=True, forget_bias=0.5, cell_clip=0.75), [f"{F}[?,{INPUTS}]", *STATE], cell[:1])
steps = [(4, rand(4, 2, INPUTS), rand(2, CELLS), rand(2, CELLS)), (2, rand(3, 1, INPUTS), rand(1, CELLS), rand(1, CELLS)), (0, rand(2, 1, INPUTS), rand(1, CELLS), rand(1, CELLS))]
specs = ["int64[]", f"{F}[?,?,{INPUTS}]", *STATE]
# Behind the last step TensorFlow fills only the state and the output.
case("BlockLSTM_part", lambda n, x, cs_prev, h_prev: {k: v for k, v in block_lstm("BlockLSTM")(n, x, cs_prev, h_prev).items() if k in ("cs", "h")}, specs, steps[1:2])
case("BlockLSTM", block_lstm("BlockLSTM"), specs, steps[:1])
case("BlockLSTM_peepholes", block_lstm("BlockLSTM", use_peephole=True, forget_bias=0.5, cell_clip=0.75), specs, steps[:1])
case("BlockLSTMV2", block_lstm("BlockLSTMV2"), specs, steps[:1])
GRU = {"w_ru": variable(rand(INPUTS + CELLS, 2 * CELLS)), "w_c": variable(rand(INPUTS + CELLS, CELLS)), "b_ru": variable(rand(2 * CELLS)), "b_c": variable(rand(CELLS))}
case("GRUBlockCell", lambda x, h_prev: named(raw.GRUBlockCell(x=x, h_prev=h_prev, **GRU)), [f"{F}[?,{INPUTS}]", STATE[0]], [(rand(2, INPUTS), rand(2, CELLS))])


def beam(**options):
    def decode(inputs, lengths):
        decoded, scores = tf.compat.v1.nn.ctc_beam_search_decoder(inputs, lengths, **options)
        # The kernel for doubles loses half of their digits on the way.
        return ({"scores": scores} if inputs.dtype == tf.float32 else {}) | {f"{part}{i}": getattr(d, part) for i, d in enumerate(decoded) for part in ("indices", "values", "dense_shape")}

    return decode


for dtype in ("float32", "float64"):
    logits = [f"{dtype}[?,?,?]", "int32[?]"]
    given = [(rand(6, 2, 4), [6, 4]), (rand(3, 1, 3), [3]), (rand(12, 1, 6), [12])]
    case(f"CTCBeamSearchDecoder_{dtype}", beam(merge_repeated=False), logits, given)
    case(f"CTCBeamSearchDecoder_merge_{dtype}", beam(merge_repeated=True, beam_width=8, top_paths=3), logits, given[:1] + given[2:])
    case(f"CTCBeamSearchDecoder_narrow_{dtype}", beam(merge_repeated=False, beam_width=2, top_paths=2), logits, given, errors=[(rand(3, 1, 3), [4])])
    case(f"SoftmaxCrossEntropyWithLogits_{dtype}", lambda x, y: named(raw.SoftmaxCrossEntropyWithLogits(features=x, labels=y)), [f"{dtype}[?,4]"] * 2, [(rand(2, 4), rand(2, 4, low=0, high=1)), ([[1, 2, 3, 4]], [[0, 0, 1, 0]])])
    case(f"SparseSoftmaxCrossEntropyWithLogits_{dtype}", lambda x, y: named(raw.SparseSoftmaxCrossEntropyWithLogits(features=x, labels=y)), [f"{dtype}[?,4]", "int64[?]"], [(rand(3, 4), [0, 3, 1])])
case("softmax_loss", lambda x, y: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, x)), ["float32[?,?]", "int32[?]"], [(rand(3, 4), [0, 3, 1])])


def distance(normalize):
    def call(hi, hv, hs, ti, tv, ts):
        return tf.edit_distance(tf.SparseTensor(hi, hv, hs), tf.SparseTensor(ti, tv, ts), normalize)

    return call


SPARSE = ["int64[?,2]", "string[?]", "int64[2]"]
words = ([[0, 0], [0, 1], [1, 0]], [b"a", b"b", b"c"], [2, 2], [[0, 0], [0, 1], [0, 2]], [b"a", b"x", b"b"], [3, 3])
case("EditDistance", distance(False), SPARSE * 2, [words])
case("EditDistance_normalized", distance(True), SPARSE * 2, [words])
