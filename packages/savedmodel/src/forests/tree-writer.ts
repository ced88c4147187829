import { ConditionWriter, type CompiledConditions } from './compiled-conditions.js';
import { malformedForest, MISSING_BIT, WORD_CATEGORIES, type Feature, type SlotMap } from './feature-slots.js';
import { GrowingArray } from './growing-array.js';
import type { Condition, TreeNode } from './tree-node.js';

/** Numbers of a node: {@link CompiledTrees}. */
export const NODE_NUMBERS = 4;
/** The first number of a node that `holds` decides. */
export const OTHER_CONDITION = -1;
/** The rank of a missing number that takes the way of those above the threshold. */
export const RANK_ABOVE = 2 ** 30;
const NEVER_REACHED = RANK_ABOVE + 1;

/** Nodes of all trees: their numbers' positions have to fit into an int32. */
const MAX_NODES = 2 ** 28;
/** A list of categories becomes bits unless these would take much more memory than the list did. */
const MAX_BITS_PER_ELEMENT = 64;
/** A test of categories becomes a chain of nodes, one for each word of bits, of at most this length. */
const MAX_WORDS = 4;

/**
 * All trees, one behind the other, {@link NODE_NUMBERS} numbers a node: which slot it looks at, a number of its own, and
 * the two ways on. With `value` and `shift` for the slot's two numbers, the way is bit 0 of `(value - own) >>> shift`:
 *
 * | slot       | own              | value                       | shift    | way 0      | way 1      |
 * | ---------- | ---------------- | --------------------------- | -------- | ---------- | ---------- |
 * | number     | a threshold's rank | how many thresholds it reaches | 31    | reached    | not reached |
 * | category   | bits, negated    | 0                           | category | not in it  | in it      |
 * | missing    | 1                | 0 or 1                      | 31       | missing    | not missing |
 *
 * A slot of {@link OTHER_CONDITION} is a condition whose number is the node's own: way 1 when `holds`. Both ways of a leaf
 * lead to itself, so that one may go on at it; its own number is that of the leaf in the forest.
 */
export interface CompiledTrees {
  readonly nodes: Int32Array;
  /** Where each tree's first node stands. */
  readonly roots: Int32Array;
  /** Steps after which each tree is at a leaf, whatever the row; 0: it has ways that are much longer than others. */
  readonly steps: Int32Array;
  /** The number of each tree's first leaf. */
  readonly firstLeaves: Int32Array;
  /** Thresholds in ascending order, by feature of a row; of a feature without any, none. */
  readonly thresholds: readonly Float32Array[];
  readonly conditions: CompiledConditions;
  /** Whether any node has {@link OTHER_CONDITION}. */
  readonly hasOther: boolean;
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
  /** Where the position of the tree for rows of which the condition does not hold is written, and of the other one. */
  readonly noAt: number;
  readonly yesAt: readonly number[];
  readonly depth: number;
  readonly steps: number;
  readonly underOblique: boolean;
  hasNo: boolean;
}

/** Nodes of one condition, one behind the other: each goes on to the next when it does not hold. */
interface Test {
  readonly slot: number;
  readonly own: number;
  /** The way of rows of which it holds. */
  readonly yes: 0 | 1;
}

const float = new Float32Array(1);
const bitsOfFloat = new Int32Array(float.buffer);

function floatBits(value: number): number {
  float[0] = value;
  return bitsOfFloat[0]!;
}

function floatOfBits(bits: number): number {
  bitsOfFloat[0] = bits;
  return float[0]!;
}

const int32s = () => new GrowingArray((length) => new Int32Array(length));

/** Writes {@link CompiledTrees} from the nodes of trees in their order: a node, the tree where its condition does not hold, the other. */
export class TreeWriter {
  readonly #nodes = int32s();
  readonly #roots = int32s();
  readonly #steps = int32s();
  readonly #firstLeaves = int32s();
  /** Where nodes stand that compare a number, and with which feature's. */
  readonly #compares = int32s();
  readonly #compared = int32s();
  readonly #conditions = new ConditionWriter();
  readonly #open: Open[] = [];
  #leavesOfTree = 0;
  #leafSteps = 0;
  #mostSteps = 0;
  #leaves = 0;
  #hasOther = false;
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
    return this.#steps.length;
  }

  /** Adds the next node. @returns how deep it stands in its tree, from 0 */
  add({ condition }: TreeNode): number {
    const at = this.#nodes.length;
    if (at >= MAX_NODES * NODE_NUMBERS) throw malformedForest(this.file, `at most ${MAX_NODES} nodes`, 'more');
    const parent = this.#open.at(-1);
    const depth = parent === undefined ? 0 : parent.depth + 1;
    const steps = parent?.steps ?? 0;
    if (parent === undefined) {
      this.#roots.push(at);
      this.#firstLeaves.push(this.#leaves);
      this.#leavesOfTree = this.#leafSteps = this.#mostSteps = 0;
    } else if (parent.hasNo) {
      for (const spot of parent.yesAt) this.#nodes.set(spot, at);
      this.#open.pop();
    } else {
      this.#nodes.set(parent.noAt, at);
      parent.hasNo = true;
    }
    if (condition === undefined) {
      this.#push(0, this.#leaves++, at, at);
      this.#leavesOfTree++;
      this.#leafSteps += steps;
      this.#mostSteps = Math.max(this.#mostSteps, steps);
      if (this.#open.length === 0) this.#endTree();
      return depth;
    }
    // What stands below an oblique condition is not looked at when an engine is chosen.
    const unchecked = parent?.underOblique === true;
    const tests = this.#compile(condition, unchecked);
    tests.forEach(({ slot, own, yes }, i) => {
      const next = at + (i + 1) * NODE_NUMBERS;
      this.#push(slot < 0 ? slot : slot * 2, own, yes === 1 ? next : 0, yes === 1 ? 0 : next);
    });
    this.#open.push({
      noAt: at + (tests.length - 1) * NODE_NUMBERS + 3 - (tests.at(-1)?.yes ?? 1),
      yesAt: tests.map(({ yes }, i) => at + i * NODE_NUMBERS + 2 + yes),
      depth,
      steps: steps + tests.length,
      underOblique: unchecked || condition.test.kind === 'oblique',
      hasNo: false,
    });
    return depth;
  }

  finish(): CompiledTrees {
    const nodes = this.#nodes.toArray();
    return {
      nodes,
      roots: this.#roots.toArray(),
      steps: this.#steps.toArray(),
      firstLeaves: this.#firstLeaves.toArray(),
      thresholds: this.#rankThresholds(nodes),
      conditions: this.#conditions.finish(),
      hasOther: this.#hasOther,
      structure: this.structure,
    };
  }

  #endTree(): void {
    this.structure.mostLeaves = Math.max(this.structure.mostLeaves, this.#leavesOfTree);
    // To go on at leaves until the longest way ends costs less than to look for the end, unless most ways are short.
    const isEven = this.#mostSteps <= MOST_EVEN_STEPS || this.#mostSteps * this.#leavesOfTree <= this.#leafSteps * 1.5;
    this.#steps.push(isEven ? this.#mostSteps : 0);
  }

  /** Puts ranks in the place of thresholds. */
  #rankThresholds(nodes: Int32Array): readonly Float32Array[] {
    const found: number[][] = [];
    for (let i = 0; i < this.#compares.length; i++) {
      const threshold = floatOfBits(nodes[this.#compares.get(i) + 1]!);
      const feature = this.#compared.get(i);
      if (!Number.isNaN(threshold)) (found[feature] ??= []).push(threshold);
    }
    const thresholds = Array.from(found, (values = []) => {
      const sorted = Float32Array.from(values).sort();
      return sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
    });
    for (let i = 0; i < this.#compares.length; i++) {
      const at = this.#compares.get(i);
      const threshold = floatOfBits(nodes[at + 1]!);
      const rank = reached(thresholds[this.#compared.get(i)] ?? new Float32Array(), threshold);
      nodes[at + 1] = Number.isNaN(threshold) ? NEVER_REACHED : rank;
    }
    return thresholds;
  }

  #push(...numbers: [number, number, number, number]): void {
    for (const number of numbers) this.#nodes.push(number);
  }

  #compile({ attribute, naValue, test }: Condition, unchecked: boolean): readonly Test[] {
    const feature = this.slots.feature(attribute);
    const { column, place } = feature;
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
        return this.#compare(place, test.threshold, naValue);
      }
      case 'discretized higher': {
        expect('DISCRETIZED_NUMERICAL');
        const boundary = column.boundaries[test.threshold - 1];
        if (boundary === undefined) {
          const expected = `one of the ${column.boundaries.length} boundaries of '${column.name}'`;
          throw malformedForest(this.file, expected, `number ${test.threshold}`);
        }
        checkImputed(true, column.mean >= boundary);
        return this.#compare(place, boundary, naValue);
      }
      case 'true':
        expect('BOOLEAN');
        checkImputed(false, column.mostlyTrue);
        return this.#compare(place, 0.5, naValue);
      case 'contains':
      case 'contains bitmap': {
        expect('CATEGORICAL', 'CATEGORICAL_SET');
        const elements = test.kind === 'contains' ? this.#elements(feature, test.elements) : undefined;
        const isSet = column.type === 'CATEGORICAL_SET';
        if (elements !== undefined && (elements.at(-1) ?? -1) >= MAX_BITS_PER_ELEMENT * (elements.length + 1)) {
          if (!isSet) checkImputed(false, elements.includes(column.mostFrequent));
          return this.#other(this.#conditions.list(isSet, place, elements, naValue));
        }
        const bitmap = test.kind === 'contains' ? bitmapOf(elements ?? []) : test.bitmap;
        if (!isSet) checkImputed(false, hasBit(bitmap, column.mostFrequent));
        const words = isSet ? undefined : this.#words(feature, bitmap, naValue);
        return words ?? this.#other(this.#conditions.bitmap(isSet, place, bitmap, naValue));
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
        const places = sources.map((source) => source.place);
        return this.#other(this.#conditions.oblique(places, weights, replacements, threshold, naValue));
      }
      case 'missing':
        this.structure.hasMissing = true;
        if (column.type === 'CATEGORICAL_SET') return this.#other(this.#conditions.setMissing(place));
        return [{ slot: this.slots.numberOf({ kind: 'missing', feature: place }), own: 1, yes: 0 }];
    }
  }

  #compare(feature: number, threshold: number, missingAbove: boolean): readonly Test[] {
    this.#compares.push(this.#nodes.length);
    this.#compared.push(feature);
    return [
      { slot: this.slots.numberOf({ kind: 'number', feature, missingAbove }), own: floatBits(threshold), yes: 0 },
    ];
  }

  /** A node for each word of bits that has any; `undefined` when these are many. */
  #words({ column, place }: Feature, bitmap: Uint8Array, naValue: boolean): readonly Test[] | undefined {
    const count = Math.ceil(Math.min(column.categories, bitmap.length * 8) / WORD_CATEGORIES);
    const tests: Test[] = [];
    for (let word = 0; word < count; word++) {
      let bits = 0;
      for (let i = 0; i < WORD_CATEGORIES; i++) {
        const category = word * WORD_CATEGORIES + i;
        if (category < column.categories && hasBit(bitmap, category)) bits |= 1 << i;
      }
      if (bits === 0) continue;
      if (naValue && tests.length === 0) bits |= 1 << MISSING_BIT;
      tests.push({ slot: this.slots.numberOf({ kind: 'category', feature: place, word }), own: -bits | 0, yes: 1 });
      if (tests.length > MAX_WORDS) return undefined;
    }
    if (tests.length > 0) return tests;
    const slot = this.slots.numberOf({ kind: 'category', feature: place, word: 0 });
    return [{ slot, own: naValue ? -(1 << MISSING_BIT) | 0 : 0, yes: 1 }];
  }

  #elements({ column }: Feature, given: readonly number[]): readonly number[] {
    const elements = [...given].sort((a, b) => a - b);
    const wrong = elements.find((element) => element < 0 || element >= column.categories);
    if (wrong === undefined) return elements;
    throw malformedForest(this.file, `elements among the ${column.categories} of '${column.name}'`, String(wrong));
  }

  #other(condition: number): readonly Test[] {
    this.#hasOther = true;
    return [{ slot: OTHER_CONDITION, own: condition, yes: 1 }];
  }
}

/** Trees whose longest way has at most this many steps are gone through to its end. */
const MOST_EVEN_STEPS = 8;

/** How many of the numbers in ascending order a number reaches; NaN reaches none. */
export function reached(thresholds: Float32Array, value: number): number {
  let low = 0;
  let high = thresholds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (thresholds[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function hasBit(bitmap: Uint8Array, bit: number): boolean {
  return ((bitmap[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}

function bitmapOf(elements: readonly number[]): Uint8Array {
  const bitmap = new Uint8Array(((elements.at(-1) ?? -1) >> 3) + 1);
  for (const element of elements) bitmap[element >> 3]! |= 1 << (element & 7);
  return bitmap;
}
