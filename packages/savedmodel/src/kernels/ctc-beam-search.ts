import type { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { int64s } from './byte-strings.js';
import { doublesOf, fromDoubles, integersOf, invalidRequest } from './elements.js';

export interface BeamSearchOptions {
  readonly width: number;
  readonly paths: number;
  /** Whether classes that come twice in a row in a path count once. */
  readonly mergeRepeated: boolean;
}

/** Log probabilities of a path: in all, of those that end with a blank, and of those that end with its label. */
interface Probability {
  total: number;
  blank: number;
  label: number;
}

class Entry {
  before: Probability = impossible();
  now: Probability = impossible();
  private readonly children = new Map<number, Entry>();

  constructor(
    readonly parent: Entry | undefined,
    readonly label: number,
  ) {}

  get active(): boolean {
    return this.now.total !== -Infinity;
  }

  child(label: number): Entry {
    let child = this.children.get(label);
    if (child === undefined) {
      child = new Entry(this, label);
      this.children.set(label, child);
    }
    return child;
  }
}

/** The labels on the way to an entry. */
function labelsOf(last: Entry, mergeRepeated: boolean): number[] {
  const labels: number[] = [];
  let previous = -1;
  for (let entry = last; entry.parent !== undefined; entry = entry.parent) {
    if (!mergeRepeated || entry.label !== previous) labels.push(entry.label);
    previous = entry.label;
  }
  return labels.reverse();
}

const impossible = (): Probability => ({ total: -Infinity, blank: -Infinity, label: -Infinity });

function logSum(a: number, b: number): number {
  if (a === -Infinity) return b;
  if (b === -Infinity) return a;
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
}

/** The best entries, at most `width`, best first. */
class Beam {
  entries: Entry[] = [];

  constructor(private readonly width: number) {}

  get isFull(): boolean {
    return this.entries.length >= this.width;
  }

  get worst(): Entry {
    return this.entries.at(-1)!;
  }

  accepts({ total }: Probability): boolean {
    return total > -Infinity && (!this.isFull || total > this.worst.now.total);
  }

  /** Puts an entry in its place; the worst one has to leave a full beam. */
  push(entry: Entry): void {
    if (this.isFull) this.entries.pop();
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle]!.now.total >= entry.now.total) low = middle + 1;
      else high = middle;
    }
    this.entries.splice(low, 0, entry);
  }
}

/** The beam search without a language model of tensorflow/core/util/ctc/ctc_beam_search.h; the last class is the blank. */
function search(rows: readonly Float64Array[], width: number): readonly Entry[] {
  const root = new Entry(undefined, -1);
  root.now = { total: 0, blank: 0, label: -Infinity };
  let beam = new Beam(width);
  beam.push(root);
  for (const row of rows) {
    const blank = row.length - 1;
    const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const offset = most + Math.log(row.reduce((sum, value) => sum + Math.exp(value - most), 0));
    const branches = beam.entries;
    beam = new Beam(width);
    for (const entry of branches) entry.before = { ...entry.now };
    for (const entry of branches) {
      const { parent, now, before } = entry;
      if (parent !== undefined) {
        if (parent.active) {
          // After the same class only a blank begins it anew.
          const from = entry.label === parent.label ? parent.before.blank : parent.before.total;
          now.label = logSum(now.label, from);
        }
        now.label += row[entry.label]! - offset;
      }
      now.blank = before.total + row[blank]! - offset;
      now.total = logSum(now.blank, now.label);
      beam.push(entry);
    }
    for (const entry of branches) {
      if (!beam.accepts(entry.before)) continue;
      for (let label = 0; label < blank; label++) {
        const child = entry.child(label);
        if (child.active) continue;
        const from = child.label === entry.label ? entry.before.blank : entry.before.total;
        const value = row[label]! - offset + from;
        child.now = { blank: -Infinity, label: value, total: value };
        if (beam.accepts(child.now)) {
          if (beam.isFull) beam.worst.now = impossible();
          beam.push(child);
        } else {
          child.before = impossible();
          child.now = impossible();
        }
      }
    }
  }
  return beam.entries;
}

/**
 * `CTCBeamSearchDecoder`.
 *
 * @param logits - [time, batch, class]
 * @param lengths - [batch]
 * @returns indices of each path, then values of each, then shapes of each, as sparse [batch, time] of int64, then the log
 * probabilities, [batch, paths]
 */
export function ctcBeamSearch(logits: Tensor, lengths: Tensor, options: BeamSearchOptions): Tensor[] {
  const { width, paths, mergeRepeated } = options;
  if (logits.rank !== 3) throw invalidRequest('BAD_RANK', `Expected logits of rank 3, got ${logits.rank}`);
  if (logits.size === 0) throw invalidRequest('NO_ELEMENTS', `Expected logits, got none: [${logits.shape.join(', ')}]`);
  if (width < paths) throw invalidRequest('BAD_WIDTH', `requested more paths than the beam width: ${paths} > ${width}`);
  const [time, batch, classes] = logits.shape as [number, number, number];
  const steps = integersOf(lengths);
  const bad = steps.find((length) => length > time);
  if (lengths.rank !== 1 || steps.length !== batch || bad !== undefined) {
    throw new SavedModelError(
      'FAILED_PRECONDITION',
      'BAD_LENGTH',
      `Expected ${batch} lengths of up to ${time}, got ${bad ?? `the shape [${lengths.shape.join(', ')}]`}`,
    );
  }
  const values = doublesOf(logits);
  const found = Array.from({ length: paths }, () => ({ places: [] as number[], labels: [] as number[], longest: 0 }));
  const scores = new Float64Array(batch * paths);
  for (let b = 0; b < batch; b++) {
    const rows = Array.from({ length: Math.max(steps[b]!, 0) }, (_, t) =>
      values.subarray((t * batch + b) * classes, (t * batch + b + 1) * classes),
    );
    const entries = search(rows, width);
    if (entries.length < paths) {
      throw invalidRequest('TOO_FEW_PATHS', `Expected ${paths} paths, and there are only ${entries.length}`);
    }
    found.forEach((path, p) => {
      const entry = entries[p]!;
      const labels = labelsOf(entry, mergeRepeated);
      labels.forEach((label, at) => {
        path.places.push(b, at);
        path.labels.push(label);
      });
      path.longest = Math.max(path.longest, labels.length);
      scores[b * paths + p] = entry.now.total;
    });
  }
  return [
    ...found.map(({ places, labels }) => int64s(places, [labels.length, 2])),
    ...found.map(({ labels }) => int64s(labels)),
    ...found.map(({ longest }) => int64s([batch, longest])),
    fromDoubles(logits.dtype, [batch, paths], scores),
  ];
}
