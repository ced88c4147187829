import { ServingError } from '@servable/core';
import { decodeNpy, encodeNpy, type Tensor } from '@servable/tensor';
import { readZip, writeZip } from './zip.js';

/**
 * Reads the arrays of a `.npz` file by name, as `numpy.savez` and `numpy.savez_compressed` write it.
 *
 * @throws ServingError what {@link readZip} throws; TensorError what `decodeNpy` throws
 */
export function decodeNpz(bytes: Uint8Array): Map<string, Tensor> {
  const arrays = new Map<string, Tensor>();
  for (const [name, contents] of readZip(bytes)) {
    if (name.endsWith('.npy')) arrays.set(name.slice(0, -'.npy'.length), decodeNpy(contents));
  }
  return arrays;
}

/**
 * Writes tensors as a `.npz` file, as parts to be written one behind the other.
 *
 * @throws ServingError UNIMPLEMENTED `NPZ_DTYPE_UNSUPPORTED` that names the tensor for dtypes that NumPy cannot hold
 */
export function encodeNpz(tensors: Iterable<readonly [string, Tensor]>): Uint8Array[] {
  return writeZip(new Map([...tensors].map(([name, tensor]) => [`${name}.npy`, encodeArray(name, tensor)])));
}

/** One tensor as a `.npy` file; throws what {@link encodeNpz} throws. */
export function encodeArray(name: string, tensor: Tensor): Uint8Array {
  try {
    return encodeNpy(tensor);
  } catch (cause) {
    throw new ServingError(
      'UNIMPLEMENTED',
      'NPZ_DTYPE_UNSUPPORTED',
      `Output ${name} is ${tensor.dtype}, which a NumPy file cannot hold: write a .json file, or leave it out with --output-filter`,
      { cause },
    );
  }
}
