"""Calls a server with NVIDIA's client of the Open Inference Protocol (tritonclient), over HTTP and gRPC.

Run: python triton.py <rest host:port> <grpc host:port>

The server serves examples/models/half_plus_two (all versions), digits and wine under these names.
"""

import asyncio
import sys

import grpc
import numpy as np
import tritonclient.grpc as grpc_client
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http_client
import tritonclient.http.aio as http_aio
from checks import check, close, contains, decode, golden, run, same
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype


class Servers:
    def __init__(self, rest, grpc):
        self.rest, self.grpc = rest, grpc
        self.http = http_client.InferenceServerClient(rest, concurrency=4)
        self.rpc = grpc_client.InferenceServerClient(grpc)


def floats(client, values, **how):
    """An input of half_plus_two."""
    values = np.asarray(values, np.float32)
    made = client.InferInput("x", list(values.shape), "FP32")
    made.set_data_from_numpy(values, **how)
    return made


def call(which):
    """Runs a check once with each of the two synchronous clients."""

    def register(function):
        check(f"http: {which}")(lambda server: function(server.http, http_client))
        check(f"grpc: {which}")(lambda server: function(server.rpc, grpc_client))
        return function

    return register


def refused(function, status, *parts):
    """The call must fail with one of two statuses, HTTP's and gRPC's, and a message that has all parts."""
    try:
        function()
    except InferenceServerException as error:
        if error.status() not in status:
            raise AssertionError(f"status: expected one of {status}, given {error.status()} ({error.message()})")
        for part in parts:
            contains(error.message(), part)
    else:
        raise AssertionError(f"expected {status}, but the call succeeded")


@call("the server lives and is ready")
def _(client, _):
    same(client.is_server_live(), True, "live")
    same(client.is_server_ready(), True, "ready")


@call("models are ready, by version too, or not")
def _(client, _):
    same(client.is_model_ready("half_plus_two"), True)
    same(client.is_model_ready("half_plus_two", "1"), True)
    same(client.is_model_ready("half_plus_two", "99999"), False)
    same(client.is_model_ready("nope"), False)


@call("server metadata")
def _(client, _):
    metadata = client.get_server_metadata()
    name = metadata["name"] if isinstance(metadata, dict) else metadata.name
    extensions = metadata["extensions"] if isinstance(metadata, dict) else metadata.extensions
    same(name, "servable")
    contains(list(extensions), "binary_tensor_data", "extensions")


@call("model metadata")
def _(client, module):
    as_json = {} if module is http_client else {"as_json": True}
    metadata = client.get_model_metadata("half_plus_two", **as_json)
    same(metadata["name"], "half_plus_two")
    x = next(given for given in metadata["inputs"] if given["name"] == "x")
    same((x["datatype"], [int(dim) for dim in x["shape"]]), ("FP32", [-1]), "x")
    contains(metadata["versions"], "1", "versions")
    same([output["name"] for output in metadata["outputs"]], ["y"], "outputs")


@call("metadata of a model that there is not")
def _(client, _):
    refused(lambda: client.get_model_metadata("nope"), ("404", "StatusCode.NOT_FOUND"), "nope")


@call("the index of the repository")
def _(client, module):
    index = client.get_model_repository_index()
    if module is grpc_client:
        index = [{"name": m.name, "version": m.version, "state": m.state} for m in index.models]
    ready = {(entry["name"], entry["version"]) for entry in index if entry["state"] == "READY"}
    contains(ready, ("half_plus_two", "1"), "ready versions")
    contains({name for name, _ in ready}, "wine", "ready models")


@call("inference with all outputs, and the id comes back")
def _(client, module):
    result = client.infer("half_plus_two", [floats(module, [1, 2, 5])], request_id="a7")
    close(result.as_numpy("y"), np.float32([2.5, 3, 4.5]))
    response = result.get_response()
    same(response["id"] if isinstance(response, dict) else response.id, "a7", "id")


@call("inference on a version")
def _(client, module):
    result = client.infer("half_plus_two", [floats(module, [2])], model_version="1")
    response = result.get_response()
    same(response["model_version"] if isinstance(response, dict) else response.model_version, "1", "version")
    close(result.as_numpy("y"), np.float32([3]))


@call("inference with an output that is named")
def _(client, module):
    result = client.infer("half_plus_two", [floats(module, [2, 4])], outputs=[module.InferRequestedOutput("y")])
    close(result.as_numpy("y"), np.float32([3, 4]))


@call("an empty tensor")
def _(client, module):
    close(client.infer("half_plus_two", [floats(module, [])]).as_numpy("y"), np.float32([]))


@call("many values")
def _(client, module):
    values = np.linspace(-1e6, 1e6, 100_000, dtype=np.float32)
    close(client.infer("half_plus_two", [floats(module, values)]).as_numpy("y"), values * np.float32(0.5) + 2)


@call("an unknown model, input, output and datatype")
def _(client, module):
    invalid = ("400", "StatusCode.INVALID_ARGUMENT")
    refused(lambda: client.infer("nope", [floats(module, [1])]), ("404", "StatusCode.NOT_FOUND"), "nope")
    wrong = module.InferInput("w", [1], "FP32")
    wrong.set_data_from_numpy(np.float32([1]))
    refused(lambda: client.infer("half_plus_two", [wrong]), invalid)
    whole = module.InferInput("x", [1], "INT32")
    whole.set_data_from_numpy(np.int32([1]))
    refused(lambda: client.infer("half_plus_two", [whole]), invalid, "float32", "int32")
    outputs = [module.InferRequestedOutput("nope")]
    refused(lambda: client.infer("half_plus_two", [floats(module, [1])], outputs=outputs), invalid, "nope")


@call("a signature that is chosen by a parameter, or is not there")
def _(client, module):
    result = client.infer("half_plus_two", [floats(module, [2])], parameters={"signature_name": "serving_default"})
    close(result.as_numpy("y"), np.float32([3]))
    refused(
        lambda: client.infer("half_plus_two", [floats(module, [2])], parameters={"signature_name": "nope"}),
        ("400", "StatusCode.INVALID_ARGUMENT"),
        'Signature "nope" not found',
    )


@call("shared memory is refused")
def _(client, module):
    shared = module.InferInput("x", [1], "FP32")
    shared.set_shared_memory("region", 4)
    refused(
        lambda: client.infer("half_plus_two", [shared]),
        ("501", "StatusCode.UNIMPLEMENTED"),
        "Shared memory is not supported",
    )


def cases(model):
    """The golden calls of a model: signature, inputs by alias, outputs by alias."""
    for case in golden(model)["cases"]:
        arrays = [{name: decode(value) for name, value in case[side].items()} for side in ("inputs", "outputs")]
        yield case["signature"], *arrays


def inputs_of(module, arrays, **how):
    made = []
    for name, value in arrays.items():
        made.append(module.InferInput(name, list(value.shape), np_to_triton_dtype(value.dtype)))
        made[-1].set_data_from_numpy(value, **how)
    return made


def compare(result, outputs, what):
    for name, expected in outputs.items():
        close(result.as_numpy(name), expected, f"{what}, {name}")


def goldens(model):
    """One check per transport: every golden call of the model, strings included, by signature."""

    @call(f"the goldens of {model}")
    def _(client, module):
        for signature, inputs, outputs in cases(model):
            parameters = {"signature_name": signature}
            compare(client.infer(model, inputs_of(module, inputs), parameters=parameters), outputs, signature)

    @check(f"http: the goldens of {model} as JSON")
    def _(server):
        for signature, inputs, outputs in cases(model):
            if any(value.dtype == object for value in inputs.values()):
                continue  # Serialized examples are no text.
            wanted = [http_client.InferRequestedOutput(name, binary_data=False) for name in outputs]
            given = inputs_of(http_client, inputs, binary_data=False)
            result = server.http.infer(model, given, outputs=wanted, parameters={"signature_name": signature})
            compare(result, outputs, signature)


for name in ("half_plus_two", "digits", "wine"):
    goldens(name)


@check("http: JSON in, binary out, and the other way round")
def _(server):
    wanted = [http_client.InferRequestedOutput("y", binary_data=True)]
    json_in = server.http.infer("half_plus_two", [floats(http_client, [1.5], binary_data=False)], outputs=wanted)
    close(json_in.as_numpy("y"), np.float32([2.75]))
    same("binary_data_size" in json_in.get_output("y")["parameters"], True, "binary answer")
    wanted = [http_client.InferRequestedOutput("y", binary_data=False)]
    json_out = server.http.infer("half_plus_two", [floats(http_client, [1.5], binary_data=True)], outputs=wanted)
    same(json_out.get_output("y")["data"], [2.75], "JSON answer")


@check("http: request bodies in gzip and deflate")
def _(server):
    for algorithm in ("gzip", "deflate"):
        result = server.http.infer("half_plus_two", [floats(http_client, [4])], request_compression_algorithm=algorithm)
        close(result.as_numpy("y"), np.float32([4]), algorithm)


@check("http: answers are wanted in gzip or deflate, and may come as they are")
def _(server):
    for algorithm in ("gzip", "deflate"):
        result = server.http.infer("half_plus_two", [floats(http_client, [4])], response_compression_algorithm=algorithm)
        close(result.as_numpy("y"), np.float32([4]), algorithm)


@check("http: many calls at once")
def _(server):
    calls = [server.http.async_infer("half_plus_two", [floats(http_client, [k])]) for k in range(32)]
    close([call.get_result().as_numpy("y")[0] for call in calls], np.arange(32) * 0.5 + 2)


@check("grpc: gzip")
def _(server):
    result = server.rpc.infer("half_plus_two", [floats(grpc_client, [4])], compression_algorithm="gzip")
    close(result.as_numpy("y"), np.float32([4]))


@check("grpc: a time limit")
def _(server):
    result = server.rpc.infer("half_plus_two", [floats(grpc_client, [4])], client_timeout=30)
    close(result.as_numpy("y"), np.float32([4]))


@check("grpc: values in typed contents are answered in typed contents")
def _(server):
    request = service_pb2.ModelInferRequest(model_name="half_plus_two")
    given = request.inputs.add(name="x", datatype="FP32", shape=[2])
    given.contents.fp32_contents.extend([1, 2])
    stub = service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(server.grpc))
    response = stub.ModelInfer(request, timeout=30)
    same(list(response.outputs[0].contents.fp32_contents), [2.5, 3.0])
    same(len(response.raw_output_contents), 0, "raw contents")


async def use_asyncio(client, module):
    async with client:
        same(await client.is_server_ready(), True, "ready")
        same(await client.is_model_ready("nope"), False, "ready")
        results = await asyncio.gather(*[client.infer("half_plus_two", [floats(module, [k])]) for k in range(8)])
        close([result.as_numpy("y")[0] for result in results], np.arange(8) * 0.5 + 2)
        try:
            await client.infer("nope", [floats(module, [1])])
        except InferenceServerException as error:
            contains(error.message(), "nope")
        else:
            raise AssertionError("expected an error")


@check("http: asyncio")
def _(server):
    async def main():
        await use_asyncio(http_aio.InferenceServerClient(server.rest), http_aio)

    asyncio.run(main())


@check("grpc: asyncio")
def _(server):
    async def main():
        await use_asyncio(grpc_aio.InferenceServerClient(server.grpc), grpc_aio)

    asyncio.run(main())


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(run(Servers(*sys.argv[1:])))
