import type { OutputWork } from '@servable/savedmodel';
import type { Tensor } from '@servable/tensor';
import type { PlanRunner } from '../plan/plan-runner.js';
import { within, type CallOptions } from '../session/interruption.js';
import type { SignatureRunner } from './loaded-model.js';

/** A plan for some of the outputs is made where it spares so much of the work. */
const LEAST_SPARED = 0.2;
/** Plans for some of the outputs that one signature may have; more filters use the plan for all. */
const MOST_PLANS = 8;
/** What the constants of such plans may take in all: parts that are not the same hold what they read a second time. */
const MOST_WEIGHT_BYTES = 256 * 2 ** 20;

/** Filters of which it is remembered whether a plan is worth it. */
const MOST_REMEMBERED = 256;

interface Filtered {
  /** Undefined when it cannot be made. */
  readonly compiled: Promise<SignatureRunner | undefined>;
  ready: SignatureRunner | undefined;
}

/** Compiles a plan for some outputs only. */
type CompileOutputs = (aliases: readonly string[], signal: AbortSignal) => Promise<SignatureRunner>;

/**
 * Runs a signature so that what a request does not ask for is not computed. The engine computes all of an island, so that
 * a filter of outputs that spares a noticeable part gets a plan of its own. It is compiled when the filter is first used.
 * Until then the plan for all outputs answers; where that one fails, what was asked for may still be computed, and the
 * request waits for the plan that does only that.
 */
export class FilteringRunner implements SignatureRunner {
  readonly plan: PlanRunner['plan'];
  readonly #whole: PlanRunner;
  readonly #compile: CompileOutputs;
  readonly #filtered = new Map<string, Filtered | undefined>();
  readonly #closed = new AbortController();
  #plans = 0;
  #weightBytes = 0;

  constructor(whole: PlanRunner, compile: CompileOutputs) {
    this.#whole = whole;
    this.plan = whole.plan;
    this.#compile = compile;
  }

  /** A plan for fewer outputs does nothing that the one for all does not. */
  get returnsInputs(): boolean {
    return this.#whole.returnsInputs;
  }

  async run(
    inputs: ReadonlyMap<string, Tensor>,
    aliases: readonly string[],
    options: CallOptions = {},
  ): Promise<Map<string, Tensor>> {
    const filtered = this.#filter(aliases);
    if (filtered === undefined) return this.#whole.run(inputs, aliases, options);
    if (filtered.ready !== undefined) return filtered.ready.run(inputs, aliases, options);
    const { signal, timeoutMs } = options;
    const started = performance.now();
    try {
      return await this.#whole.run(inputs, aliases, options);
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code === 'CANCELLED' || code === 'DEADLINE_EXCEEDED') throw error;
      const left = () => (timeoutMs === undefined ? undefined : timeoutMs - (performance.now() - started));
      const runner = await within(filtered.compiled, { signal, timeoutMs: left() });
      if (runner === undefined) throw error;
      return runner.run(inputs, aliases, { signal, timeoutMs: left() });
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const close = async (filtered: Filtered | undefined) => (await filtered?.compiled)?.close();
    await Promise.all([this.#whole.close(), ...[...this.#filtered.values()].map(close)]);
  }

  /** The plan of some outputs; undefined where the one for all is as good. */
  #filter(aliases: readonly string[]): Filtered | undefined {
    const { work = [], outputs, variables } = this.plan;
    // A request that is run again would write twice.
    if (work.length < 2 || aliases.length === 0 || (variables !== undefined && variables.size > 0)) return undefined;
    const wanted = new Set(aliases);
    if (wanted.size >= outputs.length || !outputs.some(({ alias }) => wanted.has(alias))) return undefined;
    const key = JSON.stringify([...wanted].sort());
    if (this.#filtered.has(key)) return this.#filtered.get(key);
    if (this.#filtered.size >= MOST_REMEMBERED) return undefined;
    const filtered = this.#isWorthwhile(work, wanted) ? this.#start([...wanted]) : undefined;
    this.#filtered.set(key, filtered);
    return filtered;
  }

  /** Whether a plan spares enough; takes it into account if so. */
  #isWorthwhile(work: readonly OutputWork[], wanted: ReadonlySet<string>): boolean {
    let [all, spared, bytes] = [0, 0, 0];
    for (const { outputs, amount, weightBytes } of work) {
      const isWanted = outputs.some((alias) => wanted.has(alias));
      all += amount;
      if (isWanted) bytes += weightBytes;
      else spared += amount;
    }
    if (spared < LEAST_SPARED * all || this.#plans >= MOST_PLANS) return false;
    if (this.#weightBytes + bytes > MOST_WEIGHT_BYTES) return false;
    this.#plans++;
    this.#weightBytes += bytes;
    return true;
  }

  #start(aliases: readonly string[]): Filtered {
    const compiled = this.#compile(aliases, this.#closed.signal).then(
      (runner) => (filtered.ready = runner),
      () => undefined,
    );
    const filtered: Filtered = { compiled, ready: undefined };
    return filtered;
  }
}
