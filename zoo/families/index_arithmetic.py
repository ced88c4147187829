"""Arithmetic on indices, layouts and places, histograms, glimpses, and ops that only hand on."""

from cases import case, rand
from golden import tf

raw = tf.raw_ops

for dtype in ("int32", "int64"):
    case(f"UnravelIndex_{dtype}", lambda i, d: tf.unravel_index(i, d), [f"{dtype}[?]", f"{dtype}[?]"], [([7, 0, 11], [3, 4])], errors=[([12], [3, 4])])
    case(f"DataFormatDimMap_{dtype}", lambda x: [raw.DataFormatDimMap(x=x), raw.DataFormatDimMap(x=x, src_format="NCHW", dst_format="NHWC")], [f"{dtype}[?]"], [([0, 1, 2, 3, -1, -4],)])
    case(f"DataFormatVecPermute_{dtype}", lambda x: [raw.DataFormatVecPermute(x=x), raw.DataFormatVecPermute(x=x, src_format="NCHW", dst_format="NHWC")], [f"{dtype}[4]"], [([1, 2, 3, 4],)])
    case(f"DataFormatVecPermute_spatial_{dtype}", lambda x: raw.DataFormatVecPermute(x=x, src_format="NHWC", dst_format="NCHW"), [f"{dtype}[2]"], [([1, 2],)])
    case(f"DataFormatVecPermute_paddings_{dtype}", lambda x: raw.DataFormatVecPermute(x=x), [f"{dtype}[4,2]"], [([[0, 0], [1, 2], [3, 4], [5, 6]],)])
case("ConcatOffset", lambda x, y: raw.ConcatOffset(concat_dim=1, shape=[tf.shape(x), tf.shape(y)]), ["float32[?,?]"] * 2, [(rand(2, 3), rand(2, 4))])
case("Empty", lambda n: raw.Empty(shape=[n, 2], dtype=tf.float32, init=True), ["int32[]"], [(3,), (0,)])
case("handed_on", lambda x: [raw.GuaranteeConst(input=x), raw.DeepCopy(x=x)], ["float32[?]"], [(rand(3),)])
for dtype in ("float32", "int64"):
    case(f"HistogramFixedWidth_{dtype}", lambda x, r: tf.histogram_fixed_width(x, r, nbins=5), [f"{dtype}[?]", f"{dtype}[2]"], [([-10, 0, 1, 2, 3, 4, 5, 10, 9], [0, 10])], errors=[([1], [2, 2])])
for dtype in ("float32", "int32"):
    case(f"NthElement_{dtype}", lambda x, n: [raw.NthElement(input=x, n=n), raw.NthElement(input=x, n=n, reverse=True)], [f"{dtype}[?,?]", "int32[]"], [(rand(2, 5), 1)], errors=[(rand(2, 3), 3)])
    for op in ("InplaceUpdate", "InplaceAdd", "InplaceSub"):
        case(f"{op}_{dtype}", (lambda o: lambda x, i, v: getattr(raw, o)(x=raw.DeepCopy(x=x), i=i, v=v))(op), [f"{dtype}[?,2]", "int32[?]", f"{dtype}[?,2]"], [(rand(3, 2), [2, 0], rand(2, 2))])
    case(f"ToBool_{dtype}", lambda x: [raw.ToBool(input=x), raw.ToBool(input=x[None])], [f"{dtype}[]"], [(0,), (2,)])
case("ToBool_empty", lambda x: raw.ToBool(input=x), ["float32[?]"], [(rand(0),), (rand(2),)])
for centered in (True, False):
    for normalized in (True, False):
        offsets = [[0.25, -0.5], [0.0, 0.75]] if normalized else [[1.0, 2.0], [-1.0, 3.0]]
        for op in ("ExtractGlimpse", "ExtractGlimpseV2"):
            case(f"{op}_{centered}_{normalized}", (lambda op, c, n: lambda x, o: getattr(raw, op)(input=x, size=[3, 2], offsets=o, centered=c, normalized=n, uniform_noise=False, noise="zero"))(op, centered, normalized), ["float32[?,5,6,2]", "float32[?,2]"], [(rand(2, 5, 6, 2), offsets)])


@tf.nondifferentiable_batch_function(num_batch_threads=1, max_batch_size=4, batch_timeout_micros=0, allowed_batch_sizes=None, autograph=False)
def batched(x, y):
    return x * 2.0 + y, tf.reduce_sum(x, 1)


case("BatchFunction", lambda x, y: list(batched(x, y)), ["float32[?,3]"] * 2, [(rand(2, 3), rand(2, 3))])
