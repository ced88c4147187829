import { dtypeInfo, type Tensor } from '@servable/tensor';
import { nativeNames, type NativeNames } from '../native/address.js';
import { engineDType } from '../native/element-type.js';
import { ortEnv } from '../native/ort-env.js';
import type { Pointer } from '../native/ort-functions.js';
import { createValue } from '../native/ort-value.js';
import { RuntimeError } from '../runtime-error.js';
import { NativeValue } from './native-value.js';
import type { SessionSignature, ValueInfo } from './value-info.js';

/** What a call can be fed with. */
export type Feeds = ReadonlyMap<string, Tensor | NativeValue>;

/** Values of one call as native code gets them. */
export interface SessionCall {
  readonly inputNames: NativeNames;
  readonly inputs: BigUint64Array;
  readonly inputCount: number;
  readonly outputNames: NativeNames;
  readonly outputs: BigUint64Array;
  /** Bytes of all inputs, the measure of its cost. */
  readonly bytes: number;
  /** The tensors whose memory the inputs point into. */
  readonly tensors: readonly Tensor[];
  /** Gives back what the call holds, except its outputs. */
  release(): void;
}

/** Outputs in another order or number are laid out anew once this many are known. */
const rememberedFetches = 64;
/** What a string counts for in the cost of a call. */
const stringBytes = 32;

/** Turns feeds and fetches into calls of one session. */
export class CallFactory {
  readonly #signature: SessionSignature;
  readonly #inputs: ReadonlyMap<string, ValueInfo>;
  readonly #outputs: ReadonlySet<string>;
  readonly #inputNames: NativeNames;
  readonly #fetches = new Map<string, NativeNames>();

  constructor(signature: SessionSignature) {
    this.#signature = signature;
    this.#inputs = new Map(signature.inputs.map((input) => [input.name, input]));
    this.#outputs = new Set(signature.outputs.map((output) => output.name));
    this.#inputNames = nativeNames([...this.#inputs.keys()]);
  }

  /**
   * Checks names and dtypes, and makes native values of the tensors.
   *
   * @throws RuntimeError INVALID_ARGUMENT
   */
  prepare(feeds: Feeds, fetches: readonly string[]): SessionCall {
    const outputNames = this.#outputNames(fetches);
    if (feeds.size !== this.#inputs.size) this.#refuse(feeds);
    const inputs = new BigUint64Array(Math.max(1, this.#inputs.size));
    const tensors: Tensor[] = [];
    const made: Pointer[] = [];
    const held: NativeValue[] = [];
    const release = () => {
      const { api } = ortEnv();
      for (const value of made) api.ReleaseValue(value);
      for (const value of held) value.close();
    };
    let bytes = 0;
    let index = 0;
    try {
      for (const [name, info] of this.#inputs) {
        const feed = feeds.get(name) ?? this.#refuse(feeds);
        if (engineDType(feed.dtype) !== info.dtype) throw wrongDType(info, feed);
        if (feed instanceof NativeValue) {
          inputs[index++] = feed.address;
          held.push(feed.retain());
          bytes += feed.shape.reduce((size, dim) => size * dim, 1) * (dtypeInfo(feed.dtype).bytes || stringBytes);
        } else {
          const value = createValue(feed);
          inputs[index++] = value;
          made.push(value);
          tensors.push(feed);
          bytes += feed.dtype === 'string' ? feed.size * stringBytes : (feed.data as Uint8Array).byteLength;
        }
      }
    } catch (error) {
      release();
      throw error;
    }
    return {
      inputNames: this.#inputNames,
      inputs,
      inputCount: this.#inputs.size,
      outputNames,
      outputs: new BigUint64Array(fetches.length),
      bytes,
      tensors,
      release,
    };
  }

  #outputNames(fetches: readonly string[]): NativeNames {
    const key = fetches.join('\0');
    const known = this.#fetches.get(key);
    if (known !== undefined) return known;
    if (fetches.length === 0) {
      throw new RuntimeError('INVALID_ARGUMENT', 'NO_OUTPUTS', 'Expected one output to fetch or more, given none');
    }
    const seen = new Set<string>();
    for (const name of fetches) {
      if (!this.#outputs.has(name)) throw this.#unknownOutput(name);
      if (seen.has(name)) {
        throw new RuntimeError(
          'INVALID_ARGUMENT',
          'DUPLICATE_OUTPUT',
          `Output ${quote(name)} is fetched more than once`,
        );
      }
      seen.add(name);
    }
    const names = nativeNames(fetches);
    if (this.#fetches.size < rememberedFetches) this.#fetches.set(key, names);
    return names;
  }

  #refuse(feeds: Feeds): never {
    const expected = [...this.#inputs.keys()].map(quote).join(', ') || 'none';
    for (const name of feeds.keys()) {
      if (this.#inputs.has(name)) continue;
      throw new RuntimeError(
        'INVALID_ARGUMENT',
        'UNKNOWN_INPUT',
        `The model has no input ${quote(name)}: expected ${expected}`,
        { input: name },
      );
    }
    const missing = [...this.#inputs.keys()].filter((name) => !feeds.has(name));
    throw new RuntimeError(
      'INVALID_ARGUMENT',
      'MISSING_INPUT',
      `Missing input ${missing.map(quote).join(', ')}: expected ${expected}, given ${[...feeds.keys()].map(quote).join(', ') || 'none'}`,
      missing[0] === undefined ? {} : { input: missing[0] },
    );
  }

  #unknownOutput(name: string): RuntimeError {
    const other = this.#signature.otherOutputs.get(name);
    if (other !== undefined) {
      return new RuntimeError(
        'UNIMPLEMENTED',
        'UNSUPPORTED_VALUE',
        `Output ${quote(name)} cannot be fetched: expected a tensor, given a ${other}`,
      );
    }
    const expected = [...this.#outputs].map(quote).join(', ') || 'none';
    return new RuntimeError(
      'INVALID_ARGUMENT',
      'UNKNOWN_OUTPUT',
      `The model has no output ${quote(name)}: expected ${expected}`,
    );
  }
}

function wrongDType(info: ValueInfo, given: Tensor | NativeValue): RuntimeError {
  return new RuntimeError(
    'INVALID_ARGUMENT',
    'INPUT_DTYPE_MISMATCH',
    `Input ${quote(info.name)}: expected dtype ${info.dtype}, given ${given.dtype}`,
    { input: info.name },
  );
}

function quote(name: string): string {
  return JSON.stringify(name);
}
