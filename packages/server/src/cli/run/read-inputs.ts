import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ServingError } from '@servable/core';
import type { SignatureDef } from '@servable/protos/tensorflow';
import {
  decodeNpy,
  parsePredictRequestJson,
  stringTensor,
  tensor,
  TensorError,
  tensorInfoDtype,
  tensorInfoShape,
  type DType,
  type Tensor,
  type TensorValues,
} from '@servable/tensor';
import { decodeNpz } from './npz.js';

/**
 * Makes the inputs of a signature of words such as `x=file.npy`, `x=arrays.npz[name]`, `x=@values.json`, `x=[1,2]` and
 * `image=photo.jpg`, the bytes of a file; a file for each of several words of one name makes a batch of them.
 *
 * @param cwd - base of relative paths
 * @throws ServingError with the input to blame
 */
export async function readInputs(
  words: readonly string[],
  signature: SignatureDef,
  cwd: string,
): Promise<Record<string, Tensor>> {
  const given = new Map<string, string[]>();
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 1) throw badInput(word, 'expected NAME=VALUE');
    const alias = word.slice(0, equals);
    given.set(alias, [...(given.get(alias) ?? []), word.slice(equals + 1)]);
  }
  const inputs: Record<string, Tensor> = {};
  for (const [alias, values] of given) {
    const info = Object.hasOwn(signature.inputs, alias) ? signature.inputs[alias] : undefined;
    const dtype = info && tensorInfoDtype(info);
    if (info === undefined || dtype === undefined) {
      throw badInput(alias, `the signature has ${Object.keys(signature.inputs).join(', ') || 'no inputs'}`);
    }
    const input: Input = { alias, dtype, enum: info.dtype, shape: tensorInfoShape(info), cwd };
    try {
      inputs[alias] = values.length === 1 ? await readValue(values[0]!, input) : await readFiles(values, input);
    } catch (error) {
      if (!(error instanceof TensorError)) throw error;
      throw badInput(alias, error.message, error);
    }
  }
  return inputs;
}

interface Input {
  readonly alias: string;
  readonly dtype: DType;
  /** Number of `tensorflow.DataType`. */
  readonly enum: number;
  readonly shape: readonly number[] | undefined;
  readonly cwd: string;
}

async function readValue(value: string, input: Input): Promise<Tensor> {
  const { alias, cwd } = input;
  if (value.startsWith('@')) return parseJson(await readText(value.slice(1), input), input);
  const [, archive, member] = /^(.*\.npz)(?:\[(.*)\])?$/s.exec(value) ?? [];
  if (archive !== undefined) return fromArchive(await readBytes(archive, input), member, input);
  if (value.endsWith('.npy')) return decodeNpy(await readBytes(value, input));
  if (isJson(value)) return parseJson(value, input);
  if (await isFile(resolve(cwd, value))) return readFiles([value], input);
  throw badInput(
    alias,
    `expected JSON, or a file that exists, given ${value}; text is JSON when it is in quotes: ${alias}='"..."'`,
  );
}

function fromArchive(bytes: Uint8Array, member: string | undefined, { alias }: Input): Tensor {
  const arrays = decodeNpz(bytes);
  // numpy.savez names arrays that were given without a name arr_0, arr_1, ...
  const found =
    member === undefined
      ? (arrays.get(alias) ?? (arrays.size === 1 ? [...arrays.values()][0] : undefined))
      : arrays.get(member);
  if (found !== undefined) return found;
  throw badInput(
    alias,
    `the archive has no array ${member ?? alias}: expected one of ${[...arrays.keys()].join(', ') || 'none'}`,
  );
}

/** Files whose bytes are the elements of a string tensor: images, serialised protos. */
async function readFiles(files: readonly string[], input: Input): Promise<Tensor> {
  const { alias, dtype, shape } = input;
  if (dtype !== 'string') {
    throw badInput(
      alias,
      `only inputs of dtype string take the bytes of files, and it is ${dtype}: give it as .npy or JSON`,
    );
  }
  const contents: Uint8Array[] = [];
  for (const file of files) contents.push(await readBytes(file, input));
  const rank = shape?.length ?? (files.length > 1 ? 1 : 0);
  if (rank === 0 && files.length > 1) throw badInput(alias, `expected one file for a scalar, given ${files.length}`);
  // A batch comes first; the other dimensions can only be 1.
  return stringTensor(
    Array.from({ length: rank }, (_, axis) => (axis === 0 ? files.length : 1)),
    contents,
  );
}

function parseJson(text: string, { alias, dtype, enum: number }: Input): Tensor {
  // The codec of REST reads 64-bit integers exactly, and {"b64": ...} as bytes; these dtypes it does not know.
  if (['float16', 'bfloat16', 'uint16', 'complex64', 'complex128'].includes(dtype)) {
    return tensor(JSON.parse(text) as TensorValues, dtype);
  }
  const body = new TextEncoder().encode(`{"inputs": {${JSON.stringify(alias)}: ${text}}}`);
  const parsed = parsePredictRequestJson(body, () => ({ [alias]: { dtype: number } })).inputs.get(alias);
  if (parsed === undefined) throw badInput(alias, 'expected one JSON value');
  return parsed;
}

/** Whether a word is meant as JSON: file names begin otherwise. */
function isJson(value: string): boolean {
  return /^\s*(\[|\{|"|-?\d+(\.\d*)?([eE][+-]?\d+)?\s*$|(true|false)\s*$)/.test(value);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  );
}

async function readText(file: string, input: Input): Promise<string> {
  return new TextDecoder().decode(await readBytes(file, input));
}

async function readBytes(file: string, { alias, cwd }: Input): Promise<Uint8Array> {
  const path = resolve(cwd, file);
  try {
    return await readFile(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw badInput(alias, missing ? `${path} does not exist` : (cause as Error).message, cause);
  }
}

function badInput(alias: string, what: string, cause?: unknown): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'BAD_INPUT', `Bad input ${alias}: ${what}`, { cause });
}
