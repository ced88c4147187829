"""Non-maximum suppression, as the last stage of detectors."""

import numpy as np
from cases import case
from golden import tf

raw = tf.raw_ops
rng = np.random.default_rng(5)


def boxes(n, spread=4.0):
    low = rng.uniform(0, spread, (n, 2))
    return np.concatenate([low, low + rng.uniform(0.3, 2, (n, 2))], 1).astype(np.float32)


def flipped(b):
    return b[:, [2, 1, 0, 3]]


B, S = boxes(24), rng.uniform(0, 1, 24).astype(np.float32)
TIES = np.round(S * 4) / 4
SAMPLES = [(B, S), (flipped(B), S), (B, TIES), (np.zeros((0, 4)), [])]
SPECS = ["float32[?,4]", "float32[?]"]

case("NonMaxSuppression", lambda boxes, scores: raw.NonMaxSuppression(boxes=boxes, scores=scores, max_output_size=8, iou_threshold=0.4), SPECS, SAMPLES)
case("NonMaxSuppressionV2", lambda boxes, scores, limit: raw.NonMaxSuppressionV2(boxes=boxes, scores=scores, max_output_size=limit, iou_threshold=0.3), [*SPECS, "int32[]"], [(*s, n) for s in SAMPLES[:3] for n in (5, 100, 0)])
case("NonMaxSuppressionV3", lambda boxes, scores, threshold: raw.NonMaxSuppressionV3(boxes=boxes, scores=scores, max_output_size=10, iou_threshold=0.5, score_threshold=threshold), [*SPECS, "float32[]"], [(*s, t) for s in SAMPLES for t in (0.0, 0.5, 2.0)])
for pad in (True, False):
    case(
        f"NonMaxSuppressionV4_{'padded' if pad else 'plain'}",
        lambda boxes, scores, _p=pad: list(raw.NonMaxSuppressionV4(boxes=boxes, scores=scores, max_output_size=20, iou_threshold=0.2, score_threshold=0.1, pad_to_max_output_size=_p)),
        SPECS,
        SAMPLES,
    )
    for sigma in (0.0, 0.5):
        case(
            f"NonMaxSuppressionV5_{'padded' if pad else 'plain'}_{sigma}",
            lambda boxes, scores, _p=pad, _s=sigma: list(
                raw.NonMaxSuppressionV5(boxes=boxes, scores=scores, max_output_size=15, iou_threshold=0.5, score_threshold=0.05, soft_nms_sigma=_s, pad_to_max_output_size=_p)
            ),
            SPECS,
            SAMPLES,
        )
case("NonMaxSuppressionV3_float16", lambda boxes, scores: raw.NonMaxSuppressionV3(boxes=boxes, scores=scores, max_output_size=10, iou_threshold=tf.constant(0.5, tf.float16), score_threshold=tf.constant(0.1, tf.float16)), ["float16[?,4]", "float16[?]"], [(np.round(B * 4) / 4, S)])
overlaps = np.clip((lambda m: (m + m.T) / 2 + np.eye(12))(rng.uniform(0, 1, (12, 12))), 0, 1)
case("NonMaxSuppressionWithOverlaps", lambda overlaps, scores: raw.NonMaxSuppressionWithOverlaps(overlaps=overlaps, scores=scores, max_output_size=6, overlap_threshold=0.5, score_threshold=0.2), ["float32[?,?]", "float32[?]"], [(overlaps, S[:12])])
case("non_max_suppression", lambda boxes, scores: tf.gather(boxes, tf.image.non_max_suppression(boxes, scores, 5, 0.4)), SPECS, SAMPLES[:2])
case("non_max_suppression_with_scores", lambda boxes, scores: list(tf.image.non_max_suppression_with_scores(boxes, scores, 9, soft_nms_sigma=0.3)), SPECS, SAMPLES[:3])
unit = np.clip(np.stack([boxes(12, 0.6) / 3 for _ in range(2)]), 0, 1.2)
several = np.stack([np.stack([boxes(12, 0.6) / 3 for _ in range(3)], 1) for _ in range(2)])
classes = rng.uniform(0, 1, (2, 12, 3)).astype(np.float32)
for clip in (True, False):
    for per_class in (True, False):
        case(
            f"CombinedNonMaxSuppression_{'clipped' if clip else 'as_is'}_{'per_class' if per_class else 'total'}",
            lambda boxes, scores, _c=clip, _p=per_class: list(
                raw.CombinedNonMaxSuppression(
                    boxes=boxes, scores=scores, max_output_size_per_class=4, max_total_size=7, iou_threshold=0.3,
                    score_threshold=0.2, pad_per_class=_p, clip_boxes=_c,
                )
            ),
            ["float32[?,?,?,4]", "float32[?,?,?]"],
            [(unit[:, :, None], classes), (several, classes)],
        )
