"""Calls RPCs with the stubs of tensorflow-serving-api on grpcio: a JSON object a line in, an answer a line out.

A call is {"target", "rpc": "Service/Method", "request": text format, "response": the expected answer in text format};
an answer {"code", "details", "response": text format, "equal": whether it is the expected one}.
"""

import json
import os
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grpc
from google.protobuf import descriptor_pool, message_factory, text_format
from tensorflow_serving.apis import (  # noqa: F401 (they register their messages)
    model_service_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2,
    prediction_service_pb2_grpc,
    session_service_pb2,
)

STUBS = {
    "PredictionService": prediction_service_pb2_grpc.PredictionServiceStub,
    "ModelService": model_service_pb2_grpc.ModelServiceStub,
}
COMPRESSION = {"gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}
OPTIONS = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
channels = {}


def answer(call):
    service, method = call["rpc"].split("/")
    described = descriptor_pool.Default().FindServiceByName(f"tensorflow.serving.{service}").methods_by_name[method]
    request_class = message_factory.GetMessageClass(described.input_type)
    response_class = message_factory.GetMessageClass(described.output_type)
    request = text_format.Parse(call.get("request", ""), request_class())
    target = call["target"]
    if target not in channels:
        channels[target] = grpc.insecure_channel(target, OPTIONS)
    if service in STUBS:
        function = getattr(STUBS[service](channels[target]), method)
    else:
        function = channels[target].unary_unary(
            f"/tensorflow.serving.{service}/{method}",
            request_serializer=request_class.SerializeToString,
            response_deserializer=response_class.FromString,
        )
    try:
        response = function(
            request,
            timeout=call.get("timeoutSeconds", 30),
            metadata=list(call.get("metadata", {}).items()),
            compression=COMPRESSION.get(call.get("compression")),
        )
    except grpc.RpcError as error:
        return {"code": error.code().name, "details": error.details(), "response": "", "equal": False}
    expected = text_format.Parse(call.get("response", ""), response_class())
    return {
        "code": "OK",
        "details": "",
        "response": text_format.MessageToString(response, as_one_line=True),
        # Of the text, so that NaN equals NaN; maps are sorted there.
        "equal": text_format.MessageToString(response) == text_format.MessageToString(expected),
    }


for line in sys.stdin:
    try:
        result = answer(json.loads(line))
    except Exception as error:  # the case itself is wrong
        result = {"code": f"broken case: {error!r}", "details": "", "response": "", "equal": False}
    print(json.dumps(result), flush=True)
