"""Random crops and permutations of indices, with TensorFlow's own numbers. Ops with seeds go on from call to call, so the
cases run one after the other on one loaded model."""

import numpy as np
from cases import case
from golden import tf

raw = tf.raw_ops
BOXES = np.array([[[0.1, 0.2, 0.9, 0.8]], [[0.0, 0.0, 0.3, 0.25]]])
NONE = np.zeros([1, 0, 4])
SIZES = ([240, 320, 3], [17, 5, 1], [1, 1, 1], [1000, 30, 3])
BOX = "float32[?,?,4]"


def outputs(result):
    return {"begin": result[0], "size": result[1], "boxes": result[2]}


for dtype in ("uint8", "int8", "int16", "int32", "int64"):
    sizes = [[120, 90, 3], [17, 5, 1]] if dtype in ("uint8", "int8") else SIZES
    case(
        f"boxes_{dtype}",
        lambda size, boxes: outputs(raw.SampleDistortedBoundingBoxV2(image_size=size, bounding_boxes=boxes, min_object_covered=0.3, seed=4, seed2=2)),
        [f"{dtype}[3]", BOX],
        [(s, BOXES) for s in sizes],
    )
case(
    "boxes_stateless",
    lambda size, boxes, covered, seed: outputs(raw.StatelessSampleDistortedBoundingBox(image_size=size, bounding_boxes=boxes, min_object_covered=covered, seed=seed, use_image_if_no_bounding_boxes=True)),
    ["int32[?]", "float32[*]", "float32[]", "int32[2]"],
    [(s, b, c, seed) for s, seed in zip(SIZES, ([1, 2], [3, 4], [5, 6], [-7, 8])) for b in (BOXES, NONE) for c in (0.1, 1.0)],
    errors=[([10, 10], BOXES, 0.1, [1, 2]), ([10, -1, 3], BOXES, 0.1, [1, 2]), ([10, 10, 3], BOXES * 2, 0.1, [1, 2]), ([10, 10, 3], BOXES, -0.1, [1, 2]), ([10, 10, 3], BOXES[0], 0.1, [1, 2])],
)
case(
    "boxes_ranges",
    lambda size, seed: outputs(raw.StatelessSampleDistortedBoundingBox(image_size=size, bounding_boxes=tf.constant(BOXES, tf.float32), min_object_covered=0.0, seed=seed, aspect_ratio_range=[0.2, 5.0], area_range=[0.3, 0.35], max_attempts=7)),
    ["int64[3]", "int64[2]"],
    [([300, 200, 3], [9, 1]), ([300, 20, 3], [9, 2]), ([3, 2, 3], [9, 3])],
)
case("boxes_v1", lambda size: outputs(raw.SampleDistortedBoundingBox(image_size=size, bounding_boxes=tf.constant(BOXES, tf.float32), seed=1, seed2=0, min_object_covered=0.5)), ["int32[3]"], [([64, 48, 3],), ([64, 48, 3],)])
case("boxes_missing", lambda boxes: outputs(raw.SampleDistortedBoundingBoxV2(image_size=[8, 8, 3], bounding_boxes=boxes, min_object_covered=0.3, seed=4, seed2=2)), [BOX], [(BOXES,)], errors=[(NONE,)])

SEEDS = ([1, 2, 3], [-1, 77, 2**31 - 1])
for dtype in ("int32", "int64", "uint32", "uint64"):
    wide = dtype.endswith("64")
    most = [1, 2, 5, 255, 65535, 65536, 10**6, 2**30] + ([2**33, 2**45 + 3, 2**62] if wide else [])
    case(
        f"index_{dtype}",
        lambda index, seed, most: raw.RandomIndexShuffle(index=index, seed=seed, max_index=most),
        [f"{dtype}[]", "int32[3]", f"{dtype}[]"],
        [(m // 2, s, m) for m in most for s in SEEDS] + [(0, SEEDS[0], 0)],
    )
    case(
        f"index_many_{dtype}",
        lambda index, seed, most: raw.RandomIndexShuffle(index=index, seed=seed, max_index=most, rounds=8),
        [f"{dtype}[?]", f"{dtype}[*]", f"{dtype}[*]"],
        [(np.arange(10), [1, 2, 3], 9), (np.arange(3), [[1, 2, 3], [4, 5, 6], [7, 8, 9]], [9, 1000, 2])],
        errors=[(np.arange(3), [1, 2], 9), (np.arange(3), [1, 2, 3], [4, 5])],
    )
case("index_function", lambda index, seed: tf.random.experimental.index_shuffle(index, seed, 99), ["int32[]", "int32[2]"], [(i, [3, 1]) for i in range(4)])
for dtype in ("float32", "float64"):
    case(
        f"sobol_{dtype}",
        lambda dim, n, skip, _d=tf.as_dtype(dtype): raw.SobolSample(dim=dim, num_results=n, skip=skip, dtype=_d),
        ["int32[]", "int32[]", "int32[]"],
        [(3, 9, 0), (1, 1, 0), (1111, 2, 77), (40, 5, 12345), (5, 3, 2**30 - 2), (5, 3, 2**30 + 5), (2, 1, 2**31 - 3)],
        errors=[(0, 3, 0), (21201, 3, 0), (2, 0, 0), (2, 3, -1), (2, 3, 2**31 - 3)],
    )
case("timestamp", lambda: raw.Timestamp() > 1.7e9, [], [()])
