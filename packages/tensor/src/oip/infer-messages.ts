import type { Tensor } from '../tensor/tensor.js';

/** Value of one parameter of the Open Inference Protocol. */
export type OipParameter = string | number | bigint | boolean;

/** Parameters by name; what nobody knows is passed over. */
export type OipParameters = ReadonlyMap<string, OipParameter>;

/** One output that a request names. */
export interface OipRequestedOutput {
  readonly name: string;
  readonly parameters: OipParameters;
}

/** An inference request, without the model that its URL or its message names. */
export interface OipInferRequest {
  readonly id: string | undefined;
  readonly parameters: OipParameters;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Empty: all outputs. */
  readonly outputs: readonly OipRequestedOutput[];
}

/** An inference response. */
export interface OipInferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  /** Left out where the request has none. */
  readonly id: string | undefined;
  /** By name, in this order. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}
