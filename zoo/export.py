"""Exports the op zoo: per family one SavedModel with a signature per case, and TensorFlow's answers.

Run: python export.py [family ...]        all families without a name

    zoo/models/<family>/saved_model.pb (and variables/)
    zoo/models/<family>/golden.json     as conformance/golden.py describes it, and beside "cases" a list "errors" of
                                        { signature, inputs, code, message }: inputs that TensorFlow refuses
"""

import functools
import importlib
import os
import pathlib
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


def wrapped(fn):
    """`fn` with named outputs; functools.wraps keeps its parameters' names, which become the signature's aliases."""

    @functools.wraps(fn)
    def call(*inputs):
        return named(fn(*inputs))

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
            signatures[case.name] = tf.function(wrapped(case.fn), autograph=False).get_concrete_function(*case.specs)
        except Exception as error:
            raise SystemExit(f"{case.name}: {error}") from error
    tf.saved_model.save(module, str(directory), signatures)


def aliases(served, case):
    """Signature aliases in the order of the case's parameters (saved_model calls unnamed arguments by their specs)."""
    given = set(served.signatures[case.name].inputs)
    names = [s.name for s in case.specs]
    if given != set(names):
        raise SystemExit(f"{case.name}: signature inputs {sorted(given)}, parameters {names}")
    return names


def export(name):
    directory = HERE / "models" / name
    shutil.rmtree(directory, ignore_errors=True)
    cases.current = family = cases.Family()
    module = importlib.import_module(f"families.{name}")
    getattr(module, "save", save)(family, directory)
    golden, errors = [], []
    with LoadedModel(directory) as served:
        for case in family.cases:
            names = aliases(served, case)
            rng = np.random.default_rng(zlib.crc32(case.name.encode()))

            def feed(values):
                if len(values) != len(names):
                    raise SystemExit(f"{case.name}: {len(values)} inputs for {names}")
                return {
                    n: v.realise(s.dtype, rng)
                    if isinstance(v, cases.Sample)
                    else np.array(v, s.dtype.as_numpy_dtype)
                    for n, s, v in zip(names, case.specs, values)
                }

            for values in case.inputs:
                try:
                    golden.append(served.case(case.name, feed(values)))
                except tf.errors.OpError as error:
                    raise SystemExit(f"{case.name}: {error.message}") from error
            for values in case.errors:
                inputs = feed(values)
                try:
                    served.run(case.name, inputs)
                except tf.errors.OpError as error:
                    code = {v: k for k, v in vars(tf.errors).items() if isinstance(v, int)}[error.error_code]
                    errors.append(
                        {
                            "signature": case.name,
                            "inputs": {n: encode_tensor(inputs[n], s.dtype) for n, s in zip(names, case.specs)},
                            "code": code,
                            "message": error.message.split("\n")[0].split("\t")[0].strip(),
                        }
                    )
                else:
                    raise SystemExit(f"{case.name}: expected TensorFlow to refuse {values}")
    write_golden(directory / "golden.json", golden, errors=errors)
    size = sum(f.stat().st_size for f in directory.rglob("*") if f.is_file() and f.name != "golden.json")
    kernels = len(ops_in(directory))
    print(
        f"{name}: {len(family.cases)} signatures, {len(golden)} cases, {len(errors)} errors, {kernels} distinct ops, "
        f"{size / 1e3:.0f} kB and {(directory / 'golden.json').stat().st_size / 1e3:.0f} kB of goldens"
    )


def main(names):
    os.chdir(HERE)
    for name in names or sorted(p.stem for p in (HERE / "families").glob("*.py")):
        export(name)


if __name__ == "__main__":
    main(sys.argv[1:])
