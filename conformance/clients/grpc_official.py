"""Calls a server with the official stubs (tensorflow-serving-api on grpcio).

Run: python grpc_official.py <host:port>

The server serves examples/models/half_plus_two (all versions), digits and wine under these names.
"""

import os
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grpc
import numpy as np
import tensorflow as tf
from checks import check, close, decode, golden, refusal, run, same
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    input_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

TIMEOUT = 30


class Server:
    def __init__(self, address):
        unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        self.channel = grpc.insecure_channel(address, unlimited)
        grpc.channel_ready_future(self.channel).result(timeout=TIMEOUT)
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def predict(self, model, inputs, signature="", version=None, output_filter=(), **call):
        request = predict_pb2.PredictRequest(model_spec=spec(model, signature, version), output_filter=output_filter)
        for alias, value in inputs.items():
            proto = value if isinstance(value, tensor_pb2.TensorProto) else tf.make_tensor_proto(value)
            request.inputs[alias].CopyFrom(proto)
        return self.prediction.Predict(request, timeout=TIMEOUT, **call)

    def status(self, model, version=None):
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec(model, version=version))
        return self.models.GetModelStatus(request, timeout=TIMEOUT)

    def metadata(self, model, fields=("signature_def",)):
        request = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec(model), metadata_field=fields)
        return self.prediction.GetModelMetadata(request, timeout=TIMEOUT)

    def classify(self, model, signature, source):
        request = classification_pb2.ClassificationRequest(model_spec=spec(model, signature), input=source)
        return self.prediction.Classify(request, timeout=TIMEOUT)

    def regress(self, model, signature, source):
        request = regression_pb2.RegressionRequest(model_spec=spec(model, signature), input=source)
        return self.prediction.Regress(request, timeout=TIMEOUT)


def spec(model, signature="", version=None):
    made = model_pb2.ModelSpec(name=model, signature_name=signature)
    if version is not None:
        made.version.value = version
    return made


def example(**floats):
    made = tf.train.Example()
    for name, value in floats.items():
        made.features.feature[name].float_list.value.append(value)
    return made


def examples(*values):
    return input_pb2.Input(example_list=input_pb2.ExampleList(examples=values))


def parsed(serialized):
    return [tf.train.Example.FromString(v) for v in serialized.reshape(-1)]


for model in ("half_plus_two", "digits", "wine"):
    document = golden(model)
    for number, case in enumerate(document["cases"]):
        signature = case["signature"]

        @check(f"predict {model} {signature} {case.get('name', f'case {number}')}")
        def _(server, model=model, signature=signature, case=case):
            response = server.predict(model, {a: decode(t) for a, t in case["inputs"].items()}, signature)
            same(set(response.outputs), set(case["outputs"]), "outputs")
            for alias, tensor in case["outputs"].items():
                close(tf.make_ndarray(response.outputs[alias]), decode(tensor), alias)
            same(response.model_spec.name, model, "model_spec.name")
            same(response.model_spec.signature_name, signature, "model_spec.signature_name")
            same(response.model_spec.HasField("version"), True, "model_spec has a version")


@check("predict digits as labelled")
def _(server):
    document = golden("digits")
    image = decode(document["cases"][0]["inputs"]["image"])
    answer = tf.make_ndarray(server.predict("digits", {"image": image}).outputs["probabilities"])
    accuracy = np.mean(answer.argmax(1) == document["labels"])
    same(accuracy >= 0.97, True, f"accuracy {accuracy}")


@check("predict with typed fields")
def _(server):
    proto = tensor_pb2.TensorProto(dtype=tf.float32.as_datatype_enum, float_val=[1.0, 2.0, 5.0])
    proto.tensor_shape.dim.add(size=3)
    close(tf.make_ndarray(server.predict("half_plus_two", {"x": proto}).outputs["y"]), np.float32([2.5, 3, 4.5]))


@check("predict with one value for the whole shape")
def _(server):
    proto = tensor_pb2.TensorProto(dtype=tf.float32.as_datatype_enum, float_val=[4.0])
    proto.tensor_shape.dim.add(size=3)
    close(tf.make_ndarray(server.predict("half_plus_two", {"x": proto}).outputs["y"]), np.float32([4, 4, 4]))


@check("predict compressed with gzip")
def _(server):
    x = np.arange(1000, dtype=np.float32)
    response = server.predict("half_plus_two", {"x": x}, compression=grpc.Compression.Gzip)
    close(tf.make_ndarray(response.outputs["y"]), x / 2 + 2)


@check("predict a message of 16 MB")
def _(server):
    x = np.linspace(-1, 1, 4_000_000, dtype=np.float32)
    close(tf.make_ndarray(server.predict("half_plus_two", {"x": x}).outputs["y"]), x / 2 + 2)


@check("predict 200 requests at once")
def _(server):
    futures = []
    for i in range(200):
        request = predict_pb2.PredictRequest(model_spec=spec("half_plus_two"))
        request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.float32([i, -i])))
        futures.append(server.prediction.Predict.future(request, timeout=TIMEOUT))
    for i, future in enumerate(futures):
        close(tf.make_ndarray(future.result().outputs["y"]), np.float32([i / 2 + 2, -i / 2 + 2]))


@check("predict each version")
def _(server):
    for version in (1, 2):
        response = server.predict("half_plus_two", {"x": np.float32([2])}, version=version)
        same(response.model_spec.version.value, version, "version")
        close(tf.make_ndarray(response.outputs["y"]), np.float32([3]))


@check("predict without a version takes the latest")
def _(server):
    same(server.predict("half_plus_two", {"x": np.float32([2])}).model_spec.version.value, 2, "version")


@check("predict with an output filter")
def _(server):
    measurements = decode(golden("wine")["cases"][1]["inputs"]["measurements"])
    same(set(server.predict("wine", {"measurements": measurements}, output_filter=["alcohol"]).outputs), {"alcohol"})


@check("predict refuses an unknown output")
def _(server):
    with refusal("INVALID_ARGUMENT", "output tensor alias not found in signature: z"):
        server.predict("half_plus_two", {"x": np.float32([2])}, output_filter=["z"])


@check("predict refuses a repeated output")
def _(server):
    with refusal("INVALID_ARGUMENT", "duplicate output tensor alias: y"):
        server.predict("half_plus_two", {"x": np.float32([2])}, output_filter=["y", "y"])


@check("predict refuses unknown inputs")
def _(server):
    with refusal("INVALID_ARGUMENT", "Sent extra: {q,z}", "Missing but required: {x}"):
        server.predict("half_plus_two", {"z": np.float32([2]), "q": np.float32([2])})


@check("predict refuses no inputs")
def _(server):
    with refusal("INVALID_ARGUMENT", "Missing but required: {x}"):
        server.predict("half_plus_two", {})


@check("predict refuses another dtype")
def _(server):
    with refusal("INVALID_ARGUMENT"):
        server.predict("half_plus_two", {"x": np.array([True])})


@check("predict refuses a string for a float")
def _(server):
    with refusal("INVALID_ARGUMENT"):
        server.predict("half_plus_two", {"x": np.array([b"2.0"], object)})


@check("predict refuses another shape")
def _(server):
    with refusal("INVALID_ARGUMENT"):
        server.predict("digits", {"image": np.zeros([1, 7, 8, 1], np.float32)})


@check("predict refuses an unparsable Example")
def _(server):
    with refusal("INVALID_ARGUMENT"):
        server.predict("half_plus_two", {"inputs": np.array([b"\xff\xff\xff"], object)}, "regress_x_to_y")


@check("predict refuses an Example without its feature")
def _(server):
    with refusal("INVALID_ARGUMENT", "x"):
        source = np.array([example(x2=1.0).SerializeToString()], object)
        server.predict("half_plus_two", {"inputs": source}, "regress_x_to_y")


@check("predict refuses an unknown signature")
def _(server):
    with refusal("FAILED_PRECONDITION", 'Serving signature key "nope" not found.'):
        server.predict("half_plus_two", {"x": np.float32([2])}, "nope")


@check("predict refuses an unknown model")
def _(server):
    with refusal("NOT_FOUND", "Servable not found for request: Latest(nope)"):
        server.predict("nope", {"x": np.float32([2])})


@check("predict refuses an unknown version")
def _(server):
    with refusal("NOT_FOUND", "Servable not found for request: Specific(half_plus_two, 99)"):
        server.predict("half_plus_two", {"x": np.float32([2])}, version=99)


@check("predict refuses an empty model name")
def _(server):
    with refusal("INVALID_ARGUMENT", "ModelSpec has no name specified."):
        server.predict("", {"x": np.float32([2])})


@check("predict refuses an unknown label")
def _(server):
    request = predict_pb2.PredictRequest(model_spec=model_pb2.ModelSpec(name="half_plus_two", version_label="canary"))
    with refusal("INVALID_ARGUMENT", "Unrecognized servable version label: canary"):
        server.prediction.Predict(request, timeout=TIMEOUT)


@check("predict refuses a request without model_spec")
def _(server):
    with refusal("INVALID_ARGUMENT", "Missing ModelSpec"):
        server.prediction.Predict(predict_pb2.PredictRequest(), timeout=TIMEOUT)


@check("classify half_plus_two")
def _(server):
    response = server.classify("half_plus_two", "classify_x_to_y", examples(example(x=2.0), example(x=20.0)))
    scores = [[c.score for c in r.classes] for r in response.result.classifications]
    same(scores, [[3.0], [12.0]], "scores")
    same([c.label for c in response.result.classifications[0].classes], [""], "labels")
    same((response.model_spec.name, response.model_spec.signature_name), ("half_plus_two", "classify_x_to_y"))
    same(response.model_spec.version.value, 2, "version")


@check("classify wine")
def _(server):
    case = next(c for c in golden("wine")["cases"] if c["signature"] == "classify")
    response = server.classify("wine", "classify", examples(*parsed(decode(case["inputs"]["inputs"]))))
    rows = response.result.classifications
    same([[c.label.encode() for c in r.classes] for r in rows], decode(case["outputs"]["classes"]).tolist(), "labels")
    close(np.array([[c.score for c in r.classes] for r in rows]), decode(case["outputs"]["scores"]), "scores")


@check("classify with a context")
def _(server):
    context = input_pb2.ExampleListWithContext(examples=[tf.train.Example(), example(x=4.0)], context=example(x=2.0))
    source = input_pb2.Input(example_list_with_context=context)
    response = server.classify("half_plus_two", "classify_x_to_y", source)
    same([r.classes[0].score for r in response.result.classifications], [3.0, 4.0], "scores")


@check("classify refuses an empty input")
def _(server):
    for source in (examples(), input_pb2.Input()):
        with refusal("INVALID_ARGUMENT", "Input is empty"):
            server.classify("half_plus_two", "classify_x_to_y", source)


@check("classify refuses an unknown signature")
def _(server):
    with refusal("INVALID_ARGUMENT", "No signature was found with the name: nope"):
        server.classify("half_plus_two", "nope", examples(example(x=2.0)))


@check("classify refuses a regression signature")
def _(server):
    with refusal("INVALID_ARGUMENT", "classification signature outputs"):
        server.classify("half_plus_two", "regress_x_to_y", examples(example(x=2.0)))


@check("regress half_plus_two")
def _(server):
    for signature, expected in (("regress_x_to_y", [3.0, 42.0]), ("regress_x_to_y2", [4.0, 43.0])):
        response = server.regress("half_plus_two", signature, examples(example(x=2.0), example(x=80.0)))
        same([r.value for r in response.result.regressions], expected, signature)
        same((response.model_spec.name, response.model_spec.signature_name), ("half_plus_two", signature))


@check("regress wine")
def _(server):
    case = next(c for c in golden("wine")["cases"] if c["signature"] == "regress")
    response = server.regress("wine", "regress", examples(*parsed(decode(case["inputs"]["inputs"]))))
    close([r.value for r in response.result.regressions], decode(case["outputs"]["outputs"])[:, 0], "values")


@check("regress with a context")
def _(server):
    context = input_pb2.ExampleListWithContext(examples=[tf.train.Example()] * 2, context=example(x=2.0))
    source = input_pb2.Input(example_list_with_context=context)
    response = server.regress("half_plus_two", "regress_x_to_y", source)
    same([r.value for r in response.result.regressions], [3.0, 3.0], "values")


@check("regress refuses an empty input")
def _(server):
    with refusal("INVALID_ARGUMENT", "Input is empty"):
        server.regress("half_plus_two", "regress_x_to_y", examples())


@check("regress refuses a classification signature")
def _(server):
    with refusal("INVALID_ARGUMENT", "No regression outputs found in SignatureDef"):
        server.regress("half_plus_two", "classify_x_to_y", examples(example(x=2.0)))


REGRESS, CLASSIFY = "tensorflow/serving/regress", "tensorflow/serving/classify"


def multi(server, tasks, source):
    request = inference_pb2.MultiInferenceRequest(input=source)
    for model, signature, method in tasks:
        request.tasks.add(model_spec=spec(model, signature), method_name=method)
    return server.prediction.MultiInference(request, timeout=TIMEOUT)


@check("multi-inference half_plus_two")
def _(server):
    tasks = [("half_plus_two", "regress_x_to_y", REGRESS), ("half_plus_two", "classify_x_to_y", CLASSIFY)]
    first, second = multi(server, tasks, examples(example(x=2.0))).results
    same(first.regression_result.regressions[0].value, 3.0, "regression")
    same(second.classification_result.classifications[0].classes[0].score, 3.0, "classification")
    for result, signature in ((first, "regress_x_to_y"), (second, "classify_x_to_y")):
        same((result.model_spec.name, result.model_spec.signature_name), ("half_plus_two", signature))
        same(result.model_spec.version.value, 2, "version")


@check("multi-inference wine")
def _(server):
    case = next(c for c in golden("wine")["cases"] if c["signature"] == "classify")
    source = examples(*parsed(decode(case["inputs"]["inputs"])))
    second, first = multi(server, [("wine", "regress", REGRESS), ("wine", "classify", CLASSIFY)], source).results
    rows = first.classification_result.classifications
    close(np.array([[c.score for c in r.classes] for r in rows]), decode(case["outputs"]["scores"]), "scores")
    same(len(second.regression_result.regressions), len(rows), "regressions")


@check("multi-inference refuses a signature twice")
def _(server):
    with refusal("INVALID_ARGUMENT", "Duplicate evaluation of signature: regress_x_to_y"):
        multi(server, [("half_plus_two", "regress_x_to_y", REGRESS)] * 2, examples(example(x=2.0)))


@check("multi-inference refuses two models")
def _(server):
    tasks = [("half_plus_two", "regress_x_to_y", REGRESS), ("wine", "regress", REGRESS)]
    with refusal("INVALID_ARGUMENT", "All ModelSpecs in a MultiInferenceRequest must access the same model name."):
        multi(server, tasks, examples(example(x=2.0)))


@check("multi-inference refuses an unknown signature")
def _(server):
    with refusal("INVALID_ARGUMENT", "Requested signature not found in model graph: nope"):
        multi(server, [("half_plus_two", "nope", REGRESS)], examples(example(x=2.0)))


@check("multi-inference refuses predict")
def _(server):
    tasks = [("half_plus_two", "serving_default", "tensorflow/serving/predict")]
    with refusal("UNIMPLEMENTED"):
        multi(server, tasks, examples(example(x=2.0)))


@check("multi-inference refuses an empty input")
def _(server):
    with refusal("INVALID_ARGUMENT", "Input is empty"):
        multi(server, [("half_plus_two", "regress_x_to_y", REGRESS)], examples())


@check("multi-inference refuses no tasks")
def _(server):
    with refusal("INVALID_ARGUMENT", "ModelSpec has no name specified."):
        multi(server, [], examples(example(x=2.0)))


@check("metadata of half_plus_two")
def _(server):
    response = server.metadata("half_plus_two")
    same((response.model_spec.name, response.model_spec.version.value), ("half_plus_two", 2))
    same(list(response.metadata), ["signature_def"], "metadata keys")
    signatures = get_model_metadata_pb2.SignatureDefMap()
    same(response.metadata["signature_def"].Unpack(signatures), True, "is a SignatureDefMap")
    found = signatures.signature_def
    methods = {n: s.method_name for n, s in found.items() if not n.startswith("__")}
    same(
        methods,
        {
            "serving_default": "tensorflow/serving/predict",
            "regress_x_to_y": REGRESS,
            "regress_x_to_y2": REGRESS,
            "regress_x2_to_y3": REGRESS,
            "classify_x_to_y": CLASSIFY,
        },
        "methods",
    )
    x, y = found["serving_default"].inputs["x"], found["serving_default"].outputs["y"]
    same((x.dtype, [d.size for d in x.tensor_shape.dim]), (tf.float32.as_datatype_enum, [-1]), "x")
    same((y.dtype, [d.size for d in y.tensor_shape.dim]), (tf.float32.as_datatype_enum, [-1]), "y")
    same((x.name, y.name), ("x:0", "y:0"), "tensor names")


@check("metadata refuses an unknown field")
def _(server):
    with refusal("INVALID_ARGUMENT", "Metadata field some_stuff is not supported"):
        server.metadata("half_plus_two", ["some_stuff"])


@check("metadata refuses no field")
def _(server):
    with refusal("INVALID_ARGUMENT", "GetModelMetadataRequest must specify at least one metadata_field"):
        server.metadata("half_plus_two", [])


@check("metadata refuses an unknown model")
def _(server):
    with refusal("NOT_FOUND", "Servable not found for request: Latest(nope)"):
        server.metadata("nope")


@check("status of all versions")
def _(server):
    statuses = server.status("half_plus_two").model_version_status
    same([s.version for s in statuses], [2, 1], "versions")
    available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    same([(s.state, s.status.error_code, s.status.error_message) for s in statuses], [(available, 0, "")] * 2)


@check("status of one version")
def _(server):
    same([s.version for s in server.status("half_plus_two", 1).model_version_status], [1], "versions")


@check("status refuses an unknown version")
def _(server):
    with refusal("NOT_FOUND", "Could not find version 99 of model half_plus_two"):
        server.status("half_plus_two", 99)


@check("status refuses an unknown model")
def _(server):
    with refusal("NOT_FOUND", "Could not find any versions of model nope"):
        server.status("nope")


@check("unknown methods are unimplemented")
def _(server):
    with refusal("UNIMPLEMENTED"):
        server.channel.unary_unary("/tensorflow.serving.PredictionService/Nope")(b"", timeout=TIMEOUT)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    try:
        server = Server(sys.argv[1])
    except grpc.FutureTimeoutError:
        raise SystemExit(f"no gRPC server answers at {sys.argv[1]}") from None
    sys.exit(run(server))
