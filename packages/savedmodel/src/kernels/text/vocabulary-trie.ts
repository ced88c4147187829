import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { stringsOf } from '../byte-strings.js';
import { integersOf } from '../elements.js';
import type { LookupTable } from '../lookup-table.js';

const ROOT = 0;
/** Edges are known by node and byte in 31 bits. */
const MAX_NODES = 2 ** 23 - 1;
/** No such node. */
export const NOWHERE = -1;

/**
 * Words as a tree of their bytes, in one table of edges: an edge is found by the node it leaves and its byte, without
 * making a string.
 */
export class VocabularyTrie {
  private keys: Int32Array = new Int32Array(1 << 10).fill(-1);
  private targets: Int32Array = new Int32Array(1 << 10);
  private mask = (1 << 10) - 1;
  private edges = 0;
  /** By node: the place of the word that ends there in {@link words}, or -1. */
  private ends: Int32Array = new Int32Array(1 << 10).fill(-1);
  private nodes = 1;
  readonly words: Uint8Array[] = [];

  constructor(words: Iterable<Uint8Array>) {
    for (const word of words) this.add(word);
  }

  /** The node behind `node` by one byte, or {@link NOWHERE}. */
  next(node: number, byte: number): number {
    const key = node * 256 + byte;
    for (let slot = Math.imul(key, 0x9e3779b1) >>> 7; ; slot++) {
      const found = this.keys[slot & this.mask]!;
      if (found === key) return this.targets[slot & this.mask]!;
      if (found === -1) return NOWHERE;
    }
  }

  /** The place of a word, or -1. */
  find(word: Uint8Array): number {
    const node = this.walk(word);
    return node === NOWHERE ? -1 : this.wordAt(node);
  }

  /** The place of the word that ends at a node, or -1. */
  wordAt(node: number): number {
    return this.ends[node]!;
  }

  /** The node that some bytes lead to, or {@link NOWHERE}. */
  walk(bytes: Uint8Array, node = ROOT): number {
    for (let i = 0; i < bytes.length && node !== NOWHERE; i++) node = this.next(node, bytes[i]!);
    return node;
  }

  private add(word: Uint8Array): void {
    let node = ROOT;
    for (const byte of word) {
      let next = this.next(node, byte);
      if (next === NOWHERE) {
        next = this.nodes++;
        if (next > MAX_NODES) {
          throw new SavedModelError(
            'RESOURCE_EXHAUSTED',
            'VOCABULARY_TOO_LARGE',
            `expected a vocabulary with at most ${MAX_NODES} different beginnings of words, got more`,
          );
        }
        if (next >= this.ends.length) this.ends = grown(this.ends);
        this.connect(node * 256 + byte, next);
      }
      node = next;
    }
    if (this.ends[node] === -1) this.ends[node] = this.words.push(word) - 1;
  }

  private connect(key: number, target: number): void {
    if (++this.edges * 2 > this.keys.length) {
      const { keys, targets } = this;
      this.mask = keys.length * 2 - 1;
      this.keys = new Int32Array(keys.length * 2).fill(-1);
      this.targets = new Int32Array(keys.length * 2);
      keys.forEach((before, slot) => before !== -1 && this.put(before, targets[slot]!));
    }
    this.put(key, target);
  }

  private put(key: number, target: number): void {
    let slot = Math.imul(key, 0x9e3779b1) >>> 7;
    while (this.keys[slot & this.mask] !== -1) slot++;
    this.keys[slot & this.mask] = key;
    this.targets[slot & this.mask] = target;
  }
}

function grown(ends: Int32Array): Int32Array {
  const larger = new Int32Array(ends.length * 2).fill(-1);
  larger.set(ends);
  return larger;
}

const known = new WeakMap<LookupTable, VocabularyTrie>();

/** The words of a table of strings to numbers, without those whose number is -1, which is what a missing word has. */
export function vocabularyOf(table: LookupTable): VocabularyTrie {
  let trie = known.get(table);
  if (trie === undefined) {
    const [keys, values] = table.export();
    const numbers = integersOf(values);
    trie = new VocabularyTrie(stringsOf(keys).filter((_, i) => numbers[i] !== -1));
    known.set(table, trie);
  }
  return trie;
}
