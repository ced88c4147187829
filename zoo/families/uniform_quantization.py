"""Uniform quantization, as TensorFlow's quantizer writes it into graphs."""

import numpy as np
from cases import case, rand
from golden import tf
from tensorflow.core.util.quantization import uniform_quant_ops_attr_pb2

raw = tf.raw_ops
PLAIN = {tf.quint8: tf.uint8, tf.qint8: tf.int8, tf.qint32: tf.int32}
LIMITS = {tf.quint8: (0, 255), tf.qint8: (-128, 127), tf.qint32: (-(2**31), 2**31 - 1)}
BYTES = dict(low=-128, high=127)


def q(x, dtype=tf.qint8):
    return tf.bitcast(x, dtype)


def plain(x):
    return tf.bitcast(x, PLAIN[x.dtype]) if x.dtype in PLAIN else x


def limits(prefix, dtype=tf.qint8, values=None):
    low, high = values or LIMITS[dtype]
    return {f"{prefix}quantization_min_val": low, f"{prefix}quantization_max_val": high}


VALUES = [0.0, -0.0, 0.24, 0.25, 0.26, -0.25, -0.74, 1.5, -1.5, 63.0, -64.5, 1e9, -1e9, 3e38, np.inf, -np.inf, np.nan]
SUMS = np.array([-(2**31), -(2**30), -5000001, -70000, -300, -129, -1, 0, 1, 5, 127, 300, 70001, 5000001, 2**30, 2**31 - 1], np.int32)
for dtype in (tf.qint8, tf.quint8, tf.qint32):
    wide = PLAIN[dtype].name
    case(
        f"UniformQuantize_{dtype.name}",
        lambda x, scale, zero, _d=dtype: plain(raw.UniformQuantize(input=x, scales=scale, zero_points=zero, Tout=_d, **limits("", _d))),
        ["float32[*]", "float32[]", "int32[]"],
        [(VALUES, 0.5, 0), (VALUES, 0.31, -3), (rand(3, 4), 0.02, 10), ([], 1.0, 0)],
    )
    case(
        f"UniformQuantize_{dtype.name}_axis",
        lambda x, scale, zero, _d=dtype: plain(raw.UniformQuantize(input=x, scales=scale, zero_points=zero, Tout=_d, quantization_axis=1, **limits("", values=(1 if _d == tf.quint8 else -100, 101)))),
        ["float32[?,3,?]", "float32[3]", "int32[3]"],
        [(rand(2, 3, 4), [0.5, 0.01, 0.125], [0, -5, 7]), (rand(0, 3, 4), [0.5, 0.01, 0.125], [0, -5, 7])],
        [(rand(2, 4, 4), [0.5, 0.01, 0.125], [0, -5, 7])],
    )
    X = SUMS if dtype == tf.qint32 else np.linspace(*LIMITS[dtype], 16).astype(PLAIN[dtype].as_numpy_dtype)
    case(f"UniformDequantize_{dtype.name}", lambda x, scale, zero, _d=dtype: raw.UniformDequantize(input=q(x, _d), scales=scale, zero_points=zero, Tout=tf.float32, **limits("", _d)), [f"{wide}[*]", "float32[]", "int32[]"], [(X, 0.37, 3), (X, 0.5, -7), ([], 1.0, 0)])
    case(f"UniformDequantize_{dtype.name}_axis", lambda x, scale, zero, _d=dtype: raw.UniformDequantize(input=q(x, _d), scales=scale, zero_points=zero, Tout=tf.float32, quantization_axis=0, **limits("", _d)), [f"{wide}[2,?]", "float32[2]", "int32[2]"], [(X.reshape(2, 8), [0.5, 3.0], [0, 11])])

for dtype in (tf.qint8, tf.qint32):
    wide = PLAIN[dtype].name
    X = SUMS if dtype == tf.qint32 else np.linspace(-128, 127, 16).astype(np.int8)
    both = {**limits("input_", dtype), **limits("output_")}
    case(
        f"UniformRequantize_{dtype.name}",
        lambda x, scale, zero, to, at, _d=dtype, _b=both: plain(raw.UniformRequantize(input=q(x, _d), input_scales=scale, input_zero_points=zero, output_scales=to, output_zero_points=at, Tout=tf.qint8, **_b)),
        [f"{wide}[*]", "float32[]", "int32[]", "float32[]", "int32[]"],
        [(X, 0.5, 0, 0.25, 3), (X, 1e-3, 5, 0.3, -4), (X, 1e-12, 0, 1.0, 0), (X, 1e5, 0, 1.0, 0), (X, 3e-6, -7, 0.9, 1), (X, 1.0, 0, 1.0, 0), ([], 1.0, 0, 1.0, 0)],
        [(X, 0.0, 0, 1.0, 0)],
    )
    for i, o in ((1, -1), (-1, 1), (1, 1)):
        n = lambda axis: "" if axis < 0 else "2"
        v = lambda axis, values: values[0] if axis < 0 else values
        case(
            f"UniformRequantize_{dtype.name}_axes_{i}_{o}".replace("-", "m"),
            lambda x, scale, zero, to, at, _d=dtype, _b=both, _i=i, _o=o: plain(raw.UniformRequantize(input=q(x, _d), input_scales=scale, input_zero_points=zero, output_scales=to, output_zero_points=at, Tout=tf.qint8, input_quantization_axis=_i, output_quantization_axis=_o, **_b)),
            [f"{wide}[?,2]", f"float32[{n(i)}]", f"int32[{n(i)}]", f"float32[{n(o)}]", f"int32[{n(o)}]"],
            [(X.reshape(8, 2), v(i, [0.5, 1e-3]), v(i, [1, -2]), v(o, [0.25, 0.7]), v(o, [3, -9]))],
        )

ADD = {**limits("lhs_", tf.qint32), **limits("rhs_", tf.qint32), **limits("output_", tf.qint32)}


def add(x, y, scales, axes=(-1, -1, -1)):
    names = zip(("lhs", "rhs", "output"), scales, axes)
    inputs = {}
    for name, (scale, zero), axis in names:
        inputs |= {f"{name}_scales": scale, f"{name}_zero_points": zero, f"{name}_quantization_axis": axis}
    return plain(raw.UniformQuantizedAdd(lhs=q(x, tf.qint32), rhs=q(y, tf.qint32), **inputs, **ADD))


ONE = ((0.5, 1), (0.25, -3), (0.125, 7))
Y = rand(3, 4, low=-1000, high=1000)
for name, a, b in (("same", (3, 4), (3, 4)), ("row", (3, 4), (4,)), ("column", (3, 1), (3, 4)), ("scalar", (), (3, 4)), ("empty", (0, 4), (4,))):
    case(f"UniformQuantizedAdd_{name}", lambda x, y: add(x, y, ONE), ["int32[*]", "int32[*]"], [(rand(*a, low=-1000, high=1000), rand(*b, low=-1000, high=1000))])
case("UniformQuantizedAdd_edges", lambda x, y: add(x, y, ONE), ["int32[*]", "int32[*]"], [(SUMS, SUMS[::-1])], [(rand(3, low=0), rand(4, low=0))])
MANY = (([0.5, 1.0, 2.0, 0.1], [1, 2, 3, 4]), ([0.3, 1.5, 0.7, 0.2], [0, 0, -9, 5]), ([0.25, 0.5, 1.0, 0.3], [7, 8, 9, -10]))
case("UniformQuantizedAdd_axis", lambda x, y: add(x, y, MANY, (1, 1, 1)), ["int32[?,4]", "int32[?,4]"], [(Y, Y)])
case("UniformQuantizedAdd_axis_row", lambda x, y: add(x, y, MANY, (1, 0, 1)), ["int32[?,4]", "int32[4]"], [(Y, rand(4, low=-1000, high=1000))])
case("UniformQuantizedClipByValue", lambda x, low, high: plain(raw.UniformQuantizedClipByValue(operand=q(x, tf.qint32), min=q(low, tf.qint32), max=q(high, tf.qint32), scales=0.5, zero_points=0, **limits("", tf.qint32))), ["int32[*]", "int32[]", "int32[]"], [(SUMS, -300, 5000), (SUMS, 10, -10), ([], 0, 1)])
case("UniformQuantizedClipByValue_axis", lambda x, low, high: plain(raw.UniformQuantizedClipByValue(operand=q(x, tf.qint32), min=q(low, tf.qint32), max=q(high, tf.qint32), scales=[0.5, 0.25], zero_points=[0, 1], quantization_axis=0, **limits("", tf.qint32))), ["int32[2,?]", "int32[2]", "int32[2]"], [(SUMS.reshape(2, 8), [-300, 0], [5000, 70000])])

DOT = {**limits("lhs_"), **limits("rhs_"), **limits("output_", tf.qint32)}
RHS = np.random.default_rng(3).integers(-128, 128, (5, 3), np.int8)


def dot(x, rhs_axis, out_axis, scales, hybrid=False):
    rhs = {"rhs": q(tf.constant(RHS)), "rhs_scales": scales[0][0], "rhs_zero_points": scales[0][1], "rhs_quantization_axis": rhs_axis}
    if hybrid:
        return raw.UniformQuantizedDotHybrid(lhs=x, **rhs, Tout=tf.float32, **limits("rhs_"))
    return plain(raw.UniformQuantizedDot(lhs=q(x), **rhs, lhs_scales=0.5, lhs_zero_points=-7, output_scales=scales[1][0], output_zero_points=scales[1][1], Tout=tf.qint32, output_quantization_axis=out_axis, **DOT))


SCALAR, CHANNELS = (0.3, 2), ([0.3, 0.01, 2.0], [2, -5, 0])
for name, r, o in (("tensor", -1, -1), ("kernel", 1, -1), ("channels", 1, 1)):
    scales = (CHANNELS if r >= 0 else SCALAR, ([0.1, 0.2, 0.3], [1, 2, 3]) if o >= 0 else (0.11, 4))
    case(f"UniformQuantizedDot_{name}", lambda x, _r=r, _o=o, _s=scales: dot(x, _r, _o, _s), ["int8[?,5]"], [(rand(4, 5, **BYTES),), (rand(0, 5, **BYTES),)])
    if o < 0:
        case(f"UniformQuantizedDotHybrid_{name}", lambda x, _r=r, _s=scales: dot(x, _r, -1, _s, True), ["float32[?,5]"], [(rand(4, 5),), ([[0.0] * 5, [1.0] * 5, [-2.0] * 5, [-3.0, 0, 0, 0, 1.0], [1e-30, 0, 0, 0, 0]],), (rand(0, 5),)])

NHWC = uniform_quant_ops_attr_pb2.UniformQuantizedConvolutionDimensionNumbersAttr(
    input_batch_dimension=0, input_feature_dimension=3, input_spatial_dimensions=[1, 2],
    kernel_input_feature_dimension=2, kernel_output_feature_dimension=3, kernel_spatial_dimensions=[0, 1],
    output_batch_dimension=0, output_feature_dimension=3, output_spatial_dimensions=[1, 2],
).SerializeToString()  # fmt: skip


def kernel(*shape):
    return q(tf.constant(np.random.default_rng(5).integers(-128, 128, shape, np.int8)))


def convolution(x, rhs, padding, rhs_axis=-1, out_axis=-1, hybrid=False, channels=2, **options):
    of = lambda axis, values: values[0] if axis < 0 else values[:channels]
    rhs = {"rhs": rhs, "rhs_scales": of(rhs_axis, [0.3, 0.01, 0.2, 0.4]), "rhs_zero_points": of(rhs_axis, [3, -5, 0, 9]), "rhs_quantization_axis": rhs_axis}
    if hybrid:
        return raw.UniformQuantizedConvolutionHybrid(lhs=x, **rhs, Tout=tf.float32, padding=padding, **limits("rhs_"), **options)
    out = {"output_scales": of(out_axis, [0.7, 0.2, 0.1, 1.5]), "output_zero_points": of(out_axis, [-7, 5, 0, 1]), "output_quantization_axis": out_axis}
    return plain(raw.UniformQuantizedConvolution(lhs=q(x), **rhs, lhs_scales=0.5, lhs_zero_points=11, **out, Tout=tf.qint32, padding=padding, **DOT, **options))


for name, shape, spec, weights, options in (
    ("valid", (2, 3, 5, 6), "?,3,?,?", (2, 3, 3, 2), {"padding": "VALID"}),
    ("same_nhwc", (2, 5, 6, 3), "?,?,?,3", (3, 2, 3, 2), {"padding": "SAME", "dimension_numbers": NHWC, "window_strides": [2, 1]}),
    ("kernel_nhwc", (2, 5, 6, 3), "?,?,?,3", (3, 2, 3, 2), {"padding": "SAME", "dimension_numbers": NHWC, "rhs_axis": 3}),
    ("channels", (2, 3, 5, 6), "?,3,?,?", (2, 3, 3, 2), {"padding": "VALID", "rhs_axis": 0, "out_axis": 1}),
    ("explicit", (1, 3, 5, 6), "?,3,?,?", (2, 3, 3, 2), {"padding": "EXPLICIT", "explicit_padding": [1, 2, 0, 3], "lhs_dilation": [2, 1], "rhs_dilation": [1, 2]}),
    ("groups", (2, 4, 5), "?,4,?", (4, 2, 3), {"padding": "SAME", "feature_group_count": 2, "channels": 4}),
    ("batches", (4, 3, 5), "?,3,?", (4, 3, 2), {"padding": "VALID", "batch_group_count": 2, "channels": 4}),
    ("volume", (1, 2, 3, 4, 3), "?,2,?,?,?", (2, 2, 2, 2, 2), {"padding": "SAME"}),
):
    case(f"UniformQuantizedConvolution_{name}", lambda x, _w=weights, _o=options: convolution(x, kernel(*_w), **_o), [f"int8[{spec}]"], [(rand(*shape, **BYTES),)])
    if "out_axis" not in options:
        case(f"UniformQuantizedConvolutionHybrid_{name}", lambda x, _w=weights, _o=options: convolution(x, kernel(*_w), hybrid=True, **_o), [f"float32[{spec}]"], [(rand(*shape),)])
