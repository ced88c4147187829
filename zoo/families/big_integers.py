"""Integers up to the limits of their dtype: where sums and products wrap around, and halves of 64 bits have a sign of
their own."""

import inspect

import numpy as np
from cases import Sample, case
from golden import tf

raw = tf.raw_ops
DTYPES = ("int16", "int32", "uint32", "int64", "uint64")


def wide(*shape, seed=1, positive=False, nonzero=False):
    """Numbers of every length up to the dtype's, the limits among them."""

    def realise(dtype, _):
        rng = np.random.default_rng(seed)
        info = np.iinfo(dtype.as_numpy_dtype)
        bits = info.bits - (0 if dtype.is_unsigned else 1)
        count = int(np.prod(shape))
        values = [int(rng.integers(0, 2**32)) << 32 | int(rng.integers(0, 2**32)) for _ in range(count)]
        values = [(v & (1 << bits) - 1) >> int(rng.integers(0, bits - 1)) for v in values]
        if not dtype.is_unsigned and not positive:
            values = [v if i % 3 else -v for i, v in enumerate(values)]
        limits = [info.max, info.min, 0, 1, info.max - 1, min(2**31, info.max), min(2**32 - 1, info.max), 3]
        values[: len(limits)] = limits[:count]
        if positive:
            values = [abs(v) if v != info.min else 5 for v in values]
        if nonzero:
            values = [7 if v in (0, -1) else v for v in values]
        return np.array(values, dtype.as_numpy_dtype).reshape(shape)

    return Sample(realise)


def runs(fn, values, dtype):
    try:
        fn(*(tf.constant(v.realise(tf.as_dtype(dtype), None), dtype) for v in values))
    except (tf.errors.OpError, ValueError, TypeError):
        return False
    return True


def across(name, fn, values, shape="[?]", dtypes=DTYPES):
    """A signature that calls `fn` with inputs of every dtype that it has."""
    chosen = [d for d in dtypes if runs(fn, values, d)]
    count = len(values)

    def call(*inputs):
        return {f"y_{d}": fn(*inputs[i * count : (i + 1) * count]) for i, d in enumerate(chosen)}

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = [f"x{i}_{d}" for d in chosen for i in range(count)]
    call.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])
    case(name, call, [f"{d}{shape}" for d in chosen for _ in range(count)], [tuple(v for _ in chosen for v in values)])


A, B = wide(24), wide(24, seed=2)
DIVISOR = wide(24, seed=3, nonzero=True)
M = wide(4, 6)

for op in ("AddV2", "Sub", "Mul", "Maximum", "Minimum", "Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "SquaredDifference", "BitwiseAnd", "BitwiseXor"):
    across(op, (lambda o: lambda x, y: getattr(raw, o)(x=x, y=y))(op), [A, B])
for op in ("FloorDiv", "FloorMod", "TruncateDiv", "TruncateMod"):
    across(op, (lambda o: lambda x, y: getattr(raw, o)(x=x, y=y))(op), [A, DIVISOR])
for op in ("Abs", "Neg", "Sign", "Square", "Invert"):
    across(op, (lambda o: lambda x: getattr(raw, o)(x=x))(op), [A])
across("Relu", lambda x: raw.Relu(features=x), [A])
across("Relu6", lambda x: raw.Relu6(features=x), [A])
across("ClipByValue", lambda x, y: raw.ClipByValue(t=x, clip_value_min=tf.reduce_min(y[8:10]), clip_value_max=tf.reduce_max(y[8:10])), [A, B])
across("Pow", lambda x: raw.Pow(x=x, y=tf.constant([3], x.dtype)), [A])
for op in ("Sum", "Prod", "Max", "Min", "Mean"):
    across(op, (lambda o: lambda x: getattr(raw, o)(input=x, axis=[1]))(op), [M], "[?,6]")
    across(f"{op}_all", (lambda o: lambda x: getattr(raw, o)(input=x, axis=[0, 1], keep_dims=True))(op), [M], "[?,?]")
    across(f"{op}_columns", (lambda o: lambda x: getattr(raw, o)(input=x, axis=[0]))(op), [M], "[?,6]")
across("EuclideanNorm", lambda x: raw.EuclideanNorm(input=x, axis=[1]), [M], "[?,6]", DTYPES[:3])
across("Sum_given", lambda x: raw.Sum(input=x, axis=tf.size(x)[None] * 0), [A])
across("Prod_given", lambda x: raw.Prod(input=x, axis=tf.size(x)[None] * 0), [A])
for op in ("Cumsum", "Cumprod"):
    across(op, (lambda o: lambda x: getattr(raw, o)(x=x, axis=0))(op), [A])
for op in ("ArgMax", "ArgMin"):
    across(op, (lambda o: lambda x: getattr(raw, o)(input=x, dimension=1))(op), [M], "[?,6]")
across("TopK", lambda x: tf.math.top_k(x, 3).values, [M], "[?,6]")
across("TopK_indices", lambda x: tf.math.top_k(x, 3).indices, [M], "[?,6]")
across("Sort", lambda x: tf.sort(x), [A])
across("AddN", lambda x, y: raw.AddN(inputs=[x, y, x]), [A, B])
across("MatMul", lambda x, y: tf.matmul(x, y, transpose_b=True), [M, wide(4, 6, seed=4)], "[?,6]")
across("Einsum", lambda x, y: tf.einsum("ij,kj->ik", x, y), [M, wide(4, 6, seed=4)], "[?,6]")
for op in ("SegmentSum", "SegmentProd", "SegmentMax", "SegmentMin", "SegmentMean"):
    across(op, (lambda o: lambda x: getattr(raw, o)(data=x, segment_ids=[0, 0, 1, 1]))(op), [M], "[?,6]")
for op in ("UnsortedSegmentSum", "UnsortedSegmentProd", "UnsortedSegmentMax", "UnsortedSegmentMin"):
    across(op, (lambda o: lambda x: getattr(raw, o)(data=x, segment_ids=[0, 1, 0, 1], num_segments=3))(op), [M], "[?,6]")
for op in ("TensorScatterAdd", "TensorScatterSub", "TensorScatterMax", "TensorScatterMin"):
    across(op, (lambda o: lambda x: getattr(raw, o)(tensor=x, indices=[[0], [1], [0]], updates=x[1:4]))(op), [M], "[?,6]")
across("ScatterNd", lambda x: raw.ScatterNd(indices=[[0], [1], [0], [2]], updates=x, shape=[3, 6]), [M], "[?,6]")
across("Bincount", lambda x: raw.DenseBincount(input=[0, 1, 1, 0], size=3, weights=x[:4]), [A])
across("SelectV2", lambda x, y: tf.where(x > y, x, y), [A, B])
across("Unique", lambda x: tf.unique(tf.concat([x, x[::-1]], 0))[0], [A])
across("AsString", lambda x: tf.strings.as_string(x), [A])
across("ToString_back", lambda x: tf.strings.to_number(tf.strings.as_string(x), x.dtype), [A])
across("SearchSorted", lambda x, y: tf.searchsorted(tf.sort(x), y), [A, B])
across("Range", lambda x: tf.range(x[0] - 5, x[0], 2), [A], dtypes=("int32", "int64"))
across("BroadcastMax", lambda x: tf.maximum(x, tf.constant(3, x.dtype)), [A])
across("Clip_constant", lambda x: tf.clip_by_value(x, tf.constant(0, x.dtype), tf.constant(100, x.dtype)), [A])
across("Diff", lambda x: x[1:] - x[:-1], [A])
across("Cast_float64", lambda x: tf.cast(x, "float64"), [A])
across("Cast_float32", lambda x: tf.cast(x, "float32"), [A])
across("Cast_bool", lambda x: tf.cast(x, "bool"), [A])
for to in DTYPES:
    across(f"Cast_{to}", (lambda t: lambda x: tf.cast(x, t))(to), [A])
across("Loop_sum", lambda x: tf.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s * tf.constant(3, x.dtype) + tf.reduce_max(x)), [0, tf.reduce_sum(x)])[1], [A])
across("Map_max", lambda x: tf.map_fn(lambda row: tf.reduce_max(row), x), [M], "[?,6]")
