import { toBinary } from '@bufbuild/protobuf';
import { type LogMetadata, LogMetadataSchema } from '@servable/protos/serving';

/** The calls that a PredictionLog can hold, and the field that it holds each of them in. */
const logFields = { classify: 2, regress: 3, multiInference: 4, sessionRun: 5, predict: 6 } as const;

/** One call and what was answered, as the messages were on the wire. */
export interface LoggedCall {
  readonly kind: keyof typeof logFields;
  /** A serialized request: a PredictRequest for `predict`, a ClassificationRequest for `classify`, and so on. */
  readonly request: Uint8Array;
  /** A serialized response of the same kind; absent where it is not kept, or there was none. */
  readonly response?: Uint8Array | undefined;
  /** When and how it was sampled. */
  readonly metadata?: LogMetadata | undefined;
}

/**
 * A serialized `tensorflow.serving.PredictionLog`, the record of warm-up files and request logs
 * (`tensorflow_serving/apis/prediction_log.proto`), around messages that are serialized already.
 */
export function encodePredictionLog({ kind, request, response, metadata }: LoggedCall): Uint8Array {
  // Every kind of log has the request in field 1 and the response in field 2.
  const log = [...field(1, request), ...(response === undefined ? [] : field(2, response))];
  const parts = metadata === undefined ? [] : field(1, toBinary(LogMetadataSchema, metadata));
  const size = log.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([...parts, head(logFields[kind], size), ...log]);
}

function field(number: number, bytes: Uint8Array): readonly Uint8Array[] {
  return [head(number, bytes.length), bytes];
}

/** The tag of a field with a length, and the length. */
function head(number: number, length: number): Uint8Array {
  const bytes = [(number << 3) | 2];
  let rest = length;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
