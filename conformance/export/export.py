"""Exports the larger models of the conformance run, with TensorFlow's answers beside them.

Run: python export.py [name ...]        all models without a name; `--list` writes models.json, which says which there are

Each goes to conformance/.cache/models/<name>/1, with conformance/.cache/models/<name>/golden.json (several input sets,
among them batches of 1 and of 3) and ops.json (how often each op occurs in the graph and its function library). Where a
package that a model needs is not installed, there is skipped.txt with the reason in their place.
"""

import json
import pathlib
import shutil
import sys
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))

import dense
import graph_mode
import image_classifiers
import jax_models
import keras2_networks
import keras3_networks
import keras_hub_models
import probability
import published
import tf_modules
import transformer
import transformers_models
from golden import LoadedModel, ops_in, write_golden  # first: it sets TensorFlow up

CACHE = HERE.parent / ".cache" / "models"
KINDS = {
    "Keras 3, published architectures": image_classifiers,
    "Keras 3, transformer": transformer,
    "Keras 3, perceptron": dense,
    "Keras 3": keras3_networks,
    "Keras 2": keras2_networks,
    "tf.Module": tf_modules,
    "TensorFlow 1": graph_mode,
    "published on PyPI": published,
    "Keras Hub": keras_hub_models,
    "Hugging Face transformers": transformers_models,
    "TensorFlow Probability": probability,
    "JAX": jax_models,
}
MODELS = {name: make for kind in KINDS.values() for name, make in kind.MODELS.items()}


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
    print(
        f"{name}: {size / 1e6:.1f} MB, {len(cases)} cases, {len(ops)} distinct ops, {time.time() - started:.1f} s",
        flush=True,
    )


def main(names):
    if names == ["--list"]:
        kinds = {kind: list(module.MODELS) for kind, module in KINDS.items()}
        (HERE / "models.json").write_text(json.dumps(kinds, indent=2) + "\n")
        return
    failed = []
    for name in names or MODELS:
        if name not in MODELS:
            raise SystemExit(f"no model {name!r}; there are {', '.join(MODELS)}")
        try:
            export(name)
        except ModuleNotFoundError as error:
            (CACHE / name / "skipped.txt").write_text(f"{error}\n")
            print(f"{name}: skipped, {error}", flush=True)
        except Exception:
            traceback.print_exc()
            print(f"{name}: FAILED", flush=True)
            failed.append(name)
    if failed:
        raise SystemExit(f"not exported: {', '.join(failed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
