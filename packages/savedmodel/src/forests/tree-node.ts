import { malformedForest } from './feature-slots.js';
import { WireMessage } from './wire-message.js';

/** What is asked at a node (`Condition` in `model/decision_tree/decision_tree.proto`). */
export type Test =
  | { readonly kind: 'missing' }
  | { readonly kind: 'higher'; readonly threshold: number }
  | { readonly kind: 'true' }
  | { readonly kind: 'contains'; readonly elements: readonly number[] }
  | { readonly kind: 'contains bitmap'; readonly bitmap: Uint8Array }
  | { readonly kind: 'discretized higher'; readonly threshold: number }
  | {
      readonly kind: 'oblique';
      readonly attributes: readonly number[];
      readonly weights: readonly number[];
      readonly threshold: number;
      readonly replacements: readonly number[];
    };

/** The condition of a node that has children. */
export interface Condition {
  /** What a missing value answers. */
  readonly naValue: boolean;
  readonly attribute: number;
  readonly test: Test;
}

/** What a tree answers at a leaf; which of them is used is a matter of the model. */
export interface LeafOutput {
  /** A classifier's vote. */
  topClass?: number;
  /** A classifier's weights of the classes, and their sum. */
  counts?: readonly number[];
  sum?: number;
  /** A regressor's value. */
  value?: number;
  /** An uplift model's effect of each treatment. */
  treatmentEffects?: readonly number[];
  /** Examples of an isolation forest that came this far. */
  examples?: number;
}

/** A node: a leaf without condition. */
export interface TreeNode {
  readonly condition: Condition | undefined;
  readonly output: LeafOutput;
}

/** Parses a `Node`. @throws SavedModelError DATA_LOSS `MALFORMED_PROTO`, `MALFORMED_FOREST` */
export function parseNode(bytes: Uint8Array, file: string): TreeNode {
  let condition: Condition | undefined;
  const output: LeafOutput = {};
  for (const node = new WireMessage(bytes, file); node.next();) {
    if (node.field === 3) condition = parseCondition(node.message(), file);
    else if (node.field === 1) parseClassifier(node.message(), output);
    else if (node.field === 2) {
      output.value = 0;
      for (const part = node.message(); part.next();) if (part.field === 1) output.value = part.float();
    } else if (node.field === 5) {
      const effects: number[] = [];
      for (const part = node.message(); part.next();) if (part.field === 4) part.addFloats(effects);
      output.treatmentEffects = effects;
    } else if (node.field === 6) {
      output.examples = 0;
      for (const part = node.message(); part.next();) if (part.field === 1) output.examples = part.integer();
    }
  }
  return { condition, output };
}

function parseClassifier(classifier: WireMessage, output: LeafOutput): void {
  output.topClass = 0;
  while (classifier.next()) {
    if (classifier.field === 1) output.topClass = classifier.integer();
    else if (classifier.field === 2) {
      const counts: number[] = [];
      output.sum = 0;
      for (const part = classifier.message(); part.next();) {
        if (part.field === 1) part.addDoubles(counts);
        else if (part.field === 2) output.sum = part.double();
      }
      output.counts = counts;
    }
  }
}

function parseCondition(message: WireMessage, file: string): Condition {
  let [naValue, attribute] = [false, 0];
  let test: Test | undefined;
  while (message.next()) {
    if (message.field === 1) naValue = message.bool();
    else if (message.field === 2) attribute = message.integer();
    else if (message.field === 3) {
      for (const part = message.message(); part.next();) test = parseTest(part, file);
    }
  }
  if (test === undefined) throw malformedForest(file, 'a condition at a node with children', 'none');
  return { naValue, attribute, test };
}

function parseTest(field: WireMessage, file: string): Test {
  const inner = field.message();
  switch (field.field) {
    case 1:
      return { kind: 'missing' };
    case 2: {
      let threshold = 0;
      while (inner.next()) if (inner.field === 1) threshold = inner.float();
      return { kind: 'higher', threshold };
    }
    case 3:
      return { kind: 'true' };
    case 4: {
      const elements: number[] = [];
      while (inner.next()) if (inner.field === 1) inner.addIntegers(elements);
      return { kind: 'contains', elements };
    }
    case 5: {
      let bitmap = new Uint8Array();
      while (inner.next()) if (inner.field === 1) bitmap = inner.data() as Uint8Array<ArrayBuffer>;
      return { kind: 'contains bitmap', bitmap };
    }
    case 6: {
      let threshold = 0;
      while (inner.next()) if (inner.field === 1) threshold = inner.integer();
      return { kind: 'discretized higher', threshold };
    }
    case 7: {
      const [attributes, weights, replacements]: [number[], number[], number[]] = [[], [], []];
      let threshold = 0;
      while (inner.next()) {
        if (inner.field === 1) inner.addIntegers(attributes);
        else if (inner.field === 2) inner.addFloats(weights);
        else if (inner.field === 3) threshold = inner.float();
        else if (inner.field === 4) inner.addFloats(replacements);
      }
      return { kind: 'oblique', attributes, weights, threshold, replacements };
    }
    default:
      // A test on sequences of vectors (8): no input of the ops can carry them.
      throw malformedForest(file, 'a condition on numbers, booleans or categories', `one of kind ${field.field}`);
  }
}
