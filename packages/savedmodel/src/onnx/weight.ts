import { createHash } from 'node:crypto';
import { dtypeInfo, Tensor, type DType } from '@servable/tensor';
import type { Weight } from '../plan/plan.js';

/** Constants below this many bytes are read while compiling, since what they are decides what is emitted. */
export const MIN_WEIGHT_BYTES = 64 * 1024;

/** What is done to a weight's values when they are read. */
export type WeightChange = {
  /** Tells it from other changes; `undefined` where two of them are not compared. */
  readonly name?: string | undefined;
} & (
  | {
      /** In the memory in which they are. */
      readonly kind: 'inPlace';
      apply(values: Tensor): void;
    }
  | {
      /** From one memory to another. */
      readonly kind: 'move';
      apply(from: Tensor, to: Tensor): void;
    }
);

/** A weight whose values are those of another one, changed. No `change` means that only the shape is another. */
export function derivedWeight(weight: Weight, shape: readonly number[], change?: WeightChange): Weight {
  const { dtype, byteLength } = weight;
  return {
    dtype,
    shape,
    byteLength,
    get origin() {
      const name = change === undefined ? '' : change.name;
      const { origin } = weight;
      return origin === undefined || name === undefined ? undefined : `${origin} ${name}[${shape.join()}]`;
    },
    async readInto(target, scratch, signal) {
      if (change?.kind === 'move') {
        await weight.readInto(scratch, target, signal);
        change.apply(tensorOver(dtype, weight.shape, scratch), tensorOver(dtype, shape, target));
      } else {
        await weight.readInto(target, scratch, signal);
        change?.apply(tensorOver(dtype, shape, target));
      }
    },
  };
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
