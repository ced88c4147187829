import { Tensor } from '../tensor/tensor.js';
import { createValueBuffer } from './create-value-buffer.js';
import { DenseReader } from './dense-reader.js';
import { ch, decodeUtf8, encodeUtf8, equalBytes } from './json-text.js';
import type { JsonPredictRequest } from './json-predict-request.js';
import { prepareInputs, type JsonInput, type SignatureInputs } from './signature-inputs.js';
import { isSpace, type Scanner, type ValueBuffer } from './value-buffer.js';

const base64Key = encodeUtf8('b64');
const keys = {
  signatureName: encodeUtf8('signature_name'),
  instances: encodeUtf8('instances'),
  inputs: encodeUtf8('inputs'),
};

/** How far from its end a body is searched for a `signature_name` that follows the data. */
const tailLength = 512;

/**
 * Reads an ordinary Predict body in one pass: `instances` or `inputs`, with `signature_name` before it or shortly after
 * it, no other keys, no escapes, no key twice.
 *
 * @returns `undefined` for all other bodies, good or bad; nothing is ever thrown
 */
export function readPlainPredictRequest(
  body: Uint8Array,
  lookupSignature: (signatureName: string) => SignatureInputs,
): JsonPredictRequest | undefined {
  // Numbers, words and white space all stop at a closing brace, so a text that ends with one needs no other bound.
  const bytes = new Uint8Array(body.buffer, body.byteOffset, body.lastIndexOf(ch.closeBrace) + 1);
  if (bytes.length === 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return new PlainReader({ bytes, view, at: 0, lists: 0 }, lookupSignature).read();
}

class PlainReader {
  readonly #scanner: Scanner;
  readonly #lookupSignature: (signatureName: string) => SignatureInputs;
  readonly #dense = new DenseReader();
  #inputs: readonly JsonInput[] = [];
  #buffers: readonly ValueBuffer[] = [];

  constructor(scanner: Scanner, lookupSignature: (signatureName: string) => SignatureInputs) {
    this.#scanner = scanner;
    this.#lookupSignature = lookupSignature;
  }

  read(): JsonPredictRequest | undefined {
    let signatureName: string | undefined;
    let presumed = '';
    let found: Omit<JsonPredictRequest, 'signatureName'> | undefined;
    this.#space();
    if (!this.#take(ch.openBrace)) return undefined;
    do {
      const key = this.#key();
      if (key === undefined) return undefined;
      if (isKey(key, keys.signatureName)) {
        const name = signatureName === undefined ? this.#string() : undefined;
        if (name === undefined) return undefined;
        signatureName = decodeUtf8(name);
        if (found !== undefined && signatureName !== presumed) return undefined;
      } else {
        const isRow = isKey(key, keys.instances);
        if (found !== undefined || (!isRow && !isKey(key, keys.inputs))) return undefined;
        presumed = signatureName ?? this.#nameInTail();
        if (!this.#prepare(presumed)) return undefined;
        const inputs = isRow ? this.#rows() : this.#columns();
        if (inputs === undefined) return undefined;
        found = { format: isRow ? 'row' : 'columnar', inputs };
      }
      this.#space();
    } while (this.#take(ch.comma));
    if (!this.#take(ch.closeBrace) || found === undefined || presumed !== (signatureName ?? '')) return undefined;
    return { signatureName: signatureName ?? '', ...found };
  }

  /** What a `signature_name` near the end of the body says; only a guess, for there may be none at the top level. */
  #nameInTail(): string {
    const scanner = this.#scanner;
    const { bytes, at } = scanner;
    const key = keys.signatureName;
    let name = '';
    for (let start = bytes.length - key.length; start > Math.max(at, bytes.length - tailLength); start--) {
      if (bytes[start] !== key[0] || !equalBytes(bytes, start, start + key.length, key)) continue;
      scanner.at = start - 1;
      const value = this.#key() === undefined ? undefined : this.#string();
      if (value !== undefined) name = decodeUtf8(value);
      break;
    }
    scanner.at = at;
    return name;
  }

  /** Looks the signature up and makes room for its inputs; false when it has none or the look-up fails. */
  #prepare(signatureName: string): boolean {
    let inputs: SignatureInputs;
    try {
      inputs = this.#lookupSignature(signatureName);
    } catch {
      // The rest of the body is checked before this error may be told.
      return false;
    }
    this.#inputs = prepareInputs(inputs);
    const { bytes, at } = this.#scanner;
    const capacity = 16 + Math.floor((bytes.length - at) / (8 * Math.max(1, this.#inputs.length)));
    const buffers: ValueBuffer[] = [];
    for (const { dtype, aliasBytes } of this.#inputs) {
      // Whether {"b64": "…"} is an object of inputs or a value depends on more than is looked at here.
      if (dtype === undefined || isKey(aliasBytes, base64Key)) return false;
      buffers.push(createValueBuffer(dtype, capacity));
    }
    this.#buffers = buffers;
    return buffers.length > 0;
  }

  #rows(): ReadonlyMap<string, Tensor> | undefined {
    const scanner = this.#scanner;
    const start = scanner.at;
    if (!this.#take(ch.openBracket)) return undefined;
    this.#space();
    if (scanner.bytes[scanner.at] === ch.openBrace && !this.#atBase64Object()) return this.#namedRows();
    scanner.at = start;
    if (this.#inputs.length !== 1) return undefined;
    const only = this.#only();
    return this.#dense.shape[0] === 0 ? undefined : only;
  }

  /** The tensor of the only input, read from one dense value. */
  #only(): ReadonlyMap<string, Tensor> | undefined {
    const buffer = this.#buffers[0]!;
    if (!this.#dense.read(this.#scanner, buffer)) return undefined;
    const { shape } = this.#dense;
    const { alias, dtype } = this.#inputs[0]!;
    return new Map([[alias, new Tensor(dtype!, shape, buffer.take(buffer.length))]]);
  }

  #namedRows(): ReadonlyMap<string, Tensor> | undefined {
    const scanner = this.#scanner;
    const inputs = this.#inputs;
    const shapes: (number[] | undefined)[] = inputs.map(() => undefined);
    const lastRow = new Int32Array(inputs.length).fill(-1);
    let rows = 0;
    do {
      this.#space();
      if (!this.#take(ch.openBrace)) return undefined;
      let members = 0;
      do {
        const key = this.#key();
        if (key === undefined) return undefined;
        const index = this.#inputIndex(key, members);
        if (index < 0 || lastRow[index] === rows) return undefined;
        lastRow[index] = rows;
        if (!this.#dense.read(scanner, this.#buffers[index]!)) return undefined;
        const shape = shapes[index];
        if (shape === undefined) shapes[index] = this.#dense.shape;
        else if (!this.#dense.hasShape(shape)) return undefined;
        members++;
        this.#space();
      } while (this.#take(ch.comma));
      if (!this.#take(ch.closeBrace) || members !== inputs.length) return undefined;
      rows++;
      this.#space();
    } while (this.#take(ch.comma));
    if (!this.#take(ch.closeBracket)) return undefined;
    return this.#tensors((index) => [rows, ...shapes[index]!]);
  }

  #columns(): ReadonlyMap<string, Tensor> | undefined {
    const scanner = this.#scanner;
    if (scanner.bytes[scanner.at] !== ch.openBrace) return this.#inputs.length === 1 ? this.#only() : undefined;
    scanner.at++;
    const shapes: (number[] | undefined)[] = this.#inputs.map(() => undefined);
    let members = 0;
    do {
      const key = this.#key();
      if (key === undefined) return undefined;
      const index = this.#inputIndex(key, members++);
      if (index < 0 || shapes[index] !== undefined) return undefined;
      if (!this.#dense.read(scanner, this.#buffers[index]!)) return undefined;
      shapes[index] = this.#dense.shape;
      this.#space();
    } while (this.#take(ch.comma));
    if (!this.#take(ch.closeBrace) || members !== this.#inputs.length) return undefined;
    return this.#tensors((index) => shapes[index]!);
  }

  #tensors(shapeOf: (index: number) => number[]): ReadonlyMap<string, Tensor> {
    const tensors = new Map<string, Tensor>();
    this.#inputs.forEach(({ alias, dtype }, index) => {
      const buffer = this.#buffers[index]!;
      tensors.set(alias, new Tensor(dtype!, shapeOf(index), buffer.take(buffer.length)));
    });
    return tensors;
  }

  /** The input with this alias; `guess` is tried first. */
  #inputIndex(key: Uint8Array, guess: number): number {
    const inputs = this.#inputs;
    if (guess < inputs.length && isKey(key, inputs[guess]!.aliasBytes)) return guess;
    for (let index = 0; index < inputs.length; index++) if (isKey(key, inputs[index]!.aliasBytes)) return index;
    return -1;
  }

  #atBase64Object(): boolean {
    const scanner = this.#scanner;
    const start = scanner.at++;
    const key = this.#key();
    scanner.at = start;
    return key !== undefined && isKey(key, base64Key);
  }

  #space(): void {
    const { bytes } = this.#scanner;
    let { at } = this.#scanner;
    while (isSpace(bytes[at]!)) at++;
    this.#scanner.at = at;
  }

  #take(c: number): boolean {
    if (this.#scanner.bytes[this.#scanner.at] !== c) return false;
    this.#scanner.at++;
    return true;
  }

  /** Reads `"name":` with the white space around it. */
  #key(): Uint8Array | undefined {
    this.#space();
    const key = this.#string();
    if (key === undefined) return undefined;
    this.#space();
    if (!this.#take(ch.colon)) return undefined;
    this.#space();
    return key;
  }

  /** A string without escapes, as a view of the text. */
  #string(): Uint8Array | undefined {
    if (!this.#take(ch.quote)) return undefined;
    const { bytes } = this.#scanner;
    const start = this.#scanner.at;
    let at = start;
    const last = bytes.length - 1;
    while (at < last && bytes[at] !== ch.quote) {
      if (bytes[at]! < 0x20 || bytes[at] === ch.backslash) return undefined;
      at++;
    }
    if (at === last) return undefined;
    this.#scanner.at = at + 1;
    return bytes.subarray(start, at);
  }
}

function isKey(key: Uint8Array, name: Uint8Array): boolean {
  return equalBytes(key, 0, key.length, name);
}
