"""Exports the larger models of the conformance run, with TensorFlow's answers beside them.

Run: python export.py [name ...]        all models without a name; `--list` says which there are

Each goes to conformance/.cache/models/<name>/1, with conformance/.cache/models/<name>/golden.json (several input sets,
among them batches of 1 and of 3) and ops.json (how often each op occurs in the graph and its function library).
"""

import json
import pathlib
import shutil
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

from golden import LoadedModel, ops_in, write_golden  # first: it sets TensorFlow up

import dense
import image_classifiers
import transformer

CACHE = HERE.parent / ".cache" / "models"
MODELS = {**image_classifiers.MODELS, **transformer.MODELS, **dense.MODELS}


def export(name):
    started = time.time()
    base = CACHE / name
    shutil.rmtree(base, ignore_errors=True)
    base.mkdir(parents=True)
    # A model function exports itself into the directory and gives the input sets: (case name, signature, inputs).
    input_sets = MODELS[name](base / "1")
    with LoadedModel(base / "1") as served:
        cases = [served.case(signature, inputs, name=title) for title, signature, inputs in input_sets]
    write_golden(base / "golden.json", cases)
    ops = ops_in(base / "1")
    (base / "ops.json").write_text(json.dumps(ops, indent=1) + "\n")
    size = sum(f.stat().st_size for f in (base / "1").rglob("*") if f.is_file())
    print(f"{name}: {size / 1e6:.1f} MB, {len(cases)} cases, {len(ops)} distinct ops, {time.time() - started:.1f} s")


def main(names):
    if names == ["--list"]:
        print("\n".join(MODELS))
        return
    for name in names or MODELS:
        if name not in MODELS:
            raise SystemExit(f"no model {name!r}; there are {', '.join(MODELS)}")
        export(name)


if __name__ == "__main__":
    main(sys.argv[1:])
