"""Sums and other reductions by segment, counts, distinct values, places in sorted rows."""

from cases import FLOATS, INTS, case, rand
from golden import tf

raw = tf.raw_ops
F = "float32"


def segment(op):
    return lambda x, ids: getattr(raw, op)(data=x, segment_ids=ids)


def unsorted(op, count):
    return lambda x, ids: getattr(raw, op)(data=x, segment_ids=ids, num_segments=count)


def sparse(op):
    return lambda x, indices, ids: getattr(raw, op)(data=x, indices=indices, segment_ids=ids)


def sparse_counted(op):
    return lambda x, indices, ids, n: getattr(raw, op)(data=x, indices=indices, segment_ids=ids, num_segments=n)


for dtype in (*FLOATS, *INTS):
    for op in ("SegmentSum", "SegmentMean", "SegmentProd", "SegmentMax", "SegmentMin"):
        case(f"{op}_{dtype}", segment(op), [f"{dtype}[?,2]", "int32[?]"], [(rand(5, 2), [0, 0, 1, 3, 3]), (rand(0, 2), [])], errors=[(rand(2, 2), [1, 0]), (rand(2, 2), [-1, 0])])
    for op in ("UnsortedSegmentSum", "UnsortedSegmentProd", "UnsortedSegmentMax", "UnsortedSegmentMin"):
        case(f"{op}_{dtype}", unsorted(op, 4), [f"{dtype}[?,2]", "int64[?]"], [(rand(4, 2), [2, 0, 2, -1]), (rand(0, 2), [])], errors=[(rand(2, 2), [0, 4])])
case("UnsortedSegmentSum_matrix_ids", unsorted("UnsortedSegmentSum", 3), [f"{F}[?,?,2]", "int32[?,?]"], [(rand(2, 2, 2), [[0, 2], [0, 0]])])
case("UnsortedSegmentSum_count_given", lambda x, ids, n: raw.UnsortedSegmentSum(data=x, segment_ids=ids, num_segments=n), [f"{F}[?]", "int32[?]", "int32[]"], [(rand(3), [1, 1, 0], 2), (rand(3), [1, 1, 0], 5)])
case("unsorted_segment_mean", lambda x, ids: tf.math.unsorted_segment_mean(x, ids, 3), [f"{F}[?,2]", "int32[?]"], [(rand(4, 2), [2, 0, 2, 0])])
for op in ("SparseSegmentSum", "SparseSegmentMean", "SparseSegmentSqrtN"):
    case(op, sparse(op), [f"{F}[?,3]", "int32[?]", "int32[?]"], [(rand(5, 3), [4, 0, 0, 2], [0, 0, 1, 2]), (rand(5, 3), [], [])], errors=[(rand(2, 3), [2], [0])])
    case(f"{op}WithNumSegments", sparse_counted(f"{op}WithNumSegments"), [f"{F}[?,3]", "int64[?]", "int64[?]", "int32[]"], [(rand(5, 3), [4, 0, 0, 2], [0, 0, 1, 3], 6)])

for dtype in (*FLOATS, *INTS, "string", "uint8"):
    values = [b"b", b"a", b"b", b"", b"a"] if dtype == "string" else [3, 1, 3, 2, 1]
    case(f"Unique_{dtype}", lambda x: list(raw.Unique(x=x)), [f"{dtype}[?]"], [(values,), ([],)])
    case(f"UniqueWithCounts_{dtype}", lambda x: list(raw.UniqueWithCounts(x=x, out_idx=tf.int64)), [f"{dtype}[?]"], [(values,)])
    case(f"ListDiff_{dtype}", lambda x, y: list(raw.ListDiff(x=x, y=y)), [f"{dtype}[?]"] * 2, [(values, values[:1])])
case("UniqueV2_rows", lambda x: list(raw.UniqueV2(x=x, axis=[0])), [f"{F}[?,?]"], [([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]],)])
case("UniqueV2_columns", lambda x: list(raw.UniqueWithCountsV2(x=x, axis=[1])), ["int32[?,?]"], [([[1, 2, 1], [3, 4, 3]],)])

case("DenseBincount", lambda x: raw.DenseBincount(input=x, size=5, weights=tf.zeros([0], tf.int32)), ["int32[?]"], [([0, 1, 1, 4, 9],), ([],)])
case("DenseBincount_rows", lambda x: raw.DenseBincount(input=x, size=5, weights=tf.zeros([0], tf.float32)), ["int64[?,?]"], [([[0, 1, 1], [4, 4, 7]],)])
case("DenseBincount_binary", lambda x: raw.DenseBincount(input=x, size=5, weights=tf.zeros([0], tf.float32), binary_output=True), ["int32[?,?]"], [([[0, 1, 1], [4, 4, 7]],)])
case("DenseBincount_weights", lambda x, w: raw.DenseBincount(input=x, size=5, weights=w), ["int32[?,?]", f"{F}[?,?]"], [([[0, 1, 1], [4, 4, 0]], rand(2, 3))], errors=[([[-1, 0, 0]], rand(1, 3))])
case("Bincount_op", lambda x, w: raw.Bincount(arr=x, size=4, weights=w), ["int32[?]", f"{F}[?]"], [([0, 3, 3, 1], rand(4)), ([0, 3, 3, 1], [])])
for dtype in (*FLOATS, *INTS):
    rows = ([[1, 2, 2, 5]], [[2, 0, 9, 3, 5]])
    for op in ("LowerBound", "UpperBound"):
        case(f"{op}_{dtype}", (lambda o: lambda a, v: getattr(raw, o)(sorted_inputs=a, values=v))(op), [f"{dtype}[?,?]"] * 2, [rows])
    case(f"Bucketize_{dtype}", lambda x: raw.Bucketize(input=x, boundaries=[-1.0, 0.0, 2.5]), [f"{dtype}[?,?]"], [(rand(2, 4),), (rand(0, 4),)])

for dtype in (*FLOATS, *INTS, "uint8", "int8", "int16", "float16"):
    case(f"TopKV2_{dtype}", lambda x: list(raw.TopKV2(input=x, k=2)), [f"{dtype}[?,?]"], [([[3, 9, 1, 9], [5, 5, 5, 5]],), (rand(0, 4),)])
case("TopKV2_rank_3", lambda x: list(raw.TopKV2(input=x, k=2)), [f"{F}[?,?,4]"], [(rand(2, 3, 4),), (rand(2, 0, 4),)])
case("TopKV2_vector", lambda x: list(raw.TopKV2(input=x, k=2, index_type=tf.int64)), [f"{F}[?]"], [(rand(5),)])
case("argsort_ascending_axis_0", lambda x: tf.argsort(x, axis=0, stable=True), [f"{F}[?,?]"], [(rand(4, 3),)])
case("sort_int32", lambda x: tf.sort(x), ["int32[?]"], [([3, -1, 2, 2],)])
case("InTopK", lambda predictions, targets: raw.InTopK(predictions=predictions, targets=targets, k=2), [f"{F}[?,?]", "int64[?]"], [(rand(3, 4), [0, 5, 3])])
for op in ("ArgMax", "ArgMin"):
    for dtype in ("int8", "int16", "float16", "uint16", "bool"):
        if dtype != "bool":
            case(f"{op}_{dtype}", (lambda o: lambda x: getattr(raw, o)(input=x, dimension=1))(op), [f"{dtype}[?,?]"], [(rand(3, 5),)])
