"""Signatures that call one op in every dtype in which TensorFlow's kernels for the processor have it."""

import inspect

import numpy as np
from cases import case
from golden import tf
from tensorflow.python.framework import kernels

# Without those in which the other families have nearly all ops: float32, float64, int32 and int64.
ALL = ("float16", "bfloat16", "int8", "uint8", "int16", "uint16", "uint32", "uint64", "bool", "string", "complex64", "complex128")


def registered(op, attribute="T"):
    """The dtypes of an attribute for which the processor has a kernel."""
    found = set()
    for kernel in kernels.get_registered_kernels_for_op(op).kernel:
        if kernel.device_type != "CPU":
            continue
        for constraint in kernel.constraint:
            if constraint.name == attribute:
                found |= {tf.as_dtype(t).name for t in constraint.allowed_values.list.type}
    return [d for d in ALL if d in found] or list(ALL)


def runs(fn, dtype, sample):
    """Whether TensorFlow itself has all kernels for the call: helpers around an op may need more than the op."""
    try:
        value = sample.realise(tf.as_dtype(dtype), np.random.default_rng(0))
        fn(tf.constant(value, dtype))
    except (tf.errors.OpError, ValueError, TypeError):
        return False
    return True


def across(name, op, fn, shape, values, attribute="T", without=(), dtypes=None):
    """A signature that calls `fn` with one input of every dtype of `op`. `values` are samples, one per golden case."""
    chosen = [d for d in (dtypes or registered(op, attribute)) if d not in without and runs(fn, d, values[0])]

    if not chosen:
        return

    def call(*inputs):
        return {f"y_{d}": fn(x) for d, x in zip(chosen, inputs)}

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    call.__signature__ = inspect.Signature([inspect.Parameter(f"x_{d}", kind) for d in chosen])
    case(name, call, [f"{d}{shape}" for d in chosen], [tuple(v for _ in chosen) for v in values])
