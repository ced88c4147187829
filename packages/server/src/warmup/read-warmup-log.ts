import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type ExampleCall,
  type ExampleInput,
  type ModelSpec,
  type MultiInferenceCall,
  type PredictCall,
  ServingError,
} from '@servable/core';
import {
  type Input,
  type ModelSpec as ModelSpecProto,
  PredictionLogSchema,
  PredictRequestSchema,
} from '@servable/protos/serving';
import { ExampleSchema } from '@servable/protos/tensorflow';
import { decodePredictRequest } from '@servable/tensor';

/** One recorded request, ready for its handler. */
export type WarmupCall =
  | { readonly kind: 'predict'; readonly call: PredictCall }
  | { readonly kind: 'classify' | 'regress'; readonly call: ExampleCall }
  | { readonly kind: 'multiInference'; readonly call: MultiInferenceCall };

/** Field numbers of the kinds of PredictionLog that cannot be replayed. */
const unsupported = { sessionRunLog: 5, predictStreamedLog: 7 } as const;

/**
 * Reads a record of a warm-up file: a serialized PredictionLog (upstream: servables/tensorflow/saved_model_warmup.cc).
 *
 * @param path - of the file, for messages
 * @returns `undefined` for a log without a request in it, which is passed over
 * @throws ServingError INVALID_ARGUMENT `Failed to parse warmup record: …`; UNIMPLEMENTED
 * `Unsupported log_type for warmup: <field number>`
 */
export function readWarmupLog(record: Uint8Array, path: string): WarmupCall | undefined {
  const { logType } = parseLog(record, path);
  switch (logType.case) {
    case undefined:
      return undefined;
    case 'predictLog': {
      const { request } = logType.value;
      if (!request) return { kind: 'predict', call: { modelSpec: anySpec, inputs: new Map(), outputFilter: [] } };
      const call = decodePredictRequest(toBinary(PredictRequestSchema, request), { collectInputErrors: true });
      return { kind: 'predict', call: { ...call, modelSpec: specOf(request.modelSpec) } };
    }
    case 'classifyLog':
    case 'regressLog': {
      const { request } = logType.value;
      const kind = logType.case === 'classifyLog' ? 'classify' : 'regress';
      return { kind, call: { modelSpec: specOf(request?.modelSpec), input: inputOf(request?.input) } };
    }
    case 'multiInferenceLog': {
      const { request } = logType.value;
      const tasks = (request?.tasks ?? []).map(({ modelSpec, methodName }) => ({
        modelSpec: modelSpec && { name: modelSpec.name, signatureName: modelSpec.signatureName },
        methodName,
      }));
      return { kind: 'multiInference', call: { tasks, input: inputOf(request?.input) } };
    }
    default:
      throw new ServingError(
        'UNIMPLEMENTED',
        'WARMUP_LOG_UNSUPPORTED',
        `Unsupported log_type for warmup: ${unsupported[logType.case]}`,
      );
  }
}

function parseLog(record: Uint8Array, path: string) {
  try {
    return fromBinary(PredictionLogSchema, record);
  } catch (cause) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'WARMUP_RECORD_INVALID',
      `Failed to parse warmup record: ${Buffer.from(record).toString('latin1')} from ${path}`,
      { cause },
    );
  }
}

const anySpec: ModelSpec = { name: '', signatureName: '' };

/** Which model and version the request was recorded for does not matter: it is replayed into the one that is loading. */
function specOf(spec: ModelSpecProto | undefined): ModelSpec {
  return { name: spec?.name ?? '', signatureName: spec?.signatureName ?? '' };
}

function inputOf(input: Input | undefined): ExampleInput | undefined {
  switch (input?.kind.case) {
    case 'exampleList':
      return { examples: input.kind.value.examples.map((example) => toBinary(ExampleSchema, example)) };
    case 'exampleListWithContext': {
      const { examples, context } = input.kind.value;
      return {
        examples: examples.map((example) => toBinary(ExampleSchema, example)),
        context: context && toBinary(ExampleSchema, context),
      };
    }
    default:
      return undefined;
  }
}
