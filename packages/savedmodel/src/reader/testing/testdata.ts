import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@servable/tensor';

const folder = fileURLToPath(new URL('../../../testdata/', import.meta.url));

/** A value as `export.py` wrote it: raw bytes, or one text per string, in base64. */
export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes?: string;
  readonly strings?: readonly string[];
}

/** Path of something that `testdata/export.py` wrote. */
export function testdata(...path: string[]): string {
  return join(folder, ...path);
}

/** The values that the reader must find in an export. */
export async function expected<T = Record<string, ExpectedTensor>>(name: string): Promise<T> {
  return JSON.parse(await readFile(testdata(name, 'expected.json'), 'utf8')) as T;
}

/** A tensor in the form of the expected values, with the dtype's name in TensorFlow. */
export function described(tensor: Tensor): ExpectedTensor {
  const { dtype, shape } = tensor;
  if (tensor.is('string')) return { dtype, shape, strings: tensor.data.map((value) => base64(value)) };
  const data = tensor.data as Uint8Array;
  return { dtype, shape, bytes: base64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** A folder of its own for one test, removed at its end. */
export async function scratch(copyOf?: string): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'servable-reader-'));
  if (copyOf !== undefined) await cp(testdata(copyOf), path, { recursive: true });
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Numbers from 0 up to `below`, the same for the same seed. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
