"""Which ops TensorFlow Text registers.

Run: python text_ops.py          writes text-ops.json; docs/ops.md gets its figures from it (npm run docs:ops)
"""

import json
import pathlib

from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session


def registered():
    ops = op_def_pb2.OpList()
    ops.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    return {op.name for op in ops.op}


before = registered()
import tensorflow_text  # noqa: E402 (what is registered before must be known first)

own = sorted(registered() - before)
path = pathlib.Path(__file__).resolve().parent / "text-ops.json"
path.write_text(json.dumps({"tensorflow_text": tensorflow_text.__version__, "ops": own}, indent=2) + "\n")
print(f"{len(own)} ops")
