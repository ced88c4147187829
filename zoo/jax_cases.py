"""Cases that are written in JAX, as jax2tf exports them: one XlaCallModule in each signature.

Families that need JAX are named `jax_*`.
"""

import inspect

import cases
import jax
from jax._src.export import _export
from jax.experimental import jax2tf

# TensorFlow 2.21 reads StableHLO up to 1.13; this JAX writes 1.15 unless told otherwise.
_export.hlo.get_version_from_compatibility_requirement = lambda requirement: "1.13.0"

# Modules tell where their ops were written; the folder is no part of that.
jax.config.update("jax_hlo_source_file_canonicalization_regex", ".*/")


def polymorphic(spec):
    """`[?, 3]` as jax2tf has it: `(b, 3)`. What is unknown at one position is one size in all inputs."""
    sizes = ["bcdefg"[i] if size is None else str(size) for i, size in enumerate(spec.shape.as_list())]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def jax_case(name, fn, specs, inputs, errors=(), shapes=None, x64=False, **options):
    """As cases.case, of a function of JAX's arrays; `shapes` are polymorphic shapes where the specs do not tell."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter("xyz"[i], kind) for i in range(len(specs))]
    parsed = [cases.parse_spec(text, p.name) for text, p in zip(specs, parameters)]
    given = shapes or [polymorphic(spec) for spec in parsed]

    def call(*inputs):
        jax.config.update("jax_enable_x64", x64)
        return jax2tf.convert(fn, polymorphic_shapes=given, with_gradient=False, **options)(*inputs)

    call.__signature__ = inspect.Signature(parameters)
    cases.case(name, call, specs, inputs, errors=errors)
