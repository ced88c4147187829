import { create } from '@bufbuild/protobuf';
import { Int64ValueSchema, type LogMetadata, LogMetadataSchema, ModelSpecSchema } from '@servable/protos/serving';
import type { AnsweredCall } from '../servable/prediction-recorder.js';

/** What a PredictionLog says of its request: the version that answered, the rate of the sample, the time. */
export function logMetadata(
  { name, version, signatureName }: AnsweredCall['modelSpec'],
  samplingRate: number,
  timestampSeconds: number,
): LogMetadata {
  return create(LogMetadataSchema, {
    modelSpec: create(ModelSpecSchema, {
      name,
      signatureName,
      versionChoice: { case: 'version', value: create(Int64ValueSchema, { value: version }) },
    }),
    samplingConfig: { samplingRate },
    timestampSecs: BigInt(timestampSeconds),
  });
}
