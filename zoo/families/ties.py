"""Equal scores, in an order that TensorFlow's C++ library decides, and zeros that meet infinities."""

import numpy as np
from cases import case
from golden import tf

F = "float32"
draws = np.random.default_rng(5)


def boxes(batch, count, classes):
    corner = draws.integers(0, 40, (batch, count, classes, 2)).astype(np.float32)
    return np.concatenate([corner, corner + draws.integers(1, 6, corner.shape)], -1).astype(np.float32)


def scores(batch, count, classes, levels):
    return (draws.integers(0, levels, (batch, count, classes)) / np.float32(levels)).astype(np.float32)


def detections(b, s):
    found = tf.image.combined_non_max_suppression(b, s, 12, 40, 0.4, 0.1, clip_boxes=False)
    return dict(found._asdict())


def all_classes(b, s):
    return dict(tf.image.combined_non_max_suppression(b, s, 30, 100, 0.5, -1.0, pad_per_class=True, clip_boxes=False)._asdict())


case("combined", detections, [f"{F}[?,?,1,4]", f"{F}[?,?,3]"], [(boxes(2, 50, 1), scores(2, 50, 3, 3)), (boxes(1, 9, 1), np.full((1, 9, 3), 0.5, np.float32))])
case("combined_by_class", all_classes, [f"{F}[?,?,4,4]", f"{F}[?,?,4]"], [(boxes(2, 60, 4), scores(2, 60, 4, 4))])

infinite = np.arange(40, dtype=np.float32).reshape(1, 5, 8, 1)
infinite[0, 2, 3, 0] = np.inf
infinite[0, 4, 7, 0] = -np.inf
for half in (False, True):
    case(f"bicubic_{'centres' if half else 'legacy'}", lambda x, n, half=half: tf.raw_ops.ResizeBicubic(images=x, size=n, half_pixel_centers=half), [f"{F}[?,?,?,?]", "int32[2]"], [(infinite, [10, 16]), (infinite, [5, 8]), (infinite, [3, 11])])
