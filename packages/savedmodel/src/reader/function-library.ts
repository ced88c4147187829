import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { Implementations, mayImplement } from './implementations.js';
import { messagesOf, textOf } from './message-parts.js';
import { readFunction, type StoredFunction } from './stored-function.js';

/** Field numbers of `FunctionDef` and `OpDef` (`tensorflow/core/framework/{function,op_def}.proto`). */
const SIGNATURE = 1;
const NAME = 1;
/** Every function that is found is looked for in all others. */
const MOST_MENTIONING = 16;

/**
 * The functions of a graph. A model holds each of them several times over (for every signature, for training, for saving
 * and restoring), so each is parsed when it is first called.
 */
export class FunctionLibrary {
  readonly #serialized = new Map<string, Uint8Array>();
  readonly #parsed = new Map<string, StoredFunction>();
  #implementations: Implementations | undefined;

  /** @param functions - serialised `FunctionDef`s, which are kept */
  constructor(functions: Iterable<Uint8Array>) {
    for (const bytes of functions) this.#serialized.set(nameOf(bytes), bytes);
  }

  has(name: string): boolean {
    return this.#serialized.has(name);
  }

  /**
   * The functions whose definitions hold any of some words, and those that name such functions, directly or through
   * others. Functions are not parsed for it, so some of them may hold the words for another reason.
   *
   * @returns `undefined` when there are too many for the search to be worth it
   */
  mentioning(words: readonly string[]): ReadonlySet<string> | undefined {
    const found = new Set<string>();
    let wanted = words.map((word) => Buffer.from(word));
    while (wanted.length > 0) {
      const added: string[] = [];
      for (const [name, { buffer, byteOffset, byteLength }] of this.#serialized) {
        if (found.has(name)) continue;
        const bytes = Buffer.from(buffer, byteOffset, byteLength);
        if (!wanted.some((word) => bytes.includes(word))) continue;
        found.add(name);
        added.push(name);
      }
      if (found.size > MOST_MENTIONING) return undefined;
      wanted = added.map((name) => Buffer.from(name));
    }
    return found;
  }

  /** Adds a function that no call in the model names. */
  define(name: string, bytes: Uint8Array): void {
    this.#serialized.set(name, bytes);
  }

  /**
   * What runs where a function is called: the function, or the one for processors of those that stand for each other.
   *
   * @throws SavedModelError DATA_LOSS `MALFORMED_PROTO` when the function cannot be parsed
   */
  get(name: string): StoredFunction | undefined {
    const known = this.#parsed.get(name);
    const bytes = this.#serialized.get(name);
    if (known !== undefined || bytes === undefined) return known;
    try {
      const parsed = readFunction(bytes);
      const other = mayImplement(bytes) ? this.#otherThan(name) : undefined;
      const instead = other === undefined ? undefined : readFunction(other);
      const isFit = instead?.inputs.length === parsed.inputs.length && instead.outputs.length === parsed.outputs.length;
      const chosen = isFit ? instead : parsed;
      this.#parsed.set(name, chosen);
      return chosen;
    } catch (cause) {
      throw new SavedModelError(
        'DATA_LOSS',
        'MALFORMED_PROTO',
        `Function '${name}' of the model cannot be parsed: expected a FunctionDef: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /** The function that runs in place of one, if another does. */
  #otherThan(name: string): Uint8Array | undefined {
    this.#implementations ??= new Implementations(this.#serialized);
    const chosen = this.#implementations.chosen(name);
    return chosen === name ? undefined : this.#serialized.get(chosen);
  }
}

function nameOf(definition: Uint8Array): string {
  const names = messagesOf(definition, SIGNATURE).flatMap((signature) => messagesOf(signature, NAME));
  const name = names.at(-1);
  return name === undefined ? '' : textOf(name);
}
