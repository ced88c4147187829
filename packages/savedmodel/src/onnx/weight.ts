import { createHash } from 'node:crypto';
import { dtypeInfo, Tensor, type DType } from '@servable/tensor';
import { scaleRows, transposeInto, transposeScaledInto } from '../kernels/transpose.js';
import type { Weight } from '../plan/plan.js';

/** Constants below this many bytes are read while compiling, since what they are decides what is emitted. */
export const MIN_WEIGHT_BYTES = 64 * 1024;

/** What is done to a weight's values when they are read. */
export type WeightChange =
  | {
      /** Multiplied, in the memory in which they are. */
      readonly kind: 'scale';
      /** One for each index of the first dimension. */
      readonly factors: Float32Array;
    }
  | { readonly kind: 'transpose'; readonly perm: readonly number[] }
  | {
      /** From one memory to another in another way, which is not compared with others. */
      readonly kind: 'move';
      apply(from: Tensor, to: Tensor): void;
    };

/** The weights of which others are transpositions. */
const transposed = new WeakMap<Weight, { readonly of: Weight; readonly perm: readonly number[] }>();

/** A weight whose values are those of another one, changed. No `change` means that only the shape is another. */
export function derivedWeight(weight: Weight, shape: readonly number[], change?: WeightChange): Weight {
  const { dtype, byteLength } = weight;
  const derived: Weight = {
    dtype,
    shape,
    byteLength,
    get origin() {
      const name = nameOf(change);
      const { origin } = weight;
      return origin === undefined || name === undefined ? undefined : `${origin} ${name}[${shape.join()}]`;
    },
    async readInto(target, scratch, signal) {
      const to = (): Tensor => tensorOver(dtype, shape, target);
      if (change === undefined) return weight.readInto(target, scratch, signal);
      if (change.kind === 'scale') {
        const source = transposed.get(weight);
        if (source === undefined) {
          await weight.readInto(target, scratch, signal);
          scaleRows(to().data as Float32Array, change.factors);
        } else {
          // In one pass over the memory instead of two.
          await source.of.readInto(scratch, target, signal);
          transposeScaledInto(tensorOver(dtype, source.of.shape, scratch), to(), source.perm, change.factors);
        }
        return;
      }
      await weight.readInto(scratch, target, signal);
      const from = tensorOver(dtype, weight.shape, scratch);
      if (change.kind === 'move') change.apply(from, to());
      else transposeInto(from, to(), change.perm);
    },
  };
  if (change?.kind === 'transpose') transposed.set(derived, { of: weight, perm: change.perm });
  return derived;
}

/** Tells a change from others; `undefined` where two of them are not compared. */
function nameOf(change: WeightChange | undefined): string | undefined {
  switch (change?.kind) {
    case undefined:
      return '';
    case 'scale':
      return `scaled ${digestOf(bytesOf(change.factors))}`;
    case 'transpose':
      return `transposed ${change.perm.join()}`;
    case 'move':
      return undefined;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A constant that is in memory anyway. */
export function weightOf(tensor: Tensor): Weight {
  const { buffer, byteOffset, byteLength } = tensor.data as Uint8Array;
  return {
    dtype: tensor.dtype,
    shape: tensor.shape,
    byteLength,
    get origin() {
      return `constant ${digestOf(new Uint8Array(buffer, byteOffset, byteLength))}`;
    },
    readInto: (target) => Promise.resolve(target.set(new Uint8Array(buffer, byteOffset, byteLength))),
  };
}

/** Tells bytes from all others, for origins. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

/** Reads a weight into memory of its own. */
export async function readWeight(weight: Weight, signal?: AbortSignal): Promise<Tensor> {
  const target = new Uint8Array(weight.byteLength);
  await weight.readInto(target, new Uint8Array(weight.byteLength), signal);
  return tensorOver(weight.dtype, weight.shape, target);
}

function tensorOver(dtype: DType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const { array, bytes: width, lanes } = dtypeInfo(dtype);
  if (array === undefined) throw new RangeError(`weights of dtype ${dtype}`);
  return new Tensor(dtype, shape, new array(bytes.buffer, bytes.byteOffset, (bytes.length / width) * lanes) as never);
}
