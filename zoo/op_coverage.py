"""Which of TensorFlow's ops an inference graph can carry, and which of those the compiler does not know.

Run: python op_coverage.py          writes op-coverage.json and says how many there are

The list is every op for which TensorFlow registers a kernel for the processor. What only training, input pipelines,
distribution, debugging or files have is told apart by name; all that is left is taken for what a served graph may hold.
docs/ops.md gets its figures from the file (npm run docs:ops).
"""

import json
import pathlib
import re

from golden import tf
from tensorflow.python.framework import kernels, op_def_registry

HERE = pathlib.Path(__file__).resolve().parent

# Kinds of ops that no request runs, by name; the first that matches counts.
OTHER_THAN_INFERENCE = {
    "internal to the runtime": r"^_|^(Arg|Retval|Abort|HostConst|Copy|CopyHost|GraphDefVersion|DeviceIndex|RefMerge|CheckPinned|IsTensorFloat32Enabled|IsResourceHandleRefCounting|DisableCopyOnRead|MakeWeakResourceHandle|RemoteCall|FakeParam|GetOptions|GetDeadline|SymbolicGradient|DevicePlacementOp|ImmutableConst|RunGraph|GetElementAtIndex|DtypeWithDefaultOp|Fact|SleepOp|SleepIdentityOp)$|^CompositeTensorVariant",
    "XLA clusters": r"^Xla",
    "input pipelines": r"Dataset|Iterator|MemoryCache|IterationCounter|CompressElement|^Optional|SeedGenerator|StatsAggregator|ThreadPoolHandle|WindowOp|^ListSnapshot|SnapshotReader",
    "queues, readers and staging": r"Queue|Reader|^Barrier|^(Ordered)?Map(Clear|IncompleteSize|Peek|Size|Stage|Unstage)|^(Stage|Unstage)|^Stage(Clear|Peek|Size)$|RecordInput|SparseToTensorsMap|SparseFromTensorsMap|^(Batch|Unbatch|UnbatchGrad)$|Mutex|^DummyMemory",
    "training": r"^(Resource)?(Sparse)?Apply|Accumulator|Sdca|CandidateSampler|NegTrain|Skipgram|ComputeAccidentalHits|KMC2|KmeansPlusPlus|^CTCLoss|NearestNeighbors|GenerateVocabRemapping|LoadAndRemapMatrix|CustomAggregator|CalibrationStatistics|StochasticCastToInt|ComputeBatchSize",
    "gradients": r"Grad$|GradV\d$|GradGrad|GradInput$|GradA$|Grad(Boxes|Image)$|Gradient(Indexes)?$|Grad(WithArgmax|WithShape)|GradV\d|Backprop(Filter|Input)(V2)?$|^DebugGradient|^BroadcastGradientArgs$|^TensorArrayGrad|^Stack(Close|Pop|Push)?(V2)?$",
    "distribution": r"^Collective|^(Send|Recv)$|^Rpc|DeleteRpcFuture",
    "debugging and summaries": r"^Debug|Summary|^ImportEvent|DumpTensor|^CheckNumericsV2$",
    "files and checkpoints": r"^(Save|Restore)|^(Read|Write)File$|MatchingFiles|MergeV2Checkpoints|^Sharded|DistributedSave|FileSystemSetConfiguration",
    "sessions": r"SessionHandle|SessionTensor",
    "Python": r"^(Eager)?PyFunc",
    "tests": r"^(TestAttr|Old|ConstructionFails|KernelLabel|KernelLabelRequired)$|^Stub|^Resource(Create|Initialized|Using)Op$",
    # Kernels of oneDNN that graph rewrites put in; the processor's own have no code.
    "oneDNN only": r"^QuantizedConv2D.+|^QuantizedConcatV2$|^QuantizedDepthwise|^QuantizedMatMulWith|^QuantizedConv2DPerChannel",
}

# Ops that the compiler takes without an entry of their own.
RESOLVED_BEFORE = {
    "PartitionedCall", "StatefulPartitionedCall", "Placeholder", "PlaceholderWithDefault", "Switch", "RefSwitch", "Merge",
    "Enter", "Exit", "NextIteration", "LoopCond", "RefEnter", "RefExit", "RefNextIteration",
    "InitializeTable", "InitializeTableV2", "InitializeTableFromTextFile", "InitializeTableFromTextFileV2",
}  # fmt: skip

# Graphs of older versions only, which TensorFlow refuses to build today.
OLDEST_PRODUCER = 21


def cpu_ops():
    return sorted({k.op for k in kernels.get_all_registered_kernels().kernel if k.device_type == "CPU"})


def kind(op, known):
    if op in known:
        return "inference"
    for name, pattern in OTHER_THAN_INFERENCE.items():
        if re.search(pattern, op):
            return name
    definition = op_def_registry.get(op)
    if definition is not None and 0 < definition.deprecation.version <= OLDEST_PRODUCER:
        return "long deprecated"
    return "inference"


def main():
    page = (HERE.parent / "docs" / "ops.md").read_text()
    known = set(re.findall(r"^\| (\w+) +\|", page, re.M)) - {"op"} | RESOLVED_BEFORE
    kinds = {}
    for op in cpu_ops():
        kinds.setdefault(kind(op, known), []).append(op)
    inference = kinds.pop("inference")
    missing = [op for op in inference if op not in known]
    report = {"tensorflow": tf.__version__, "inference": inference, "resolvedBefore": sorted(RESOLVED_BEFORE), "other": dict(sorted(kinds.items()))}
    (HERE / "op-coverage.json").write_text(json.dumps(report, indent=1) + "\n")
    for name, ops in sorted(kinds.items()):
        print(f"{name}: {len(ops)}")
    print(f"an inference graph can carry {len(inference)}, the compiler knows {len(inference) - len(missing)} of them")
    print("missing:", " ".join(missing))


if __name__ == "__main__":
    main()
