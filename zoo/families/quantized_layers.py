"""Layers on quantized integers, as the graph transforms of TensorFlow 1 put them in."""

import numpy as np
from cases import case, rand
from golden import tf

raw = tf.raw_ops
PLAIN = {tf.quint8: tf.uint8, tf.qint8: tf.int8, tf.qint32: tf.int32}
BYTES = rand(2, 5, 6, 3, low=0, high=255)
NONE = rand(0, 5, 6, 3, low=0, high=255)
IMAGE = "uint8[?,?,?,3]"


def q(x, dtype=tf.quint8):
    return tf.bitcast(x, dtype)


def plain(results):
    """A quantized tensor as plain integers, and its range."""
    out, low, high = results
    return {"y": tf.bitcast(out, PLAIN[out.dtype]), "low": low, "high": high}


def fixed(*shape, dtype=np.uint8, seed=0):
    info = np.iinfo(dtype)
    return np.random.default_rng(seed + len(shape)).integers(info.min, info.max, shape, dtype, endpoint=True)


def range_specs(count):
    return ["float32[]"] * count


# Convolutions: filters of many sizes, ranges that come with the request and ranges without zero.
W = fixed(3, 2, 3, 4)
for name, size, stride, padding, spec in (
    ("same", (3, 2), 1, "SAME", IMAGE),
    ("valid", (3, 2), 1, "VALID", IMAGE),
    ("same_2", (3, 2), 2, "SAME", IMAGE),
    ("same_2_static", (3, 2), 2, "SAME", "uint8[?,5,6,3]"),
    ("valid_2", (2, 2), 2, "VALID", IMAGE),
    ("valid_4", (2, 1), 4, "VALID", IMAGE),
    ("valid_4_static", (1, 1), 4, "VALID", "uint8[?,5,6,3]"),
    ("same_3_small", (1, 1), 3, "SAME", IMAGE),
    ("one", (1, 1), 1, "SAME", IMAGE),
):
    def conv(x, low=-1.0, high=3.0, _s=size, _n=stride, _p=padding):
        filter = q(tf.constant(fixed(*_s, 3, 4)))
        return plain(raw.QuantizedConv2D(input=q(x), filter=filter, min_input=low, max_input=high, min_filter=-0.7, max_filter=1.1, strides=[1, _n, _n, 1], padding=_p))

    case(f"QuantizedConv2D_{name}", lambda x, _f=conv: _f(x), [spec], [(BYTES,)])
    case(f"QuantizedConv2D_{name}_ranges", lambda x, low, high, _f=conv: _f(x, low, high), [spec, "float32[]", "float32[]"], [(BYTES, -1.5, 2.0), (BYTES, 0.5, 4.0), (BYTES, -4.0, -1.0), (BYTES, 0.0, 6.0)])
case(
    "QuantizedConv2D_filter",
    lambda x, w, low, high: plain(raw.QuantizedConv2D(input=q(x), filter=q(w), min_input=-1.0, max_input=1.0, min_filter=low, max_filter=high, strides=[1, 1, 1, 1], padding="SAME")),
    [IMAGE, "uint8[3,3,3,2]", "float32[]", "float32[]"],
    [(BYTES, rand(3, 3, 3, 2, low=0, high=255), -1.0, 2.0), (BYTES, rand(3, 3, 3, 2, low=0, high=255), 0.5, 2.0), (BYTES, rand(3, 3, 3, 2, low=0, high=255), -3.0, -2.0)],
)

A = rand(4, 5, low=0, high=255)
RANGES = [(-1.0, 1.0, -2.0, 0.5), (0.0, 1.0, 0.25, 0.5), (-3.0, -1.0, -2.0, 7.0)]
for ta in (False, True):
    for tb in (False, True):
        def matmul(a, b, *ranges, _a=ta, _b=tb):
            low_a, high_a, low_b, high_b = ranges or RANGES[0]
            return plain(raw.QuantizedMatMul(a=q(a), b=q(b), min_a=low_a, max_a=high_a, min_b=low_b, max_b=high_b, Toutput=tf.qint32, transpose_a=_a, transpose_b=_b))

        B = tf.constant(fixed(3, 5 if not ta else 4) if tb else fixed(5 if not ta else 4, 3))
        case(f"QuantizedMatMul_{'t' if ta else 'n'}{'t' if tb else 'n'}", lambda a, _b=B, _f=matmul: _f(a, _b), ["uint8[?,5]" if not ta else "uint8[4,?]"], [(A,)])
case(
    "QuantizedMatMul_ranges",
    lambda a, b, p, s, t, u: plain(raw.QuantizedMatMul(a=q(a), b=q(b), min_a=p, max_a=s, min_b=t, max_b=u)),
    ["uint8[?,?]", "uint8[?,?]", *range_specs(4)],
    [(A, rand(5, 3, low=0, high=255), *r) for r in RANGES] + [(rand(0, 5, low=0, high=255), rand(5, 3, low=0, high=255), *RANGES[0])],
    [(A, rand(5, 3, low=0, high=255), 1.0, 1.0, 0.0, 1.0), (A, rand(5, 3, low=0, high=255), 0.0, 1.0, 1.0, -1.0)],
)

BIAS = [(-1.0, 1.0, -0.3, 0.2), (0.0, 6.0, -8.0, 4.0), (2.0, 3.0, 0.0, 0.0), (-1e-3, 1e-3, -1.0, 0.0)]
for dtype in (tf.quint8, tf.qint8):
    name = PLAIN[dtype].name
    low, high = (0, 255) if dtype == tf.quint8 else (-128, 127)
    X = rand(3, 4, low=low, high=high)
    case(
        f"QuantizedBiasAdd_{dtype.name}",
        lambda x, b, p, s, t, u, _d=dtype: plain(raw.QuantizedBiasAdd(input=q(x, _d), bias=q(b, _d), min_input=p, max_input=s, min_bias=t, max_bias=u, out_type=tf.qint32)),
        [f"{name}[?,4]", f"{name}[4]", *range_specs(4)],
        [(X, rand(4, low=low, high=high), *r) for r in BIAS] + [(rand(0, 4), [0, 1, 2, 3], *BIAS[0])],
    )
    case(
        f"QuantizedBiasAdd_{dtype.name}_fixed",
        lambda x, _d=dtype: plain(raw.QuantizedBiasAdd(input=q(x, _d), bias=q(tf.constant([low, 3, 100, high], PLAIN[_d]), _d), min_input=-1.7, max_input=2.9, min_bias=-0.31, max_bias=0.27, out_type=tf.qint32)),
        [f"{name}[?,?,4]"],
        [(rand(2, 3, 4, low=low, high=high),)],
    )
    for op in ("MaxPool", "AvgPool"):
        for padding in ("SAME", "VALID"):
            case(
                f"Quantized{op}_{dtype.name}_{padding}",
                lambda x, p, s, _d=dtype, _o=op, _p=padding: plain(getattr(raw, f"Quantized{_o}")(input=q(x, _d), min_input=p, max_input=s, ksize=[1, 3, 2, 1], strides=[1, 2, 2, 1], padding=_p)),
                [f"{name}[?,?,?,3]", *range_specs(2)],
                [(rand(2, 5, 6, 3, low=low, high=high), -1.0, 1.0)],
            )

for op in ("QuantizedRelu", "QuantizedRelu6"):
    for dtype in (tf.quint8, tf.qint32):
        wide = PLAIN[dtype]
        X = np.linspace(wide.min, wide.max, 40).astype(wide.as_numpy_dtype) if dtype == tf.quint8 else np.array([wide.min, -(2**30), -12345, -1, 0, 1, 77777, 2**30, wide.max], np.int32)
        case(
            f"{op}_{dtype.name}",
            lambda x, p, s, _o=op, _d=dtype: plain(getattr(raw, _o)(features=q(x, _d), min_features=p, max_features=s, out_type=_d)),
            [f"{wide.name}[*]", *range_specs(2)],
            [(X, -1.0, 1.0), (X, -10.0, 9.0), (X, 1.0, 8.0), (X, -3.0, -1.0), (X, 0.0, 0.0), ([], -1.0, 1.0)],
        )

for dtype in (tf.quint8, tf.qint32):
    wide = PLAIN[dtype].name
    X = rand(2, 3, low=0, high=255) if dtype == tf.quint8 else rand(2, 3, low=-(2**31), high=2**31 - 1)
    Y = rand(2, 2, low=0, high=255) if dtype == tf.quint8 else rand(2, 2, low=-(2**31), high=2**31 - 1)
    case(f"QuantizedReshape_{dtype.name}", lambda x, p, s, _d=dtype: plain(raw.QuantizedReshape(tensor=q(x, _d), shape=[-1, 2], input_min=p, input_max=s)), [f"{wide}[?,3]", *range_specs(2)], [(X, -1.0, 1.0)])
    case(
        f"QuantizedConcat_{dtype.name}",
        lambda x, y, p, s, t, u, _d=dtype: plain(raw.QuantizedConcat(concat_dim=1, values=[q(x, _d), q(y, _d)], input_mins=[p, t], input_maxes=[s, u])),
        [f"{wide}[?,3]", f"{wide}[?,2]", *range_specs(4)],
        [(X, Y, -1.0, 1.0, -1.0, 1.0), (X, Y, -1.0, 2.0, -3.0, 1.0), (X, Y, 0.0, 6.0, 1.0, 2.0), (rand(0, 3), rand(0, 2), -1.0, 1.0, -1.0, 1.0)],
    )
    case(f"QuantizedConcat_{dtype.name}_fixed", lambda x, y, _d=dtype: plain(raw.QuantizedConcat(concat_dim=0, values=[q(x, _d), q(y, _d)], input_mins=[-1.3, -0.2], input_maxes=[1.7, 2.9])), [f"{wide}[?,3]", f"{wide}[?,3]"], [(X, X)])

SUMS = np.array([-(2**31), -(2**30), -5000000, -70000, -300, -1, 0, 1, 5, 300, 70001, 5000001, 2**30, 2**31 - 1], np.int32)
TO = [(-1.0, 1.0, -1.0, 1.0), (-1000.0, 1000.0, -0.5, 0.25), (-3.0, 9.0, 0.0, 6.0), (-100.0, 100.0, 0.0, 0.0), (-1e6, 1e6, -700.0, 800.0), (-1.0, 1.0, -0.5, -0.25)]
for dtype in (tf.quint8, tf.qint8):
    case(
        f"Requantize_{dtype.name}",
        lambda x, p, s, t, u, _d=dtype: plain(raw.Requantize(input=q(x, tf.qint32), input_min=p, input_max=s, requested_output_min=t, requested_output_max=u, out_type=_d)),
        ["int32[*]", *range_specs(4)],
        [(SUMS, *r) for r in TO] + [([], *TO[0])],
        [(SUMS, -1.0, 1.0, 0.5, 1.0)],
    )
    case(f"Requantize_{dtype.name}_fixed", lambda x, _d=dtype: plain(raw.Requantize(input=q(x, tf.qint32), input_min=-200.0, input_max=200.0, requested_output_min=-0.1, requested_output_max=5.3, out_type=_d)), ["int32[?]"], [(SUMS,), (rand(64, low=-(2**26), high=2**26),)])
    case(
        f"RequantizePerChannel_{dtype.name}",
        lambda x, low, high, t, u, _d=dtype: plain(raw.RequantizePerChannel(input=q(x, tf.qint32), input_min=low, input_max=high, requested_output_min=t, requested_output_max=u, out_type=_d)),
        ["int32[?,?,?,2]", "float32[2]", "float32[2]", *range_specs(2)],
        [(SUMS.reshape(1, 7, 1, 2), [-1.0, -300.0], [1.0, 200.0], -1.0, 1.0), (SUMS.reshape(1, 1, 7, 2), [-0.5, -3.0], [4.0, 2.0], -0.25, 6.0)],
    )
NARROW = [SUMS, SUMS[4:10], [-5], [5, 7], []]
case("RequantizationRange", lambda x, p, s: dict(zip(("low", "high"), raw.RequantizationRange(input=q(x, tf.qint32), input_min=p, input_max=s))), ["int32[*]", *range_specs(2)], [(x, *r) for x in NARROW for r in ((-1000.0, 1000.0), (0.0, 5.0))] + [(SUMS, 2.0, 2.0)])
case("RequantizationRangePerChannel", lambda x, low, high: dict(zip(("low", "high"), raw.RequantizationRangePerChannel(input=q(x, tf.qint32), input_min=low, input_max=high, clip_value_max=6.0))), ["int32[?,?,?,2]", "float32[2]", "float32[2]"], [(SUMS[1:13].reshape(1, 6, 1, 2), [-1.0, -300.0], [1.0, 200.0]), (SUMS[1:5].reshape(1, 2, 1, 2), [-1.0, -3.0], [1.0, 2.0]), (SUMS[8:12].reshape(1, 2, 1, 2), [-1.0, -300.0], [1.0, 200.0]), ([[[[0, 0]]]], [-1.0, -1.0], [1.0, 1.0])])
case(
    "QuantizeDownAndShrinkRange",
    lambda x, p, s: plain(raw.QuantizeDownAndShrinkRange(input=q(x, tf.qint32), input_min=p, input_max=s, out_type=tf.quint8)),
    ["int32[*]", *range_specs(2)],
    [(x, -1000.0, 1000.0) for x in NARROW] + [(SUMS, -1.0, 8.0), (rand(40, low=-100000, high=200000), -1e5, 1e5)],
)

PAIRS = [((3, 4), (3, 4)), ((3, 4), (4,)), ((4,), (3, 4)), ((3, 4), ()), ((1,), (3, 4)), ((1, 4), (3, 4)), ((3, 1), (3, 4)), ((0, 4), ()), ((2, 3, 4), (4,))]
for op in ("QuantizedAdd", "QuantizedMul"):
    def pair(x, y, *ranges, _o=op):
        return plain(getattr(raw, _o)(x=q(x), y=q(y), min_x=ranges[0], max_x=ranges[1], min_y=ranges[2], max_y=ranges[3], Toutput=tf.qint32))

    case(
        op,
        lambda x, y, p, s, t, u, _f=pair: _f(x, y, p, s, t, u),
        ["uint8[*]", "uint8[*]", *range_specs(4)],
        [(rand(*a, low=0, high=255), rand(*b, low=0, high=255), *r) for (a, b), r in zip(PAIRS, RANGES * 3)],
        [(rand(3, low=0, high=255), rand(3, low=0, high=255), 1.0, 1.0, 0.0, 1.0), (rand(3, low=0, high=255), rand(4, low=0, high=255), 0.0, 1.0, 0.0, 1.0)],
    )

for dtype in (tf.quint8, tf.qint32):
    wide = PLAIN[dtype].name
    X = rand(2, 4, 5, 3, low=0, high=255) if dtype == tf.quint8 else rand(2, 4, 5, 3, low=-(2**31), high=2**31 - 1)
    for name, options in (("plain", {}), ("corners", {"align_corners": True}), ("centers", {"half_pixel_centers": True})):
        case(
            f"QuantizedResizeBilinear_{dtype.name}_{name}",
            lambda x, size, p, s, _d=dtype, _o=options: plain(raw.QuantizedResizeBilinear(images=q(x, _d), size=size, min=p, max=s, **_o)),
            [f"{wide}[?,?,?,3]", "int32[2]", *range_specs(2)],
            [(X, [7, 9], -1.0, 1.0), (X, [2, 3], 0.0, 1.0), (X, [4, 5], 0.0, 1.0)],
        )

for name, options in (("plain", {}), ("given", {"output_range_given": True, "given_y_min": -1.5, "given_y_max": 1.25}), ("apart", {"min_separation": 100.0})):
    case(f"QuantizedInstanceNorm_{name}", lambda x, p, s, _o=options: plain(raw.QuantizedInstanceNorm(x=q(x), x_min=p, x_max=s, **_o)), ["uint8[?,?,?,3]", *range_specs(2)], [(BYTES, -1.0, 1.0), (BYTES, 0.5, 9.0)], [(BYTES, 1.0, 1.0)])

case("QuantizedResizeBilinear_float32", lambda x, size: raw.QuantizedResizeBilinear(images=x, size=size, min=-1.0, max=1.0).resized_images, ["float32[?,?,?,3]", "int32[2]"], [(rand(2, 4, 5, 3), [7, 9])])

for scales in (True, False):
    def norm(x, *statistics, _s=scales):
        keys = ("m", "v", "beta", "gamma")
        ranges = {"m": (-0.5, 0.5), "v": (0.0, 2.0), "beta": (-1.0, 1.0), "gamma": (-2.0, 2.0)}
        inputs = {}
        for key, value in zip(keys, statistics):
            inputs |= {key: q(value), f"{key}_min": ranges[key][0], f"{key}_max": ranges[key][1]}
        return plain(raw.QuantizedBatchNormWithGlobalNormalization(t=q(x), t_min=-1.0, t_max=3.0, **inputs, out_type=tf.qint32, variance_epsilon=0.001, scale_after_normalization=_s))

    case(f"QuantizedBatchNorm_{'scaled' if scales else 'plain'}", lambda x, mean, variance, beta, gamma, _f=norm: _f(x, mean, variance, beta, gamma), ["uint8[?,?,?,3]", *["uint8[3]"] * 4], [(BYTES, [10, 100, 200], [0, 20, 250], [1, 2, 255], [0, 130, 255]), (NONE, [10, 100, 200], [3, 20, 250], [1, 2, 255], [0, 130, 255])])


def network(image):
    """A small network as quantize_nodes of the graph transform tool makes it."""
    start = raw.QuantizeV2(input=image, min_range=tf.reduce_min(image), max_range=tf.reduce_max(image), T=tf.quint8, mode="MIN_FIRST")
    hidden = start.output, start.output_min, start.output_max
    depth = 3
    for seed, (width, stride) in enumerate(((6, 1), (8, 2))):
        w = q(tf.constant(fixed(3, 3, depth, width, seed=seed)))
        conv = raw.QuantizedConv2D(input=hidden[0], filter=w, min_input=hidden[1], max_input=hidden[2], min_filter=-0.4, max_filter=0.37, strides=[1, stride, stride, 1], padding="SAME")
        span = raw.RequantizationRange(input=conv.output, input_min=conv.min_output, input_max=conv.max_output)
        small = raw.Requantize(input=conv.output, input_min=conv.min_output, input_max=conv.max_output, requested_output_min=span.output_min, requested_output_max=span.output_max, out_type=tf.quint8)
        bias = q(tf.constant(fixed(width, seed=seed)))
        added = raw.QuantizedBiasAdd(input=small.output, bias=bias, min_input=small.output_min, max_input=small.output_max, min_bias=-0.2, max_bias=0.3, out_type=tf.qint32)
        shrunk = raw.QuantizeDownAndShrinkRange(input=added.output, input_min=added.min_out, input_max=added.max_out, out_type=tf.quint8)
        relu = raw.QuantizedRelu(features=shrunk.output, min_features=shrunk.output_min, max_features=shrunk.output_max, out_type=tf.quint8)
        pooled = raw.QuantizedMaxPool(input=relu.activations, min_input=relu.min_activations, max_input=relu.max_activations, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")
        hidden, depth = (pooled.output, pooled.min_output, pooled.max_output), width
    flat = raw.QuantizedReshape(tensor=hidden[0], shape=[-1, 2 * 2 * depth], input_min=hidden[1], input_max=hidden[2])
    dense = raw.QuantizedMatMul(a=flat.output, b=q(tf.constant(fixed(2 * 2 * depth, 5))), min_a=flat.output_min, max_a=flat.output_max, min_b=-0.25, max_b=0.3)
    out = raw.QuantizeDownAndShrinkRange(input=dense.out, input_min=dense.min_out, input_max=dense.max_out, out_type=tf.quint8)
    return raw.Dequantize(input=out.output, min_range=out.output_min, max_range=out.output_max, mode="MIN_FIRST")


case("convnet", lambda image: network(image), ["float32[?,16,16,3]"], [(rand(1, 16, 16, 3),), (rand(3, 16, 16, 3),)])
