import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ClassificationResponseSchema,
  type ClassificationResultSchema,
  MultiInferenceResponseSchema,
  RegressionResponseSchema,
  type RegressionResultSchema,
} from '@servable/protos/serving';
import type { ClassScore, ClassifyResult, InferenceResult, RegressResult } from '../handlers/calls.js';
import { encodeMessage, encodeModelSpec } from './message-codec.js';

/** A serialized ClassificationResponse. */
export function encodeClassifyResponse({ modelSpec, classifications }: ClassifyResult): Uint8Array {
  const result = classificationResult(classifications);
  return encodeMessage(
    ClassificationResponseSchema,
    create(ClassificationResponseSchema, { result, modelSpec: encodeModelSpec(modelSpec) }),
  );
}

/** A serialized RegressionResponse. */
export function encodeRegressResponse({ modelSpec, values }: RegressResult): Uint8Array {
  return encodeMessage(
    RegressionResponseSchema,
    create(RegressionResponseSchema, { result: regressionResult(values), modelSpec: encodeModelSpec(modelSpec) }),
  );
}

/** A serialized MultiInferenceResponse. */
export function encodeMultiInferenceResponse(results: readonly InferenceResult[]): Uint8Array {
  return encodeMessage(
    MultiInferenceResponseSchema,
    create(MultiInferenceResponseSchema, { results: results.map(inferenceResult) }),
  );
}

function classificationResult(
  classifications: readonly (readonly ClassScore[])[],
): MessageInitShape<typeof ClassificationResultSchema> {
  return {
    classifications: classifications.map((classes) => ({
      classes: classes.map(({ label, score }) => ({ label: labelText.decode(label), score })),
    })),
  };
}

/** A label is bytes in the tensor and a protobuf string, so UTF-8, in the response. */
const labelText = new TextDecoder('utf-8', { ignoreBOM: true });

function regressionResult(values: Float32Array): MessageInitShape<typeof RegressionResultSchema> {
  return { regressions: Array.from(values, (value) => ({ value })) };
}

function inferenceResult(result: InferenceResult) {
  const modelSpec = encodeModelSpec(result.modelSpec);
  return result.kind === 'classify'
    ? {
        modelSpec,
        result: { case: 'classificationResult' as const, value: classificationResult(result.classifications) },
      }
    : { modelSpec, result: { case: 'regressionResult' as const, value: regressionResult(result.values) } };
}
