"""Ops that compute with elements, in every dtype in which TensorFlow's kernels for the processor have them.

One signature per op: it takes one input per dtype and has one output per dtype.
"""

from across_dtypes import across
from cases import rand
from golden import tf

raw = tf.raw_ops
ROWS = [rand(2, 3, low=0, high=4)]
POSITIVE = [rand(2, 3, low=1, high=4)]
M = "[?,3]"

for op in ("Add", "AddV2", "Sub", "Mul", "Equal", "NotEqual", "Maximum", "Minimum", "Less", "LessEqual", "Greater", "GreaterEqual", "SquaredDifference", "MulNoNan", "DivNoNan", "Xdivy", "BitwiseAnd", "BitwiseOr", "BitwiseXor"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(x=x, y=x[::-1]))(op), M, ROWS)
for op in ("Div", "RealDiv", "FloorDiv", "FloorMod", "Mod", "TruncateDiv", "TruncateMod", "Pow", "LeftShift", "RightShift"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(x=x[:1], y=x[1:]))(op), M, POSITIVE)
for op in ("Abs", "Neg", "Sign", "Square", "Sqrt", "Rsqrt", "Exp", "Log", "Log1p", "Expm1", "Sin", "Cos", "Tan", "Tanh", "Sigmoid", "Floor", "Ceil", "Round", "Rint", "Inv", "Reciprocal", "Erf", "Erfc", "Lgamma", "Digamma", "Sinh", "Cosh", "Asinh", "Acosh", "Atan", "Invert", "BesselI0e", "BesselJ0", "IsNan", "IsFinite"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(x=x))(op), M, POSITIVE)
for op in ("Asin", "Acos", "Atanh"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(x=x))(op), M, [rand(2, 3, low=0.1, high=0.9)], without=("int8", "int16", "int32", "int64"))
for op in ("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Softplus", "Softsign"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(features=x))(op), M, [rand(2, 3)])
for op in ("Softmax", "LogSoftmax"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(logits=x))(op), M, ROWS)
across("L2Loss", "L2Loss", lambda x: raw.L2Loss(t=x), M, ROWS)
across("BiasAdd", "BiasAdd", lambda x: raw.BiasAdd(value=x, bias=x[0]), M, ROWS)
across("AddN", "AddN", lambda x: tf.add_n([x, x, x]), M, ROWS)
across("ClipByValue", "ClipByValue", lambda x: raw.ClipByValue(t=x, clip_value_min=x[0, 0], clip_value_max=x[0, 0]), M, ROWS, without=("complex64", "complex128"))
across("Atan2", "Atan2", lambda x: raw.Atan2(y=x, x=x[::-1]), M, POSITIVE)
across("Cross", "Cross", lambda x: raw.Cross(a=x, b=x[::-1]), M, ROWS)
for op in ("Sum", "Mean", "Prod", "Max", "Min", "EuclideanNorm"):
    # One element of every row, so that means of integers are exact and half precision is not summed up.
    across(op, op, (lambda o: lambda x: getattr(raw, o)(input=x[:, :2], axis=[1]))(op), M, [rand(2, 3, low=1, high=3)], without=("float16", "bfloat16") if op == "EuclideanNorm" else ())
for op in ("ArgMax", "ArgMin"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(input=x, dimension=1))(op), M, ROWS, without=("complex64", "complex128"))
for op in ("Cumsum", "Cumprod"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(x=x, axis=1))(op), M, ROWS)
across("CumulativeLogsumexp", "CumulativeLogsumexp", lambda x: raw.CumulativeLogsumexp(x=x, axis=1), M, ROWS)
IDS = tf.constant([0, 0, 2])
for op in ("SegmentSum", "SegmentMean", "SegmentProd", "SegmentMax", "SegmentMin"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(data=x[0], segment_ids=[0, 0, 1]))(op), M, ROWS)
for op in ("UnsortedSegmentSum", "UnsortedSegmentProd", "UnsortedSegmentMax", "UnsortedSegmentMin"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(data=x[0], segment_ids=[2, 0, 2], num_segments=3))(op), M, ROWS)
across("SparseSegmentSum", "SparseSegmentSum", lambda x: raw.SparseSegmentSum(data=x, indices=[0, 1], segment_ids=[0, 0]), M, ROWS)
across("TopKV2", "TopKV2", lambda x: raw.TopKV2(input=x, k=2)[0], M, ROWS)
across("InTopKV2", "InTopKV2", lambda x: raw.InTopKV2(predictions=[[0.1, 0.9], [0.8, 0.2]], targets=x[:, 0], k=1), M, [rand(2, 3, low=0, high=1)])
across("LowerBound", "LowerBound", lambda x: raw.LowerBound(sorted_inputs=x[:, :1], values=x), M, ROWS)
across("Bincount", "DenseBincount", lambda x: raw.DenseBincount(input=[0, 1, 1], size=3, weights=x[0]), M, ROWS)
across("MatMul", "MatMul", lambda x: tf.linalg.matmul(x, x, transpose_b=True), M, ROWS)
across("BatchMatMulV2", "BatchMatMulV2", lambda x: raw.BatchMatMulV2(x=x[None], y=x[None], adj_y=True), M, ROWS)
across("Einsum", "Einsum", lambda x: tf.einsum("ij,kj->ik", x, x), M, ROWS)
across("Conv2D", "Conv2D", lambda x: tf.nn.conv2d(tf.reshape(x, [1, 2, 3, 1]), tf.reshape(x[:, :2], [2, 2, 1, 1]), 1, "SAME"), M, ROWS)
across("DepthwiseConv2dNative", "DepthwiseConv2dNative", lambda x: tf.nn.depthwise_conv2d(tf.reshape(x, [1, 2, 3, 1]), tf.reshape(x[:, :2], [2, 2, 1, 1]), [1, 1, 1, 1], "SAME"), M, ROWS)
across("Conv3D", "Conv3D", lambda x: tf.nn.conv3d(tf.reshape(x, [1, 1, 2, 3, 1]), tf.reshape(x[:, :2], [1, 2, 2, 1, 1]), [1, 1, 1, 1, 1], "VALID"), M, ROWS)
across("MaxPool", "MaxPool", lambda x: tf.nn.max_pool2d(tf.reshape(x, [1, 2, 3, 1]), 2, 1, "VALID"), M, ROWS)
across("AvgPool", "AvgPool", lambda x: tf.nn.avg_pool2d(tf.reshape(x, [1, 2, 3, 1]), 2, 1, "VALID"), M, ROWS)
for op in ("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"):
    across(op, op, (lambda o: lambda x: getattr(raw, o)(images=tf.reshape(x, [1, 2, 3, 1]), size=[3, 4]))(op), M, ROWS)
across("RaggedRange", "RaggedRange", lambda x: raw.RaggedRange(starts=x[0], limits=x[0] + x[1], deltas=[1, 1, 1] * tf.ones_like(x[0]))[1], M, [rand(2, 3, low=1, high=3)])
across("Range", "Range", lambda x: tf.range(x[0, 0], x[0, 0] + x[0, 1], x[1, 0]), M, POSITIVE, "Tidx")
across("LinSpace", "LinSpace", lambda x: tf.linspace(x[0, 0], x[0, 1], 5), M, POSITIVE)
across("SerializeTensor", "SerializeTensor", lambda x: tf.io.parse_tensor(tf.io.serialize_tensor(x), x.dtype), M, ROWS)
across("AsString", "AsString", lambda x: tf.as_string(x), M, ROWS, without=("float16", "bfloat16"))
