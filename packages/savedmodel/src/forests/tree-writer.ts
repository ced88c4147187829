import { ConditionWriter, type CompiledConditions } from './compiled-conditions.js';
import { malformedForest, MAX_MASK_CATEGORIES, type SlotMap } from './feature-slots.js';
import { GrowingArray } from './growing-array.js';
import type { Condition, TreeNode } from './tree-node.js';

/** Numbers of a node: {@link CompiledTrees}. */
export const NODE_NUMBERS = 4;
export const LEAF = -1;
export const OTHER_CONDITION = -2;
/** Codes from here down are tests of a category: `FIRST_MASK - slot`. */
export const FIRST_MASK = -3;

/** Bits of one number hold the categories; the last is for a missing value. */
export const MISSING_BIT = 31;

/** Nodes of all trees: their numbers' positions have to fit into an int32. */
const MAX_NODES = 2 ** 28;

/** A list of categories becomes bits unless these would take much more memory than the list did. */
const MAX_BITS_PER_ELEMENT = 64;

/**
 * All trees, one behind the other, {@link NODE_NUMBERS} numbers a node: a code, a number of its own, where to go on when
 * the condition does not hold, and where when it does.
 *
 * | code                 | own number                    | holds when                                 |
 * | -------------------- | ----------------------------- | ------------------------------------------ |
 * | 0 and up: a slot     | a float32                     | the slot's number is that or more          |
 * | `FIRST_MASK` - slot  | a bit for each category       | the bit of the slot's category is set      |
 * | `OTHER_CONDITION`    | the number of a condition     | `holds` says so                            |
 * | `LEAF`               | the leaf's number in all      | never; the third number counts in the tree |
 */
export interface CompiledTrees {
  readonly nodes: Int32Array;
  /** The same numbers as float32. */
  readonly thresholds: Float32Array;
  /** Where each tree's first node stands. */
  readonly roots: Int32Array;
  readonly conditions: CompiledConditions;
  readonly structure: TreeStructure;
}

/** What the trees of a forest have in common, by which an engine is chosen (`CheckStructure` in `decision_tree.cc`). */
export interface TreeStructure {
  /** Whether missing numbers answer as their mean would. */
  higherAsImputed: boolean;
  /** Whether missing booleans and categories answer as the most frequent one would. */
  othersAsImputed: boolean;
  hasOblique: boolean;
  hasMissing: boolean;
  mostLeaves: number;
}

interface Open {
  readonly node: number;
  readonly depth: number;
  readonly underOblique: boolean;
  /** Whether its way when the condition does not hold, which comes first in the file, is taken when it does. */
  readonly exchanged: boolean;
  hasFirst: boolean;
}

/** The first numbers of a node, and whether its ways are exchanged. */
type Compiled = readonly [code: number, own: number, exchanged?: boolean];

const float = new Float32Array(1);
const bitsOfFloat = new Int32Array(float.buffer);

function floatBits(value: number): number {
  float[0] = value;
  return bitsOfFloat[0]!;
}

/** The next float32 above a number. */
export function nextUp(value: number): number {
  if (Number.isNaN(value) || value === Infinity) return NaN;
  if (value === 0) return 2 ** -149;
  const bits = floatBits(value);
  bitsOfFloat[0] = value > 0 ? bits + 1 : bits - 1;
  return float[0]!;
}

/** Writes {@link CompiledTrees} from the nodes of trees in their order: a node, the tree where its condition does not hold, the other. */
export class TreeWriter {
  readonly #nodes = new GrowingArray((length) => new Int32Array(length));
  readonly #roots = new GrowingArray((length) => new Int32Array(length));
  readonly #conditions = new ConditionWriter();
  readonly #open: Open[] = [];
  #leavesOfTree = 0;
  leaves = 0;
  readonly structure: TreeStructure = {
    higherAsImputed: true,
    othersAsImputed: true,
    hasOblique: false,
    hasMissing: false,
    mostLeaves: 0,
  };

  constructor(
    private readonly slots: SlotMap,
    private readonly file: string,
  ) {}

  /** Trees that are complete. */
  get trees(): number {
    return this.#roots.length - (this.#open.length > 0 ? 1 : 0);
  }

  /** Adds the next node. @returns how deep it stands in its tree, from 0 */
  add({ condition }: TreeNode): number {
    const at = this.#nodes.length;
    if (at >= MAX_NODES * NODE_NUMBERS) throw malformedForest(this.file, `at most ${MAX_NODES} nodes`, 'more');
    const parent = this.#open.at(-1);
    const depth = parent === undefined ? 0 : parent.depth + 1;
    if (parent === undefined) {
      this.#roots.push(at);
      this.#leavesOfTree = 0;
    } else {
      this.#nodes.set(parent.node + (parent.hasFirst === parent.exchanged ? 2 : 3), at);
      if (parent.hasFirst) this.#open.pop();
      parent.hasFirst = true;
    }
    if (condition === undefined) {
      this.#push(LEAF, this.leaves++, this.#leavesOfTree++, 0);
      this.structure.mostLeaves = Math.max(this.structure.mostLeaves, this.#leavesOfTree);
      return depth;
    }
    // What stands below an oblique condition is not looked at when an engine is chosen.
    const unchecked = parent?.underOblique === true;
    const [code, own, exchanged = false] = this.#compile(condition, unchecked);
    this.#push(code, own, 0, 0);
    const underOblique = unchecked || condition.test.kind === 'oblique';
    this.#open.push({ node: at, depth, underOblique, exchanged, hasFirst: false });
    return depth;
  }

  finish(): CompiledTrees {
    const nodes = this.#nodes.toArray();
    return {
      nodes,
      thresholds: new Float32Array(nodes.buffer),
      roots: this.#roots.toArray(),
      conditions: this.#conditions.finish(),
      structure: this.structure,
    };
  }

  #push(...numbers: [number, number, number, number]): void {
    for (const number of numbers) this.#nodes.push(number);
  }

  #compile({ attribute, naValue, test }: Condition, unchecked: boolean): Compiled {
    const { column, slot } = this.slots.feature(attribute);
    const expect = (...types: readonly string[]) => {
      if (!types.includes(column.type)) {
        const given = `'${column.name}' of type ${column.type}`;
        throw malformedForest(
          this.file,
          `a feature of type ${types.join(' or ')} for a '${test.kind}' condition`,
          given,
        );
      }
    };
    const checkImputed = (isHigher: boolean, imputed: boolean) => {
      if (unchecked || imputed === naValue) return;
      if (isHigher) this.structure.higherAsImputed = false;
      else this.structure.othersAsImputed = false;
    };
    switch (test.kind) {
      case 'higher': {
        expect('NUMERICAL');
        checkImputed(true, column.mean >= test.threshold);
        return this.#compare(slot, test.threshold, naValue);
      }
      case 'discretized higher': {
        expect('DISCRETIZED_NUMERICAL');
        const boundary = column.boundaries[test.threshold - 1];
        if (boundary === undefined) {
          const expected = `one of the ${column.boundaries.length} boundaries of '${column.name}'`;
          throw malformedForest(this.file, expected, `number ${test.threshold}`);
        }
        checkImputed(true, column.mean >= boundary);
        return this.#compare(slot, boundary, naValue);
      }
      case 'true':
        expect('BOOLEAN');
        checkImputed(false, column.mostlyTrue);
        return this.#compare(slot, 0.5, naValue);
      case 'contains':
      case 'contains bitmap': {
        expect('CATEGORICAL', 'CATEGORICAL_SET');
        const isSet = column.type === 'CATEGORICAL_SET';
        const elements = test.kind === 'contains' ? [...test.elements].sort((a, b) => a - b) : undefined;
        const [least = 0, most = -1] = [elements?.[0], elements?.at(-1)];
        if (least < 0 || most >= column.categories) {
          throw malformedForest(
            this.file,
            `elements among the ${column.categories} of '${column.name}'`,
            `${least < 0 ? least : most}`,
          );
        }
        if (elements !== undefined && most + 1 > MAX_BITS_PER_ELEMENT * (elements.length + 1)) {
          if (!isSet) checkImputed(false, elements.includes(column.mostFrequent));
          return [OTHER_CONDITION, this.#conditions.list(isSet, slot, elements, naValue)];
        }
        const bitmap = test.kind === 'contains' ? bitmapOf(elements ?? []) : test.bitmap;
        const { mostFrequent } = column;
        if (!isSet) checkImputed(false, ((bitmap[mostFrequent >> 3] ?? 0) & (1 << (mostFrequent & 7))) !== 0);
        if (isSet || column.categories > MAX_MASK_CATEGORIES) {
          return [OTHER_CONDITION, this.#conditions.bitmap(isSet, slot, bitmap, naValue)];
        }
        let mask = 0;
        for (let i = 0; i < column.categories; i++) if ((bitmap[i >> 3] ?? 0) & (1 << (i & 7))) mask |= 1 << i;
        if (naValue) mask |= 1 << MISSING_BIT;
        return [FIRST_MASK - slot, mask];
      }
      case 'oblique': {
        this.structure.hasOblique = true;
        const { attributes, weights, replacements, threshold } = test;
        const isWhole = weights.length === attributes.length && [0, weights.length].includes(replacements.length);
        if (!isWhole) {
          const given = `${attributes.length}, ${weights.length} and ${replacements.length}`;
          throw malformedForest(this.file, 'as many attributes as weights and replacements', given);
        }
        const sources = attributes.map((index) => this.slots.feature(index));
        const other = sources.find((source) => source.column.type !== 'NUMERICAL');
        if (other !== undefined) {
          throw malformedForest(this.file, 'numbers in an oblique condition', `'${other.column.name}'`);
        }
        const from = sources.map((source) => source.slot);
        return [OTHER_CONDITION, this.#conditions.oblique(from, weights, replacements, threshold, naValue)];
      }
      case 'missing':
        this.structure.hasMissing = true;
        return column.type === 'CATEGORICAL_SET'
          ? [OTHER_CONDITION, this.#conditions.setMissing(slot)]
          : [this.slots.missing(slot), floatBits(0.5)];
    }
  }

  /**
   * Compares a number with a threshold. No comparison holds of a NaN; where a missing number has to take the way of those
   * above the threshold, the ways are exchanged: `value < threshold` is `-value >= nextUp(-threshold)`.
   */
  #compare(slot: number, threshold: number, naValue: boolean): Compiled {
    if (!naValue) return [slot, floatBits(threshold)];
    return [this.slots.negated(slot), floatBits(nextUp(-threshold)), true];
  }
}

function bitmapOf(elements: readonly number[]): Uint8Array {
  const bitmap = new Uint8Array(((elements.at(-1) ?? -1) >> 3) + 1);
  for (const element of elements) bitmap[element >> 3]! |= 1 << (element & 7);
  return bitmap;
}
