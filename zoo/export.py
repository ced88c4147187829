"""Exports the op zoo: per family one SavedModel with a signature per case, and TensorFlow's answers.

Run: python export.py [family ...]        all families without a name

    zoo/models/<family>/saved_model.pb (and variables/)
    zoo/models/<family>/golden.json     as conformance/golden.py describes it, and beside "cases" a list "errors" of
                                        { signature, inputs, code, message }: inputs that TensorFlow refuses
"""

import importlib
import importlib.util
import inspect
import os
import pathlib
import re
import shutil
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "conformance"))
sys.path.insert(0, str(HERE))

from golden import LoadedModel, encode_tensor, ops_in, tf, write_golden  # first: it sets TensorFlow up

import cases
import numpy as np


def named(outputs):
    """Outputs of a case as a dict."""
    if isinstance(outputs, dict):
        return outputs
    if isinstance(outputs, (list, tuple)):
        return {f"y{i}": tf.identity(t) for i, t in enumerate(outputs)}
    return {"y": outputs}


def wrapped(case):
    """The function of a case with named outputs. Its parameters' names become the signature's aliases."""

    def call(*inputs):
        return named(case.fn(*inputs))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    call.__signature__ = inspect.Signature([inspect.Parameter(s.name, kind) for s in case.specs])
    return call


def save(family, directory):
    """The usual way: functions of TensorFlow 2 as signatures."""
    module = tf.Module()
    module.tracked = family.tracked
    signatures = {}
    for case in family.cases:
        if case.name in signatures:
            raise SystemExit(f"two cases named {case.name}")
        try:
            signatures[case.name] = tf.function(wrapped(case), autograph=False).get_concrete_function(*case.specs)
        except Exception as error:
            raise SystemExit(f"{case.name}: {error}") from error
    tf.saved_model.save(module, str(directory), signatures)


def realised(case, values, rng):
    """One input set of a case as arrays by alias."""
    if len(values) != len(case.specs):
        raise SystemExit(f"{case.name}: {len(values)} inputs for {[s.name for s in case.specs]}")
    return {
        s.name: v.realise(s.dtype, rng) if isinstance(v, cases.Sample) else np.array(v, s.dtype.as_numpy_dtype)
        for s, v in zip(case.specs, values)
    }


def refusal(served, case, inputs):
    """Runs inputs that TensorFlow must refuse, and writes down how it does."""
    try:
        served.run(case.name, inputs)
    except tf.errors.OpError as error:
        codes = {v: k for k, v in vars(tf.errors).items() if isinstance(v, int)}
        return {
            "signature": case.name,
            "inputs": {s.name: encode_tensor(inputs[s.name], s.dtype) for s in case.specs},
            "code": codes[error.error_code],
            "message": re.sub(r"\{\{.*?\}\}\s*", "", error.message).split("\n")[0].strip(),
        }
    raise SystemExit(f"{case.name}: expected TensorFlow to refuse {inputs}")


def export(name):
    directory = HERE / "models" / name
    shutil.rmtree(directory, ignore_errors=True)
    cases.current = family = cases.Family()
    module = importlib.import_module(f"families.{name}")
    getattr(module, "save", save)(family, directory)
    golden, errors = [], []
    with LoadedModel(directory) as served:
        for case in family.cases:
            if set(served.signatures[case.name].inputs) != {s.name for s in case.specs}:
                raise SystemExit(f"{case.name}: signature inputs {sorted(served.signatures[case.name].inputs)}")
            rng = np.random.default_rng(zlib.crc32(case.name.encode()))
            for values in case.inputs:
                try:
                    golden.append(served.case(case.name, realised(case, values, rng)))
                except tf.errors.OpError as error:
                    raise SystemExit(f"{case.name}: {error.message}") from error
            errors += [refusal(served, case, realised(case, values, rng)) for values in case.errors]
    # What TensorFlow without TensorRT cannot run is put in place when the answers are there.
    if hasattr(module, "convert"):
        module.convert(directory)
    write_golden(directory / "golden.json", golden, errors=errors)
    size = sum(f.stat().st_size for f in directory.rglob("*") if f.is_file() and f.name != "golden.json")
    print(
        f"{name}: {len(family.cases)} signatures, {len(golden)} cases, {len(errors)} errors, "
        f"{len(ops_in(directory))} distinct ops, {size / 1e3:.0f} kB and "
        f"{(directory / 'golden.json').stat().st_size / 1e3:.0f} kB of goldens"
    )


def main(names):
    os.chdir(HERE)
    for name in names or sorted(p.stem for p in (HERE / "families").glob("*.py")):
        if not names and name.startswith("jax_") and importlib.util.find_spec("jax") is None:
            print(f"{name}: left out, as JAX is not installed")
            continue
        export(name)


if __name__ == "__main__":
    main(sys.argv[1:])
