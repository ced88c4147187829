import { bucketIndex, type BucketLimits } from './buckets.js';

/** The values of a metric's labels, in the order in which the metric names them. */
export type LabelValues = readonly string[];

/** The label values under which everything is counted that comes after {@link MAX_SERIES} different ones. */
export const OVERFLOW_LABEL = '(other)';

/**
 * Most series of one metric. Label values such as model names come from callers, who could otherwise fill the memory
 * with names that they make up.
 */
export const MAX_SERIES = 1000;

/** A name as TensorFlow spells it, `/tensorflow/serving/request_count`, and the names of the labels. */
export interface MetricInfo {
  readonly name: string;
  readonly labels: readonly string[];
}

/** The series of one metric by their label values. */
class Series<Value> {
  readonly #byKey = new Map<string, { readonly labels: LabelValues; readonly value: Value }>();
  readonly #make: () => Value;

  constructor(make: () => Value) {
    this.#make = make;
  }

  get(labels: LabelValues): Value {
    const key = labels.length === 1 ? labels[0]! : labels.join('\0');
    const found = this.#byKey.get(key);
    if (found !== undefined) return found.value;
    if (this.#byKey.size >= MAX_SERIES && labels.some((label) => label !== OVERFLOW_LABEL)) {
      return this.get(labels.map(() => OVERFLOW_LABEL));
    }
    const value = this.#make();
    this.#byKey.set(key, { labels: [...labels], value });
    return value;
  }

  /** Sorted by label values. */
  entries(): readonly { readonly labels: LabelValues; readonly value: Value }[] {
    return [...this.#byKey.values()].sort((a, b) => compare(a.labels, b.labels));
  }
}

function compare(one: LabelValues, other: LabelValues): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at === -1 ? 0 : one[at]! < other[at]! ? -1 : 1;
}

/** A number that only grows. */
export class Counter {
  readonly kind = 'counter';
  readonly #series = new Series(() => ({ count: 0 }));

  constructor(readonly info: MetricInfo) {}

  increment(labels: LabelValues, by = 1): void {
    this.#series.get(labels).count += by;
  }

  values(): readonly { readonly labels: LabelValues; readonly value: number }[] {
    return this.#series.entries().map(({ labels, value }) => ({ labels, value: value.count }));
  }
}

/** A number that is looked up when the page is asked for. */
export class Gauge {
  readonly kind = 'gauge';

  constructor(
    readonly info: MetricInfo,
    readonly values: () => readonly { readonly labels: LabelValues; readonly value: number }[],
  ) {}
}

export interface Distribution {
  /** One per bucket, the one without limit last; not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** Counts values by size. */
export class Histogram {
  readonly kind = 'histogram';
  readonly #series: Series<{ counts: number[]; sum: number; count: number }>;

  constructor(
    readonly info: MetricInfo,
    readonly limits: BucketLimits,
  ) {
    this.#series = new Series(() => ({
      counts: new Array<number>(limits.length + 1).fill(0),
      sum: 0,
      count: 0,
    }));
  }

  add(labels: LabelValues, value: number): void {
    const series = this.#series.get(labels);
    series.counts[bucketIndex(this.limits, value)]! += 1;
    series.sum += value;
    series.count += 1;
  }

  values(): readonly { readonly labels: LabelValues; readonly value: Distribution }[] {
    return this.#series.entries();
  }
}

export type Metric = Counter | Gauge | Histogram;
