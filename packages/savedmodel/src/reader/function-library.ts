import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { FunctionDefSchema, type FunctionDef } from '@servable/protos/tensorflow';
import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** Field numbers of `FunctionDef` and `OpDef` (`tensorflow/core/framework/{function,op_def}.proto`). */
const SIGNATURE = 1;
const NAME = 1;

/**
 * The functions of a graph. A model holds each of them several times over (for every signature, for training, for saving
 * and restoring), so each is parsed when it is first called.
 */
export class FunctionLibrary {
  readonly #serialized = new Map<string, Uint8Array>();
  readonly #parsed = new Map<string, FunctionDef>();

  /** @param functions - serialised `FunctionDef`s, which are kept */
  constructor(functions: Iterable<Uint8Array>) {
    for (const bytes of functions) this.#serialized.set(nameOf(bytes), bytes);
  }

  has(name: string): boolean {
    return this.#serialized.has(name);
  }

  /** Adds a function that no call in the model names. */
  define(name: string, def: FunctionDef): void {
    this.#parsed.set(name, def);
  }

  /** @throws SavedModelError DATA_LOSS `MALFORMED_PROTO` when the function cannot be parsed */
  get(name: string): FunctionDef | undefined {
    const known = this.#parsed.get(name);
    const bytes = this.#serialized.get(name);
    if (known !== undefined || bytes === undefined) return known;
    try {
      const def = fromBinary(FunctionDefSchema, bytes, { readUnknownFields: false });
      this.#parsed.set(name, def);
      return def;
    } catch (cause) {
      throw new SavedModelError(
        'DATA_LOSS',
        'MALFORMED_PROTO',
        `Function '${name}' of the model cannot be parsed: expected a FunctionDef: ${(cause as Error).message}`,
        { cause },
      );
    }
  }
}

function nameOf(definition: Uint8Array): string {
  let name = '';
  eachField(definition, SIGNATURE, (signature) =>
    eachField(signature, NAME, (text) => {
      name = new TextDecoder().decode(text);
    }),
  );
  return name;
}

function eachField(message: Uint8Array, field: number, visit: (content: Uint8Array) => void): void {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === field && wireType === WireType.LengthDelimited) visit(reader.bytes());
    else reader.skip(wireType, number);
  }
}
