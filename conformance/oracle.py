"""Answers for other programs: one JSON request per line on stdin, one JSON reply per line on stdout.

    { "load": directory }                                 -> { "signatures": [names] }
    { "signature": name, "inputs": { alias: tensor } }    -> { "outputs": { alias: tensor } }
                                                          or { "error": first line, "code": canonical code }
    { "double": signature, "inputs": ... }                -> { "outputs": ... }: as the model in float64 answers

Tensors are encoded as in golden files, and run as golden.py runs them.
"""

import base64
import json
import os
import sys

replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no reply

import numpy as np
from double import DoubleModel
from golden import LoadedModel, encode_tensor, tf

CODES = {v: k for k, v in vars(tf.errors).items() if isinstance(v, int)}


def decode_tensor(tensor):
    if tensor["dtype"] == "string":
        values = [base64.b64decode(v) for v in tensor["data"]]
        return np.array(values, dtype=object).reshape(tensor["shape"])
    dtype = tf.as_dtype(tensor["dtype"]).as_numpy_dtype
    return np.frombuffer(base64.b64decode(tensor["data"]), dtype).reshape(tensor["shape"])


def answer(model, name, inputs):
    signature = model.signatures[name]
    try:
        outputs = model.run(name, {alias: decode_tensor(t) for alias, t in inputs.items()})
    except tf.errors.OpError as error:
        return {"error": error.message.splitlines()[0], "code": CODES.get(error.error_code, str(error.error_code))}
    except UnicodeDecodeError:  # of the message, which quotes the input
        return {"error": "a message that is no UTF-8", "code": "INVALID_ARGUMENT"}
    return {"outputs": {a: encode_tensor(v, tf.as_dtype(signature.outputs[a].dtype)) for a, v in outputs.items()}}


def main():
    model = double = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "load" in request:
                if model is not None:
                    model.close()
                model = LoadedModel(request["load"], timeout_ms=15_000)  # loops that wait for a value may never end
                directory, double = request["load"], None
                reply = {"signatures": sorted(model.signatures)}
            elif "double" in request:
                double = double or DoubleModel(directory)
                outputs = double.run(request["double"], {a: decode_tensor(t) for a, t in request["inputs"].items()})
                reply = {"outputs": {alias: encode_tensor(value) for alias, value in outputs.items()}}
            else:
                reply = answer(model, request["signature"], request["inputs"])
        except Exception as error:
            reply = {"failed": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


main()
