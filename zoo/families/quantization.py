"""Quantization that training simulates, and conversions between floats and quantized integers."""

import numpy as np
from cases import case, rand
from golden import tf

raw = tf.raw_ops
VALUES = [-10.0, -6.0, -3.1, -1.05, -0.26, -0.01, 0.0, 0.02, 0.26, 0.51, 1.05, 2.2, 3.3, 5.99, 6.0, 7.0]
SAMPLES = [(VALUES,), (rand(3, 4),), (rand(0, 4),)]
X = "float32[*]"

for bits in (8, 4, 16):
    for narrow in (False, True):
        options = {"num_bits": bits, "narrow_range": narrow}
        name = f"{bits}{'_narrow' if narrow else ''}"
        case(f"FakeQuantWithMinMaxArgs_{name}", lambda x, _o=options: raw.FakeQuantWithMinMaxArgs(inputs=x, min=-2.3, max=4.1, **_o), [X], SAMPLES)
        case(f"FakeQuantWithMinMaxVars_{name}", lambda x, low, high, _o=options: raw.FakeQuantWithMinMaxVars(inputs=x, min=low, max=high, **_o), [X, "float32[]", "float32[]"], [(VALUES, -3.0, 5.0), (VALUES, 0.5, 5.0), (VALUES, -4.0, -1.0), (VALUES, 0.0, 0.0)])
case("FakeQuantWithMinMaxVarsPerChannel", lambda x, low, high: raw.FakeQuantWithMinMaxVarsPerChannel(inputs=x, min=low, max=high), ["float32[?,4]", "float32[4]", "float32[4]"], [(rand(5, 4), [-1.0, -2.0, -3.0, 0.0], [1.0, 3.0, 0.5, 2.0])])
for signed in (True, False):
    for rounding in ("HALF_TO_EVEN", "HALF_UP"):
        case(
            f"QuantizeAndDequantizeV2_{'signed' if signed else 'unsigned'}_{rounding}",
            lambda x, _s=signed, _r=rounding: raw.QuantizeAndDequantizeV2(input=x, input_min=-3.0 * _s, input_max=4.0, signed_input=_s, num_bits=6, range_given=True, round_mode=_r),
            [X],
            SAMPLES[:2],
        )
case("QuantizeAndDequantizeV2_own_range", lambda x: raw.QuantizeAndDequantizeV2(input=x, input_min=0.0, input_max=0.0), [X], SAMPLES[:2])
case("QuantizeAndDequantizeV2_narrow_float64", lambda x: raw.QuantizeAndDequantizeV2(input=x, input_min=tf.constant(-1.0, tf.float64), input_max=tf.constant(3.0, tf.float64), range_given=True, narrow_range=True), ["float64[*]"], SAMPLES[:2])
case("QuantizeAndDequantizeV4_axis_own_range", lambda x: raw.QuantizeAndDequantizeV4(input=x, input_min=[0.0] * 3, input_max=[0.0] * 3, axis=1), ["float32[?,3,?]"], [(rand(2, 3, 4),)])
case("QuantizeAndDequantizeV3", lambda x: raw.QuantizeAndDequantizeV3(input=x, input_min=-2.0, input_max=3.0, num_bits=5), [X], SAMPLES[:2])
case("QuantizeAndDequantizeV4", lambda x: raw.QuantizeAndDequantizeV4(input=x, input_min=-2.0, input_max=3.0, range_given=True), [X], SAMPLES[:2])

WIDE = {tf.quint8: tf.uint8, tf.qint8: tf.int8, tf.quint16: tf.uint16, tf.qint16: tf.int16, tf.qint32: tf.int32}
for mode in ("MIN_COMBINED", "MIN_FIRST", "SCALED"):
    for dtype in (tf.quint8, tf.qint8):
        def there(x, _m=mode, _d=dtype):
            q = raw.QuantizeV2(input=x, min_range=-3.0, max_range=4.5, T=_d, mode=_m)
            return {"q": tf.bitcast(q.output, WIDE[_d]), "low": q.output_min, "high": q.output_max}

        def back(x, _m=mode, _d=dtype):
            return raw.Dequantize(input=tf.bitcast(x, _d), min_range=-3.0, max_range=4.5, mode=_m)

        case(f"QuantizeV2_{mode}_{dtype.name}", lambda x, _f=there: _f(x), [X], SAMPLES)
        low, high = WIDE[dtype].min, WIDE[dtype].max
        case(f"Dequantize_{mode}_{dtype.name}", lambda x, _f=back: _f(x), [f"{WIDE[dtype].name}[?]"], [(np.linspace(low, high, 12),), ([],)])
case("QuantizeV2_SCALED_even", lambda x: tf.bitcast(raw.QuantizeV2(input=x, min_range=-4.0, max_range=4.0, T=tf.qint8, mode="SCALED", round_mode="HALF_TO_EVEN", narrow_range=True).output, tf.int8), [X], SAMPLES[:2])
case("quantize_axis", lambda x: raw.Dequantize(input=raw.QuantizeV2(input=x, min_range=[-1.0, -2.0, -3.0], max_range=[1.0, 1.0, 2.0], T=tf.qint8, mode="SCALED", axis=1).output, min_range=[-1.0, -2.0, -3.0], max_range=[1.0, 1.0, 2.0], mode="SCALED", axis=1), ["float32[?,3,?]"], [(rand(2, 3, 4),)])
