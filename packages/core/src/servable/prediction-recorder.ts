/** The kinds of requests that a PredictionLog can hold. */
export type PredictionLogKind = 'classify' | 'regress' | 'multiInference' | 'sessionRun' | 'predict';

/** A request that a model has answered. The messages are only made when they are asked for. */
export interface AnsweredCall {
  readonly kind: PredictionLogKind;
  /** What answered; `signatureName` is empty where there is none, or more than one. */
  readonly modelSpec: { readonly name: string; readonly version: bigint; readonly signatureName: string };
  /** The request as the message of its kind (PredictRequest, …), serialized. Only valid during the call of `record`. */
  readonly request: () => Uint8Array;
  /** The response, likewise. */
  readonly response: () => Uint8Array;
}

/** Takes samples of the requests that models have answered, on whatever transport they came. */
export interface PredictionRecorder {
  /** Called once for each answered inference request, before its response is sent. Must return soon and not throw. */
  record(call: AnsweredCall): void;
}
