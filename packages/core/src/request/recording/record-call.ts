import { create } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  ClassificationRequestSchema,
  Int64ValueSchema,
  type ModelSpec as ModelSpecMessage,
  ModelSpecSchema,
  MultiInferenceRequestSchema,
  RegressionRequestSchema,
  SerializedInputSchema,
  SessionRunRequestSchema,
  SessionRunResponseSchema,
} from '@servable/protos/serving';
import { encodePredictRequest, encodePredictResponse, tensorToProto, type Tensor } from '@servable/tensor';
import type { PredictionRecorder } from '../../servable/prediction-recorder.js';
import {
  encodeClassifyResponse,
  encodeMultiInferenceResponse,
  encodeRegressResponse,
} from '../grpc/inference-responses.js';
import { encodeMessage, encodeModelSpec } from '../grpc/message-codec.js';
import type {
  ClassifyResult,
  InferenceResult,
  MultiInferenceCall,
  PredictCall,
  PredictResult,
  RegressResult,
  SessionRunCall,
  SessionRunResult,
} from '../handlers/calls.js';
import type { ExampleCall, ExampleInput } from '../handlers/example-input.js';
import type { ModelSpec, ResolvedModelSpec } from '../handlers/model-spec.js';

/** Tensors are recorded as their bytes, whatever the transport wrote them as: that is what is read and written fastest. */
const content = true;

/** Gives an answered Predict call to a recorder. */
export function recordPredict(recorder: PredictionRecorder, call: PredictCall, result: PredictResult): void {
  recorder.record({
    kind: 'predict',
    modelSpec: result.modelSpec,
    request: () => encodePredictRequest(call, { content }),
    response: () => encodePredictResponse(result, { content }),
  });
}

/** Gives an answered Classify call to a recorder. */
export function recordClassify(recorder: PredictionRecorder, call: ExampleCall, result: ClassifyResult): void {
  const message = () => create(ClassificationRequestSchema, { modelSpec: modelSpecMessage(call.modelSpec) });
  recorder.record({
    kind: 'classify',
    modelSpec: result.modelSpec,
    request: () => withInput(encodeMessage(ClassificationRequestSchema, message()), call.input),
    response: () => encodeClassifyResponse(result),
  });
}

/** Gives an answered Regress call to a recorder. */
export function recordRegress(recorder: PredictionRecorder, call: ExampleCall, result: RegressResult): void {
  const message = () => create(RegressionRequestSchema, { modelSpec: modelSpecMessage(call.modelSpec) });
  recorder.record({
    kind: 'regress',
    modelSpec: result.modelSpec,
    request: () => withInput(encodeMessage(RegressionRequestSchema, message()), call.input),
    response: () => encodeRegressResponse(result),
  });
}

/** Gives an answered MultiInference call to a recorder. */
export function recordMultiInference(
  recorder: PredictionRecorder,
  call: MultiInferenceCall,
  results: readonly InferenceResult[],
): void {
  const first = results[0];
  if (first === undefined) return;
  const tasks = () =>
    call.tasks.map(({ modelSpec, methodName }) => ({ modelSpec: modelSpecMessage(modelSpec), methodName }));
  recorder.record({
    kind: 'multiInference',
    modelSpec: { ...first.modelSpec, signatureName: results.length === 1 ? first.modelSpec.signatureName : '' },
    request: () =>
      withInput(
        encodeMessage(MultiInferenceRequestSchema, create(MultiInferenceRequestSchema, { tasks: tasks() })),
        call.input,
      ),
    response: () => encodeMultiInferenceResponse(results),
  });
}

/** Gives an answered SessionRun call to a recorder. */
export function recordSessionRun(recorder: PredictionRecorder, call: SessionRunCall, result: SessionRunResult): void {
  recorder.record({
    kind: 'sessionRun',
    modelSpec: result.modelSpec,
    request: () =>
      encodeMessage(
        SessionRunRequestSchema,
        create(SessionRunRequestSchema, {
          modelSpec: modelSpecMessage(call.modelSpec),
          feed: call.feeds.map(namedTensor),
          fetch: [...call.fetches],
          target: [...call.targets],
          tensorNameIsAlias: call.namesAreAliases,
        }),
      ),
    response: () => encodeSessionRunResponse(result, { content }),
  });
}

/** A serialized SessionRunResponse. */
export function encodeSessionRunResponse(
  { modelSpec, tensors }: SessionRunResult,
  options: { readonly content: boolean },
): Uint8Array {
  return encodeMessage(
    SessionRunResponseSchema,
    create(SessionRunResponseSchema, {
      modelSpec: encodeModelSpec(modelSpec),
      tensor: tensors.map(([name, tensor]) => ({ name, tensor: tensorToProto(tensor, options) })),
      metadata: {},
    }),
  );
}

function namedTensor([name, tensor]: readonly [string, Tensor]) {
  return { name, tensor: tensorToProto(tensor, { content }) };
}

function modelSpecMessage(spec: ModelSpec | ResolvedModelSpec | undefined): ModelSpecMessage | undefined {
  if (spec === undefined) return undefined;
  const { name, signatureName, version } = spec;
  const label = 'versionLabel' in spec ? spec.versionLabel : undefined;
  return create(ModelSpecSchema, {
    name,
    signatureName,
    ...(version !== undefined
      ? { versionChoice: { case: 'version', value: create(Int64ValueSchema, { value: version }) } }
      : label !== undefined
        ? { versionChoice: { case: 'versionLabel', value: label } }
        : {}),
  });
}

/** Field 2 of Classify, Regress and MultiInference requests. */
const inputField = 2;

/** Adds the `Input` to a message; the tf.Examples in it stay serialized (`internal.SerializedInput`). */
function withInput(message: Uint8Array, input: ExampleInput | undefined): Uint8Array {
  if (input === undefined) return message;
  const { examples, context } = input;
  const list = { examples: [...examples] };
  const serialized = create(SerializedInputSchema, {
    kind:
      context === undefined
        ? { case: 'exampleList', value: list }
        : { case: 'exampleListWithContext', value: { ...list, context } },
  });
  const bytes = encodeMessage(SerializedInputSchema, serialized);
  return Buffer.concat([message, new BinaryWriter().tag(inputField, WireType.LengthDelimited).bytes(bytes).finish()]);
}
