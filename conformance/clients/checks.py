"""A list of named checks against one server, and the line that each prints: `ok <name>` or `FAIL <name>: <why>`."""

import base64
import contextlib
import json
import pathlib
import sys
import traceback

import ml_dtypes  # noqa: F401  (registers bfloat16 with numpy)
import numpy as np

MODELS = pathlib.Path(__file__).resolve().parents[2] / "examples" / "models"
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}
registered = []


def check(name):
    """Registers a function as a check; it fails by raising."""

    def register(function):
        registered.append((name, function))
        return function

    return register


def run(*arguments):
    """Runs every check with `arguments`, prints one line each and returns the process's exit status."""
    failures = 0
    for name, function in registered:
        try:
            function(*arguments)
        except Exception as error:
            failures += 1
            why = " ".join(str(error).split()) or type(error).__name__
            where = traceback.extract_tb(sys.exc_info()[2])[-1]
            print(f"FAIL {name}: {type(error).__name__}: {why[:600]} (line {where.lineno})", flush=True)
        else:
            print(f"ok {name}", flush=True)
    print(f"{len(registered) - failures} of {len(registered)} checks hold", file=sys.stderr)
    return 1 if failures else 0


def same(given, expected, what="value"):
    if given != expected:
        raise AssertionError(f"{what}: expected {expected!r}, given {given!r}")


def contains(text, part, what="message"):
    if part not in text:
        raise AssertionError(f"{what}: expected {part!r} in {text!r}")


def close(given, expected, what="values"):
    """Equal shape and values within the tolerance; NaN equals NaN, strings must be the same."""
    given, expected = np.asarray(given), np.asarray(expected)
    same(given.shape, expected.shape, f"shape of {what}")
    if expected.dtype.kind in "OSU":
        same(given.tolist(), expected.tolist(), what)
    elif not np.allclose(given.astype(np.float64), expected.astype(np.float64), equal_nan=True, **TOLERANCE):
        off = np.nanmax(np.abs(given.astype(np.float64) - expected.astype(np.float64)))
        raise AssertionError(f"{what}: off by up to {off}")


@contextlib.contextmanager
def refusal(code, *parts):
    """The block must fail with the gRPC status `code` (a name) and a message that has all `parts`."""
    import grpc

    try:
        yield
    except grpc.RpcError as error:
        same(error.code().name, code, f"code (message {error.details()!r})")
        for part in parts:
            contains(error.details(), part)
    else:
        raise AssertionError(f"expected {code}, but the call succeeded")


def golden(model):
    """The golden file of an example model."""
    return json.loads((MODELS / model / "golden.json").read_text())


def decode(tensor):
    """A golden tensor as a numpy array."""
    if tensor["dtype"] == "string":
        values = np.empty(len(tensor["data"]), object)
        values[:] = [base64.b64decode(v) for v in tensor["data"]]
        return values.reshape(tensor["shape"])
    return np.frombuffer(base64.b64decode(tensor["data"]), np.dtype(tensor["dtype"])).reshape(tensor["shape"])
