import type { DType, Tensor } from '@servable/tensor';
import { ortEnv } from '../native/ort-env.js';
import type { Pointer } from '../native/ort-functions.js';
import { copyValue, createValue, valueType, type ValueType } from '../native/ort-value.js';
import { RuntimeError } from '../runtime-error.js';

/**
 * A tensor that lies in the engine's memory, so that one call's output can be another's input without a copy.
 *
 * It is counted: it starts with one owner, {@link retain} adds one, {@link close} takes one away, and the last one frees
 * the memory. A session that runs with it holds it for the length of the call.
 *
 * @example
 * const outputs = await first.runNative(new Map([['x', x]]), ['hidden']);
 * using hidden = outputs.get('hidden')!;
 * const result = await second.run(new Map([['hidden', hidden]]), ['y']);
 */
export class NativeValue implements Disposable {
  readonly dtype: DType;
  readonly shape: readonly number[];
  #address: Pointer;
  #owners = 1;
  /** The typed array that the value points into, when it was made of a tensor. */
  #source: Tensor | undefined;

  private constructor(address: Pointer, type: ValueType, source: Tensor | undefined) {
    this.dtype = type.dtype;
    this.shape = type.shape;
    this.#address = address;
    this.#source = source;
  }

  /**
   * A native value of a tensor. Numbers are not copied: the value points into the tensor's typed array, which must not
   * change while calls run. Strings are copied.
   *
   * @throws RuntimeError UNIMPLEMENTED `UNSUPPORTED_DTYPE`
   */
  static fromTensor(tensor: Tensor): NativeValue {
    return new NativeValue(createValue(tensor), tensor, tensor);
  }

  /**
   * Takes over an `OrtValue`.
   *
   * @internal
   */
  static adopt(address: Pointer, name: string): NativeValue {
    try {
      return new NativeValue(address, valueType(address, name), undefined);
    } catch (error) {
      ortEnv().api.ReleaseValue(address);
      throw error;
    }
  }

  /** Whether the memory has been freed. */
  get closed(): boolean {
    return this.#owners === 0;
  }

  /**
   * Address of the `OrtValue`.
   *
   * @throws RuntimeError FAILED_PRECONDITION `VALUE_CLOSED`
   */
  get address(): Pointer {
    if (this.#owners === 0) throw closedError();
    return this.#address;
  }

  /** Adds an owner, who must {@link close} too. */
  retain(): this {
    if (this.#owners === 0) throw closedError();
    this.#owners++;
    return this;
  }

  /** Copies the values into a tensor of their own. */
  toTensor(): Tensor {
    return this.#source ?? copyValue(this.address, this);
  }

  /** Gives up ownership; the last owner frees the memory. Closing more often than there are owners does nothing. */
  close(): void {
    if (this.#owners === 0 || --this.#owners > 0) return;
    ortEnv().api.ReleaseValue(this.#address);
    this.#address = 0n;
    this.#source = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function closedError(): RuntimeError {
  return new RuntimeError('FAILED_PRECONDITION', 'VALUE_CLOSED', 'The native value has been closed');
}
