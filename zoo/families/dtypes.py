"""Ops that move, compare and combine elements, in every dtype in which TensorFlow's kernels for the processor have them.

One signature per op: it takes one input per dtype and has one output per dtype.
"""

import numpy as np
from across_dtypes import across, registered
from cases import Sample, rand
from golden import tf

raw = tf.raw_ops
ROWS = [rand(2, 3, low=0, high=9), rand(0, 3, low=0, high=9)]
SIGNED = [rand(2, 3)]
M = "[?,3]"
I = tf.constant([1, 0, 1])  # noqa: E741

# Moved about
across("Gather", "GatherV2", lambda x: [tf.gather(x, I, axis=1), tf.gather(x, [0, 2], axis=1)][0], M, ROWS, "Tparams")
across("Gather_rows", "GatherV2", lambda x: tf.gather(x, [1, 0, 1]), M, ROWS[:1], "Tparams")
across("Gather_batch", "GatherV2", lambda x: tf.gather(x, [[2], [0]], batch_dims=1), M, ROWS[:1], "Tparams")
across("GatherNd", "GatherNd", lambda x: tf.gather_nd(x, [[1, 2], [0, 0]]), M, ROWS[:1], "Tparams")
across("Concat", "ConcatV2", lambda x: tf.concat([x, x[:, :1]], 1), M, ROWS)
across("Pad", "Pad", lambda x: tf.pad(x, [[1, 0], [0, 2]]), M, ROWS, without=("string",))
across("PadV2", "PadV2", lambda x: raw.PadV2(input=x, paddings=[[1, 0], [0, 2]], constant_values=tf.reshape(x, [-1])[0]), M, ROWS[:1])
across("MirrorPad", "MirrorPad", lambda x: tf.pad(x, [[1, 0], [0, 2]], "REFLECT"), M, ROWS[:1])
across("MirrorPad_symmetric", "MirrorPad", lambda x: tf.pad(x, [[1, 0], [0, 2]], "SYMMETRIC"), M, ROWS[:1])
across("Tile", "Tile", lambda x: tf.tile(x, [2, 3]), M, ROWS)
across("Reverse", "ReverseV2", lambda x: tf.reverse(x, [1, 0]), M, ROWS)
across("ReverseSequence", "ReverseSequence", lambda x: tf.reverse_sequence(x, [2, 3], seq_axis=1), M, ROWS[:1])
across("Roll", "Roll", lambda x: tf.roll(x, [1, -1], [0, 1]), M, ROWS)
across("Transpose", "Transpose", lambda x: tf.transpose(x), M, ROWS)
across("ConjugateTranspose", "ConjugateTranspose", lambda x: raw.ConjugateTranspose(x=x, perm=[1, 0]), M, ROWS)
across("Slice", "Slice", lambda x: tf.slice(x, [0, 1], [-1, 2]), M, ROWS)
across("StridedSlice", "StridedSlice", lambda x: x[::-1, ::2], M, ROWS)
across("StridedSlice_new_axis", "StridedSlice", lambda x: x[:, tf.newaxis, 1], M, ROWS)
across("Split", "Split", lambda x: tf.split(x, 3, 1)[2], M, ROWS)
across("SplitV", "SplitV", lambda x: tf.split(x, [2, 1], 1)[0], M, ROWS)
across("Pack", "Pack", lambda x: tf.stack([x, x], 1), M, ROWS)
across("Unpack", "Unpack", lambda x: tf.unstack(x, axis=1)[1], M, ROWS)
across("Reshape", "Reshape", lambda x: tf.reshape(x, [3, -1]), M, ROWS[:1])
across("ExpandDims", "ExpandDims", lambda x: tf.squeeze(tf.expand_dims(tf.expand_dims(x, 1), -1), 1), M, ROWS)
across("BroadcastTo", "BroadcastTo", lambda x: tf.broadcast_to(x, [2, 2, 3]), M, ROWS[:1])
across("Identity", "Identity", lambda x: tf.identity_n([x, x])[1], M, ROWS)
across("Select", "Select", lambda x: raw.Select(condition=[True, False], x=x, y=x[::-1]), M, ROWS[:1])
across("SelectV2", "SelectV2", lambda x: tf.where([[True], [False]], x, x[:1]), M, ROWS[:1])
across("ZerosLike", "ZerosLike", lambda x: tf.zeros_like(x), M, ROWS)
across("OnesLike", "OnesLike", lambda x: tf.ones_like(x), M, ROWS)
across("Fill", "Fill", lambda x: tf.fill([2, tf.shape(x)[0]], x[0, 0]), M, ROWS[:1], "T")
across("OneHot", "OneHot", lambda x: tf.one_hot([1, 0, 5], 3, x[0, 0], x[0, 1]), M, ROWS[:1])
across("Shape", "Shape", lambda x: [tf.shape(x), tf.size(x), tf.rank(x)][0], M, ROWS)
across("Size", "Size", lambda x: tf.size(x) + tf.rank(x), M, ROWS)
across("DepthToSpace", "DepthToSpace", lambda x: tf.nn.depth_to_space(tf.reshape(x, [1, 1, 1, 4]), 2), "[4]", [rand(4, low=0, high=9)])
across("SpaceToDepth", "SpaceToDepth", lambda x: tf.nn.space_to_depth(tf.reshape(x, [1, 2, 2, 1]), 2), "[4]", [rand(4, low=0, high=9)])
across("SpaceToBatchND", "SpaceToBatchND", lambda x: tf.space_to_batch(x, [2], [[0, 1]]), "[?,3]", ROWS[:1])
across("BatchToSpaceND", "BatchToSpaceND", lambda x: tf.batch_to_space(x, [2], [[0, 1]]), "[?,3]", ROWS[:1])
across("ExtractImagePatches", "ExtractImagePatches", lambda x: tf.image.extract_patches(tf.reshape(x, [1, 2, 3, 1]), [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID"), M, ROWS[:1])
across("MatrixBandPart", "MatrixBandPart", lambda x: tf.linalg.band_part(x, 0, 1), M, ROWS)
across("MatrixDiagV3", "MatrixDiagV3", lambda x: tf.linalg.diag(x), M, ROWS)
across("MatrixDiagPartV3", "MatrixDiagPartV3", lambda x: tf.linalg.diag_part(x, k=(0, 1)), M, ROWS[:1])
across("MatrixSetDiagV3", "MatrixSetDiagV3", lambda x: tf.linalg.set_diag(x, x[:, 2]), M, ROWS[:1])
across("MatrixDiag", "MatrixDiag", lambda x: raw.MatrixDiag(diagonal=x), M, ROWS[:1])
across("MatrixDiagPart", "MatrixDiagPart", lambda x: raw.MatrixDiagPart(input=x), M, ROWS[:1])
across("MatrixSetDiag", "MatrixSetDiag", lambda x: raw.MatrixSetDiag(input=x, diagonal=x[0, :2]), "[2,3]", ROWS[:1])
across("Diag", "Diag", lambda x: tf.linalg.tensor_diag(x[0]), M, ROWS[:1])
across("DiagPart", "DiagPart", lambda x: tf.linalg.tensor_diag_part(x[:, :2]), M, ROWS[:1])
across("Where", "Where", lambda x: tf.where(x), M, ROWS, without=("string",))
across("DynamicPartition", "DynamicPartition", lambda x: tf.dynamic_partition(x, [1, 0], 2)[1], M, ROWS[:1])
across("DynamicStitch", "DynamicStitch", lambda x: tf.dynamic_stitch([[1], [0]], [x[:1], x[1:]]), M, ROWS[:1])
across("ParallelDynamicStitch", "ParallelDynamicStitch", lambda x: raw.ParallelDynamicStitch(indices=[[1], [0]], data=[x[:1], x[1:]]), M, ROWS[:1])
across("ScatterNd", "ScatterNd", lambda x: tf.scatter_nd([[2], [0], [2]], x[0], [4]), M, ROWS[:1], without=("string",))
across("TensorScatterUpdate", "TensorScatterUpdate", lambda x: tf.tensor_scatter_nd_update(x, [[1, 0], [0, 2]], x[0, :2]), M, ROWS[:1])
for how in ("Add", "Sub", "Max", "Min"):
    across(f"TensorScatter{how}", f"TensorScatter{how}", (lambda o: lambda x: getattr(raw, o)(tensor=x, indices=[[1], [1]], updates=x))(f"TensorScatter{how}"), M, ROWS[:1])
across("TensorStridedSliceUpdate", "TensorStridedSliceUpdate", lambda x: raw.TensorStridedSliceUpdate(input=x, begin=[0, 1], end=[2, 3], strides=[1, 1], value=x[:, :2]), M, ROWS[:1])
across("Unique", "Unique", lambda x: tf.unique(x[0])[0], M, [Sample(lambda d, rng: np.array([["b", "a", "b"]] if d == tf.string else [[1, 0, 1]], object if d == tf.string else None).astype(d.as_numpy_dtype))], without=("bfloat16",))
across("UniqueV2", "UniqueV2", lambda x: raw.UniqueV2(x=x, axis=[1])[0], M, [Sample(lambda d, rng: np.array([["b", "a", "b"]] if d == tf.string else [[1, 0, 1]], object if d == tf.string else None).astype(d.as_numpy_dtype))])
across("UniqueWithCounts", "UniqueWithCounts", lambda x: tf.unique_with_counts(x[0])[2], M, [rand(2, 3, low=0, high=1)])
across("ListDiff", "ListDiff", lambda x: raw.ListDiff(x=x[0], y=x[1])[0], M, [rand(2, 3, low=0, high=2)])
across("RaggedTensorToTensor", "RaggedTensorToTensor", lambda x: tf.RaggedTensor.from_row_splits(x[0], [0, 1, 3]).to_tensor(x[1, 0]), M, ROWS[:1])
across("SparseToDense", "SparseToDense", lambda x: raw.SparseToDense(sparse_indices=[[0, 1], [1, 0]], output_shape=[2, 2], sparse_values=x[0, :2], default_value=x[1, 2]), M, ROWS[:1])
across("Snapshot", "Snapshot", lambda x: raw.Snapshot(input=x), M, ROWS[:1])
across("TensorList", "Identity", lambda x: tf.concat([tf.TensorArray(x.dtype, 2).unstack(x).stack(), x], 0), M, ROWS[:1])
across("While", "Identity", lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.reverse(y, [1])), [0, x])[1], M, ROWS[:1], dtypes=registered("ReverseV2"))
across("Cond", "Identity", lambda x: tf.cond(tf.shape(x)[0] > 1, lambda: x[:1], lambda: x), M, ROWS[:1])
