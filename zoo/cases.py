"""How a family of the op zoo is written down.

    case('add_v2_float32', lambda x, y: tf.raw_ops.AddV2(x=x, y=y), ['float32[?,3]', 'float32[3]'],
         [(rand(2, 3), rand(3)), (rand(0, 3), rand(3))])

A case becomes one signature. Its inputs are placeholders named as the function's parameters (those without a default,
which loops use to bind a value), with the shapes written in the specs (`?` is an unknown dimension, `*` an unknown rank). Every tuple of the last argument is one golden case.
The outputs are named `y`, or `y0`, `y1` ... for a sequence, or as the function's dict says.

Inputs may be arrays, nested lists or the samples below, which take the dtype of their spec.
"""

import dataclasses
import inspect
import re
import typing

import numpy as np
from golden import tf

FLOATS = ("float32", "float64")
INTS = ("int32", "int64")


@dataclasses.dataclass
class Case:
    name: str
    fn: typing.Callable
    specs: list
    inputs: list
    errors: list


class Family:
    """What one file of families/ has declared."""

    def __init__(self):
        self.cases = []
        self.tracked = []


current = Family()


def case(name, fn, specs, inputs, errors=()):
    """Declares one signature. `errors` are inputs that TensorFlow must refuse; its code and message are recorded."""
    names = [p.name for p in inspect.signature(fn).parameters.values() if p.default is p.empty]
    if len(names) != len(specs):
        raise ValueError(f"{name}: {len(names)} parameters, {len(specs)} specs")
    tensor_specs = [parse_spec(s, n) for s, n in zip(specs, names)]
    current.cases.append(Case(name, fn, tensor_specs, list(inputs), list(errors)))


def keep(trackable):
    """Makes a variable, table, layer or module part of the family's SavedModel; gives it back."""
    current.tracked.append(trackable)
    return trackable


def variable(value, dtype="float32"):
    """A variable of the family's SavedModel."""
    if isinstance(value, Sample):
        value = value.realise(tf.as_dtype(dtype), np.random.default_rng(len(current.tracked)))
    return keep(tf.Variable(tf.constant(value, dtype)))


def parse_spec(text, name):
    dtype, dims = re.fullmatch(r"(\w+)\[(.*)\]", text).groups()
    if dims == "*":
        shape = None
    else:
        shape = [None if d.strip() == "?" else int(d) for d in dims.split(",") if d.strip()]
    return tf.TensorSpec(shape, tf.as_dtype(dtype), name)


class Sample:
    """Values decided when the dtype is known."""

    def __init__(self, realise):
        self.realise = realise

    def reshape(self, *shape):
        return Sample(lambda dtype, rng: self.realise(dtype, rng).reshape(shape))


def rand(*shape, low=None, high=None):
    """Random values: floats normal with deviation 2, integers of [-9, 9], unless `low` and `high` bound them."""

    def realise(dtype, rng):
        if dtype == tf.bool:
            return rng.random(shape) < 0.5
        if dtype == tf.string:
            return rng.choice(np.array([b"", b"a", b"servable", "zoé".encode(), b"\x00\xff", b"A b"], object), shape)
        if dtype.is_complex:
            return (rng.normal(0, 2, shape) + 1j * rng.normal(0, 2, shape)).astype(dtype.as_numpy_dtype)
        if dtype.is_integer:
            least = (0 if dtype.is_unsigned else -9) if low is None else low
            return rng.integers(least, 9 if high is None else high, shape, endpoint=True).astype(dtype.as_numpy_dtype)
        values = rng.normal(0, 2, shape) if low is None else rng.uniform(low, high, shape)
        return np.asarray(values, np.float64).astype(dtype.as_numpy_dtype)

    return Sample(realise)


def nonzero(*shape):
    """Random values away from zero, of both signs."""

    def realise(dtype, rng):
        values = rng.integers(1, 9, shape, endpoint=True) * (1 if dtype.is_unsigned else rng.choice([-1, 1], shape))
        return (values + (0 if dtype.is_integer else 0.25)).astype(dtype.as_numpy_dtype)

    return Sample(realise)


def edges(dtype):
    """Values at which implementations part ways."""
    if dtype.is_floating:
        return [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -0.5,
            1.5,
            -2.5,
            3.0,
            -7.25,
            20.0,
            -20.0,
            100.0,
            -100.0,
            np.inf,
            -np.inf,
            np.nan,
        ]
    if dtype.is_integer:
        return sorted(
            {v for v in (0, 1, 2, 7, -1, -2, -7, 100, -100, dtype.min, dtype.max) if dtype.min <= v <= dtype.max}
        )
    raise ValueError(dtype)


EDGES = Sample(lambda dtype, rng: np.array(edges(dtype), dtype.as_numpy_dtype))
"""The edge values as a vector."""

EDGE_COLUMN = EDGES.reshape(-1, 1)
EDGE_ROW = EDGES.reshape(1, -1)
