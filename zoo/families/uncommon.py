"""Ops that few graphs hold: convolutions in other forms, random windows, choices and sums under older names."""

import numpy as np
from cases import case, rand
from golden import tf

raw = tf.raw_ops


def filter(*shape, dtype="float32", seed=2):
    values = np.random.default_rng(seed).normal(0, 1 if dtype != "int32" else 5, shape)
    return tf.cast(tf.constant(values.astype(np.float32)), dtype)


for dtype in ("float32", "float64", "float16", "bfloat16", "int32"):
    for padding in ("SAME", "VALID"):
        case(f"Conv_{dtype}_{padding}", lambda x, _d=dtype, _p=padding: raw.Conv(input=x, filter=filter(3, 2, 4, 2, dtype=_d), strides=[1, 2, 1, 1], padding=_p), [f"{dtype}[?,?,?,4]"], [(rand(2, 5, 6, 4),), (rand(0, 5, 6, 4),)])
case("Conv_volume", lambda x: raw.Conv(input=x, filter=filter(2, 3, 2, 4, 3), strides=[1, 1, 2, 1, 1], padding="SAME"), ["float32[?,?,?,?,4]"], [(rand(2, 3, 5, 6, 4),)])
case("Conv_batches", lambda x: raw.Conv(input=x, filter=filter(3, 2, 4, 2), strides=[1, 1, 1, 1], padding="SAME", batch_dims=2), ["float32[?,?,?,?,4]"], [(rand(2, 3, 5, 6, 4),)])
case("Conv_batches_volume", lambda x: raw.Conv(input=x, filter=filter(2, 3, 2, 4, 3), strides=[1, 1, 1, 1, 1], padding="VALID", batch_dims=2), ["float32[2,?,3,5,6,4]"], [(rand(2, 2, 3, 5, 6, 4),)])
case("Conv_dilations", lambda x: raw.Conv(input=x, filter=filter(3, 2, 4, 2), strides=[1, 1, 1, 1], padding="VALID", dilations=[1, 2, 1, 1]), ["float32[?,?,?,4]"], [(rand(2, 5, 6, 4),)])
case("Conv_explicit", lambda x: raw.Conv(input=x, filter=filter(3, 2, 4, 2), strides=[1, 2, 1, 1], padding="EXPLICIT", explicit_paddings=[0, 0, 1, 2, 0, 1, 0, 0]), ["float32[?,?,?,4]"], [(rand(2, 5, 6, 4),)])
case("Conv_filter", lambda x, w: raw.Conv(input=x, filter=w, strides=[1, 1, 1, 1], padding="SAME"), ["float32[?,?,?,4]", "float32[3,2,4,2]"], [(rand(2, 5, 6, 4), rand(3, 2, 4, 2))])

PADDINGS = [[0, 0], [1, 2], [0, 3], [0, 0]]
# One image, since TensorFlow reads the others of a batch from where they are not; in half precision of small integers,
# whose sums are exact.
for dtype in ("float32", "float64", "float16", "bfloat16"):
    X = rand(1, 5, 6, 4) if dtype[-2:] != "16" else np.random.default_rng(8).integers(-3, 4, (1, 5, 6, 4))
    of = lambda *shape, _d=dtype: tf.round(filter(*shape, dtype=_d)) if _d[-2:] == "16" else filter(*shape, dtype=_d)
    for mode in ("REFLECT", "SYMMETRIC"):
        for padding, stride in (("SAME", 1), ("VALID", 2), ("VALID", 5)):
            case(f"FusedPadConv2D_{dtype}_{mode}_{padding}_{stride}", lambda x, _m=mode, _p=padding, _s=stride, _of=of: raw.FusedPadConv2D(input=x, paddings=PADDINGS, filter=_of(*((3, 2) if _s < 5 else (1, 1)), 4, 2), mode=_m, strides=[1, _s, _s, 1], padding=_p), [f"{dtype}[?,?,?,4]"], [(X,)])
    if dtype in ("float32", "float16"):
        for corners in (False, True):
            case(f"FusedResizeAndPadConv2D_{dtype}{'_corners' if corners else ''}", lambda x, size, _c=corners, _of=of: raw.FusedResizeAndPadConv2D(input=x, size=size, paddings=PADDINGS, filter=_of(3, 2, 4, 2), mode="REFLECT", strides=[1, 2, 1, 1], padding="SAME", resize_align_corners=_c), [f"{dtype}[?,?,?,4]", "int32[2]"], [(X, [9, 11] if corners else [10, 12]), (X, [5, 6])])

for name, w in (("known", "float32[3,2,3,2]"), ("multiplier", "float32[3,2,3,?]"), ("channels", "float32[3,2,?,2]"), ("one", "float32[3,2,3,1]")):
    last = 1 if name == "one" else 2
    for padding in ("SAME", "VALID"):
        case(f"DepthwiseConv2dNative_filter_{name}_{padding}", lambda x, w, _p=padding: raw.DepthwiseConv2dNative(input=x, filter=w, strides=[1, 1, 1, 1], padding=_p), ["float32[?,?,?,3]", w], [(rand(2, 5, 6, 3), rand(3, 2, 3, last))])
case("DepthwiseConv2dNative_filter_float64", lambda x, w: raw.DepthwiseConv2dNative(input=x, filter=w, strides=[1, 1, 1, 1], padding="SAME"), ["float64[?,?,?,3]", "float64[3,2,3,2]"], [(rand(2, 5, 6, 3), rand(3, 2, 3, 2))])
case("Conv2D_filter_outputs", lambda x, w: raw.Conv2D(input=x, filter=w, strides=[1, 1, 1, 1], padding="SAME"), ["float32[?,?,?,3]", "float32[3,2,3,?]"], [(rand(2, 5, 6, 3), rand(3, 2, 3, 4))])

for op in ("FractionalMaxPool", "FractionalAvgPool"):
    for dtype in ("float32", "float64", "int32", "int64"):
        for pseudo in (False, True):
            def pooled(x, _o=op, _p=pseudo):
                y = getattr(raw, _o)(value=x, pooling_ratio=[1.0, 1.5, 1.3, 1.0], deterministic=True, seed=3, seed2=5, pseudo_random=_p, overlapping=_p)
                return {"y": y[0], "rows": y[1], "columns": y[2]}

            case(f"{op}_{dtype}_{'pseudo' if pseudo else 'random'}", lambda x, _f=pooled: _f(x), [f"{dtype}[?,?,?,3]"], [(rand(2, 9, 11, 3),), (rand(1, 9, 11, 3),)], [(rand(0, 9, 11, 3),)])

for dtype in ("float32", "float16", "bfloat16"):
    case(f"ApproxTopK_{dtype}", lambda x: raw.ApproxTopK(input=x, k=3), [f"{dtype}[?,5]"], [(rand(4, 5),), (rand(0, 5),), ([[1, 3, 1, 3, 2]],)])
for dtype, out in (("float32", "float32"), ("float64", "float64"), ("float16", "float16"), ("bfloat16", "bfloat16"), ("int8", "float32"), ("int16", "float32"), ("int32", "float64"), ("int64", "float64")):
    def fit(x, _o=out):
        y, segments = raw.IsotonicRegression(input=x, output_dtype=tf.as_dtype(_o))
        return {"y": y, "segments": segments}

    case(f"IsotonicRegression_{dtype}", lambda x, _f=fit: _f(x), [f"{dtype}[?,?]"], [(rand(4, 9),), ([[5, 4, 3], [1, 2, 3]],), (rand(0, 3),), (rand(3, 1),)])

case("EncodeWav", lambda x, rate: raw.EncodeWav(audio=x, sample_rate=rate), ["float32[?,?]", "int32[]"], [(rand(7, 2, low=-1.2, high=1.2), 16000), ([[0.5], [-0.5], [1.0], [-1.0], [3.0], [-3.0], [0.3]], 44100)], [(rand(3, 1), 0)])
for a in ("float32", "bfloat16"):
    for b in ("float32", "bfloat16"):
        case(f"SparseMatMul_{a}_{b}", lambda x, y: raw.SparseMatMul(a=x, b=y, transpose_a=False, transpose_b=True, a_is_sparse=True), [f"{a}[?,4]", f"{b}[?,4]"], [([[0, 1.5, 0, 0], [0, 0, 0, -2]], rand(3, 4))])
case("SparseMatMul_transposed", lambda x, y: raw.SparseMatMul(a=x, b=y, transpose_a=True, b_is_sparse=True), ["float32[4,?]", "float32[4,?]"], [(rand(4, 2), rand(4, 3))])
for dtype in ("float32", "float64", "float16", "bfloat16", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool", "complex64", "complex128"):
    case(f"ScatterNdNonAliasingAdd_{dtype}", lambda x, i, u: raw.ScatterNdNonAliasingAdd(input=x, indices=i, updates=u), [f"{dtype}[?,2]", "int32[?,1]", f"{dtype}[?,2]"], [(rand(4, 2), [[3], [0], [3]], rand(3, 2)), (rand(4, 2), np.zeros((0, 1)), rand(0, 2))], [(rand(4, 2), [[4]], rand(1, 2))])
