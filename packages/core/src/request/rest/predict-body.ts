import {
  decodeNpy,
  decodeRawTensors,
  encodeNpy,
  encodeRawTensors,
  formatPredictResponseJson,
  parsePredictRequestJson,
  type JsonLimits,
  type JsonPredictFormat,
  type Tensor,
} from '@servable/tensor';
import type { SignatureDef } from '@servable/protos/tensorflow';
import { ServingError } from '../../servable/serving-error.js';
import type { PredictResult } from '../handlers/calls.js';
import type { PredictMedia } from './media-type.js';

/** What the body of a predict call says, in whatever form. */
export interface PredictBody {
  /** Empty when the body names none. */
  readonly signatureName: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Empty when the body has none. */
  readonly outputFilter: readonly string[];
  /** The layout of a JSON answer. */
  readonly format: JsonPredictFormat;
}

/** Finds the signature with the name that the body gives, `''` when it gives none. */
export type SignatureLookup = (signatureName: string) => SignatureDef;

/**
 * Reads the body of a predict call; only JSON needs the signature for its dtypes, and an array file for the name of its
 * input.
 *
 * @throws TensorError, and what `lookup` throws
 */
export function readPredictBody(
  media: PredictMedia,
  body: Uint8Array,
  lookup: SignatureLookup,
  limits?: JsonLimits,
): PredictBody {
  switch (media) {
    case 'json':
      return { ...parsePredictRequestJson(body, (name) => lookup(name).inputs, limits), outputFilter: [] };
    case 'raw': {
      const { header, tensors } = decodeRawTensors(body);
      const signatureName = header['signature_name'] ?? '';
      const outputFilter = header['output_filter'] ?? [];
      if (typeof signatureName !== 'string') throw malformed('"signature_name" to be a string', signatureName);
      if (!isStrings(outputFilter)) throw malformed('"output_filter" to be an array of strings', outputFilter);
      return { signatureName, inputs: tensors, outputFilter, format: 'columnar' };
    }
    case 'npy': {
      const inputs = new Map([[onlyInput(lookup('')), decodeNpy(body)]]);
      return { signatureName: '', inputs, outputFilter: [], format: 'row' };
    }
  }
}

/** The input that an array without a name is for: the only one, or the only one without a default. */
function onlyInput({ inputs, defaults }: SignatureDef): string {
  const all = Object.keys(inputs).sort();
  const required = all.length === 1 ? all : all.filter((alias) => !Object.hasOwn(defaults, alias));
  if (required.length === 1) return required[0]!;
  throw new ServingError(
    'INVALID_ARGUMENT',
    'INPUT_AMBIGUOUS',
    `A .npy body is the value of one input; the signature has {${required.join(',')}}`,
  );
}

/**
 * Writes the answer to a predict call.
 *
 * @throws TensorError for dtypes that the form cannot hold; ServingError INVALID_ARGUMENT when there is more than one
 * output for a .npy file
 */
export function writePredictBody(
  media: PredictMedia,
  { modelSpec, outputs }: PredictResult,
  format: JsonPredictFormat,
): Uint8Array {
  switch (media) {
    case 'json':
      return formatPredictResponseJson(outputs, format);
    case 'raw': {
      const { name, version, signatureName } = modelSpec;
      return encodeRawTensors(outputs, {
        model_spec: { name, version: String(version), signature_name: signatureName },
      });
    }
    case 'npy': {
      const [output, ...others] = outputs.values();
      if (output !== undefined && others.length === 0) return encodeNpy(output);
      throw new ServingError(
        'INVALID_ARGUMENT',
        'OUTPUT_AMBIGUOUS',
        `A .npy answer is one output; the signature gives {${[...outputs.keys()].join(',')}}. Choose one with ` +
          'output_filter in the query',
      );
    }
  }
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function malformed(expected: string, given: unknown): ServingError {
  const message = `Malformed header of raw tensors: expected ${expected}, given ${JSON.stringify(given).slice(0, 100)}`;
  return new ServingError('INVALID_ARGUMENT', 'RAW_HEADER_MALFORMED', message);
}
