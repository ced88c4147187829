import { readFile } from 'node:fs/promises';
import { ServingError } from '@servable/core';
import type { SignatureDef } from '@servable/protos/tensorflow';
import { parsePredictRequestJson, type Tensor } from '@servable/tensor';

/** A request that was written down as JSON. */
export interface JsonRequest {
  readonly signatureName: string;
  readonly inputs: ReadonlyMap<string, Tensor>;
}

/**
 * Reads bodies of Predict calls over REST, `{"instances": …}` or `{"inputs": …}` with an optional `signature_name`: one
 * in the whole file, a list of them, or one on each line.
 *
 * @throws ServingError INVALID_ARGUMENT with the number of the request that is wrong
 */
export async function readRequests(
  file: string,
  signatures: ReadonlyMap<string, SignatureDef>,
  defaultSignature: string,
): Promise<readonly JsonRequest[]> {
  const text = await readText(file);
  return split(text).map((body, index) => {
    try {
      const parsed = parsePredictRequestJson(new TextEncoder().encode(body), (name) => {
        const signature = signatures.get(name === '' ? defaultSignature : name);
        if (signature !== undefined) return signature.inputs;
        throw new ServingError(
          'INVALID_ARGUMENT',
          'SIGNATURE_NOT_FOUND',
          `expected a signature of ${[...signatures.keys()].join(', ')}; got ${name || defaultSignature}`,
        );
      });
      return { signatureName: parsed.signatureName || defaultSignature, inputs: parsed.inputs };
    } catch (cause) {
      const { message } = cause as Error;
      throw new ServingError('INVALID_ARGUMENT', 'BAD_REQUEST', `${file}: request ${index + 1}: ${message}`, { cause });
    }
  });
}

/** The texts of the requests, untouched: 64-bit integers would lose digits by way of JSON.parse. */
function split(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length > 1 && lines.every((line) => isObject(line))) return lines;
  return text.trimStart().startsWith('[') ? elements(text) : [text];
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** The elements of a JSON list as texts. */
function elements(text: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  let isText = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (isText) {
      if (character === '\\') at += 1;
      else if (character === '"') isText = false;
      continue;
    }
    if (character === '"') isText = true;
    else if (character === '[' || character === '{') {
      depth += 1;
      if (depth === 1) from = at + 1;
    } else if (character === ']' || character === '}') {
      depth -= 1;
      if (depth === 0) found.push(text.slice(from, at));
    } else if (character === ',' && depth === 1) {
      found.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return found.filter((element) => element.trim() !== '');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const what = missing ? `${file} does not exist` : `${file}: ${(cause as Error).message}`;
    throw new ServingError(missing ? 'NOT_FOUND' : 'UNKNOWN', 'FILE_NOT_READABLE', what, { cause });
  }
}
