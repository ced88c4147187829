"""Converts SavedModels to ONNX with tf2onnx: reads `{"model": ..., "signature": ..., "output": ...}` lines, answers each.

Every conversion runs in a process of its own, forked when TensorFlow has been imported: importing takes longer than most
conversions, and a conversion leaves a graph behind.
"""

import json
import os
import signal
import sys

import tf2onnx.convert
import tf2onnx.tf_loader

OPSET = 18
LONGEST_SECONDS = 300


def convert(model, signature, output):
    graph, inputs, outputs = tf2onnx.tf_loader.from_saved_model(model, None, None, signatures=[signature])
    tf2onnx.convert._convert_common(
        graph, name=model, opset=OPSET, input_names=inputs, output_names=outputs, output_path=output
    )


def attempt(request):
    try:
        convert(**request)
        return 0
    except BaseException as error:
        line = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        with open(request["output"] + ".refused", "w") as file:
            file.write(line)
        return 1


print("{}", flush=True)
for line in sys.stdin:
    request = json.loads(line)
    child = os.fork()
    if child == 0:
        code = 1
        signal.alarm(LONGEST_SECONDS)
        try:
            # What the converter writes is no answer.
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            code = attempt(request)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    print(json.dumps({"status": status}), flush=True)
