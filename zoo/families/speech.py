"""Decoders of speech and handwriting recognisers."""

import numpy as np
from cases import case
from golden import tf

raw = tf.raw_ops
rng = np.random.default_rng(11)
SPECS = ["float32[?,?,5]", "int32[?]"]
logits = lambda time, batch: rng.normal(0, 2, (time, batch, 5)).astype(np.float32)
SAMPLES = [
    (logits(9, 3), [9, 4, 0]),
    (np.round(logits(12, 2)), [12, 12]),
    (np.where(rng.uniform(size=(6, 2, 5)) < 0.1, np.nan, logits(6, 2)), [6, 5]),
]


def decode(logits, lengths, **how):
    indices, values, shape, score = raw.CTCGreedyDecoder(inputs=logits, sequence_length=lengths, **how)
    return {"indices": indices, "values": values, "shape": shape, "score": score}


for merge in (True, False):
    for blank in (-1, 2):
        case(
            f"CTCGreedyDecoder_{'merged' if merge else 'as_is'}_{'last' if blank < 0 else 'third'}",
            lambda logits, lengths, _m=merge, _b=blank: decode(logits, lengths, merge_repeated=_m, blank_index=_b),
            SPECS,
            SAMPLES,
            errors=[(logits(4, 0), []), (logits(3, 2), [1])],
        )
case(
    "CTCGreedyDecoder_float64",
    lambda logits, lengths: decode(logits, lengths),
    ["float64[?,?,5]", "int32[?]"],
    SAMPLES[:2],
)
case(
    "ctc_greedy_decoder",
    lambda logits, lengths: {"dense": tf.sparse.to_dense(tf.nn.ctc_greedy_decoder(logits, lengths)[0][0], -1)},
    SPECS,
    SAMPLES[:2],
)
