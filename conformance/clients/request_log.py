"""Reads the files of recorded requests with TensorFlow, and puts them into a version as its warm-up.

Run: python request_log.py <node> <servable.js>

Starts the program on examples/models/half_plus_two with a logging_config, calls it and ends it.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grpc
import numpy as np
import tensorflow as tf
from checks import MODELS, check, close, contains, run, same
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2, prediction_service_pb2_grpc

TIMEOUT = 60


class Program:
    """`tensorflow_model_server`; on free ports, which its log tells."""

    def __init__(self, command, *flags):
        ports = ["--port=0", "--grpc_socket_path=" + tempfile.mktemp(), "--host=127.0.0.1"]
        self.socket = ports[1].split("=")[1]
        self.process = subprocess.Popen([*command, *ports, *flags], stderr=subprocess.PIPE, text=True)
        self.log = ""

    def wait_for(self, pattern):
        while (match := re.search(pattern, self.log)) is None:
            line = self.process.stderr.readline()
            if line == "":
                raise AssertionError(f"no {pattern!r} in the log: {self.log[-1000:]}")
            self.log += line
        return match

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.log += self.process.communicate(timeout=TIMEOUT)[1]
        return self.process.returncode


def record(command, directory):
    """Serves and calls the model, and returns the files that are written and the answers that were given."""
    config = directory / "models.config"
    config.write_text(
        f"""model_config_list {{ config {{
          name: "half_plus_two" base_path: "{MODELS / "half_plus_two"}" model_platform: "tensorflow"
          logging_config {{
            log_collector_config {{ type: "tfrecord" filename_prefix: "{directory / "log" / "requests"}" }}
            sampling_config {{ sampling_rate: 1 }}
          }}
        }} }}"""
    )
    (directory / "log").mkdir()
    program = Program(command, f"--model_config_file={config}")
    answers = []
    try:
        program.wait_for("Running gRPC ModelServer at UNIX socket")
        with grpc.insecure_channel("unix:" + program.socket) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            for values in ([1.0, 2.0, 5.0], [0.5], list(range(1000))):
                request = predict_pb2.PredictRequest()
                request.model_spec.name = "half_plus_two"
                request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.float32(values)))
                answers.append((values, stub.Predict(request, timeout=TIMEOUT)))
    finally:
        status = program.close()
    same(status, 0, "exit status")
    return sorted((directory / "log").glob("requests-*.tfrecord")), answers


def logs(files):
    return [
        prediction_log_pb2.PredictionLog.FromString(entry.numpy())
        for entry in tf.data.TFRecordDataset([str(file) for file in files])
    ]


@check("TFRecordDataset reads every recorded request, with its answer")
def _(command):
    with tempfile.TemporaryDirectory() as folder:
        files, answers = record(command, pathlib.Path(folder))
        entries = logs(files)
        same([entry.WhichOneof("log_type") for entry in entries], ["predict_log"] * len(answers), "kinds")
        for entry, (values, answer) in zip(entries, answers):
            log = entry.predict_log
            close(tf.make_ndarray(log.request.inputs["x"]), np.float32(values), "x")
            close(tf.make_ndarray(log.response.outputs["y"]), tf.make_ndarray(answer.outputs["y"]), "y")
            same(log.response.model_spec, answer.model_spec, "model_spec")
            same(entry.log_metadata.model_spec.name, "half_plus_two", "name in the metadata")
            same(entry.log_metadata.sampling_config.sampling_rate, 1.0, "rate in the metadata")


@check("what TensorFlow writes of it again is a warm-up")
def _(command):
    with tempfile.TemporaryDirectory() as folder:
        directory = pathlib.Path(folder)
        files, answers = record(command, directory)
        version = directory / "model" / "1"
        source = MODELS / "half_plus_two" / "1"
        shutil.copytree(source, version)
        (version / "assets.extra").mkdir(exist_ok=True)
        with tf.io.TFRecordWriter(str(version / "assets.extra" / "tf_serving_warmup_requests")) as writer:
            for entry in logs(files):
                writer.write(entry.SerializeToString())
        program = Program(command, f"--model_base_path={version.parent}")
        try:
            program.wait_for("Running gRPC ModelServer at UNIX socket")
        finally:
            status = program.close()
        same(status, 0, "exit status")
        contains(program.log, f"ended after {len(answers)} record(s)", "log")


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:3]))
