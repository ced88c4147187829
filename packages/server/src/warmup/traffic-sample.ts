import { encodePredictionLog, type InferenceCall } from '@servable/core';
import { encodePredictRequest } from '@servable/tensor';
import type { ResolvedTrafficWarmup } from './traffic-options.js';

/** A call that is taken into a sample if it ends well. */
export interface SampleCandidate {
  readonly signatureName: string;
  /** A serialized PredictionLog. */
  readonly record: Uint8Array;
}

interface Reservoir {
  /** Calls that were offered, up to {@link memory}. */
  offered: number;
  readonly records: Uint8Array[];
}

/** From here on each call has the same chance to be kept, so that the sample follows the traffic as it changes. */
const memory = 10_000;

/**
 * A bounded sample of the calls of one model: of each signature a reservoir, in which every call so far has the same
 * chance to be. It holds the inputs and the output filter of a call, and nothing of who made it.
 */
export class TrafficSample {
  readonly #name: string;
  readonly #limits: Pick<ResolvedTrafficWarmup, 'maxRequests' | 'maxBytes'>;
  readonly #random: () => number;
  readonly #reservoirs = new Map<string, Reservoir>();
  #bytes = 0;
  #changes = 0;

  /** @param random - a number from 0 to below 1, for tests */
  constructor(
    name: string,
    limits: Pick<ResolvedTrafficWarmup, 'maxRequests' | 'maxBytes'>,
    random: () => number = Math.random,
  ) {
    this.#name = name;
    this.#limits = limits;
    this.#random = random;
  }

  /** Bytes of all records. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Grows with every change. */
  get changes(): number {
    return this.#changes;
  }

  /** The records of all signatures, serialized PredictionLogs. */
  get records(): readonly Uint8Array[] {
    return [...this.#reservoirs.values()].flatMap(({ records }) => records);
  }

  /**
   * Decides whether a call is to be kept, before it runs, while its inputs are still what came. Most calls cost no more
   * than a random number.
   *
   * @returns what to {@link take} once the call has ended well
   */
  consider(call: InferenceCall): SampleCandidate | undefined {
    const { maxRequests, maxBytes } = this.#limits;
    const { signatureName, inputs, outputFilter } = call;
    const reservoir = this.#reservoirs.get(signatureName);
    if (reservoir !== undefined) {
      reservoir.offered = Math.min(reservoir.offered + 1, memory);
      const isFull = reservoir.records.length >= maxRequests;
      if (isFull && this.#random() * reservoir.offered >= maxRequests) return undefined;
    }
    let size = 0;
    for (const { byteLength } of inputs.values()) size += byteLength;
    if (size > maxBytes) return undefined;
    try {
      const modelSpec = { name: this.#name, signatureName };
      const request = encodePredictRequest({ modelSpec, inputs, outputFilter }, { content: true });
      return { signatureName, record: encodePredictionLog({ kind: 'predict', request }) };
    } catch {
      // A sample is never a reason for a request to fail.
      return undefined;
    }
  }

  /** Keeps a candidate, in place of another one where the reservoir is full; left out where the bytes do not suffice. */
  take({ signatureName, record }: SampleCandidate): void {
    const { maxRequests, maxBytes } = this.#limits;
    let reservoir = this.#reservoirs.get(signatureName);
    if (reservoir === undefined) this.#reservoirs.set(signatureName, (reservoir = { offered: 1, records: [] }));
    const { records } = reservoir;
    const slot = records.length < maxRequests ? records.length : Math.floor(this.#random() * records.length);
    const bytes = this.#bytes + record.length - (records[slot]?.length ?? 0);
    if (bytes > maxBytes) return;
    records[slot] = record;
    this.#bytes = bytes;
    this.#changes += 1;
  }
}
