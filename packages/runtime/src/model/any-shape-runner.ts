import type { Tensor } from '@servable/tensor';
import type { CallOptions } from '../session/interruption.js';
import type { SignaturePlan, SignatureRunner } from './loaded-model.js';

/** Combinations of ranks that one signature is compiled for; others are refused. */
const MOST_PLANS = 4;
/** TensorFlow's tensors have no more dimensions (core/framework/tensor_shape.h). */
const MOST_DIMS = 254;

/** Compiles a plan for inputs of these ranks and any sizes, by alias; inputs that are left out have the signature's shape. */
export type CompileRanks = (ranks: ReadonlyMap<string, number>, signal: AbortSignal) => Promise<SignatureRunner>;

/**
 * Runs a signature on inputs of other shapes, too. TensorFlow does not hold requests to the shapes of a signature: what its
 * graph can be run with is answered (`DirectSession::Run` in core/common_runtime/direct_session.cc checks dtypes alone).
 * A plan for such shapes is compiled when they are first sent.
 */
export class AnyShapeRunner implements SignatureRunner {
  readonly plan: SignaturePlan;
  readonly #runner: SignatureRunner;
  readonly #compile: CompileRanks | undefined;
  /** By ranks; undefined for those that it cannot be compiled for. */
  readonly #others = new Map<string, Promise<SignatureRunner | undefined>>();
  readonly #closed = new AbortController();

  /** @param compile - without it, inputs must have the shapes of the signature */
  constructor(runner: SignatureRunner, compile: CompileRanks | undefined) {
    this.plan = runner.plan;
    this.#runner = runner;
    this.#compile = compile;
  }

  /** Plans for other shapes may keep them. */
  get returnsInputs(): boolean {
    return this.#runner.returnsInputs === true && this.#others.size === 0;
  }

  run(
    inputs: ReadonlyMap<string, Tensor>,
    aliases: readonly string[],
    options?: CallOptions,
  ): Promise<Map<string, Tensor>> {
    return this.#runner.run(inputs, aliases, options);
  }

  forShapes(inputs: ReadonlyMap<string, Tensor>): Promise<SignatureRunner | undefined> {
    const ranks = new Map<string, number>();
    for (const { alias, shape } of this.plan.inputs) {
      const given = inputs.get(alias)?.shape;
      if (given === undefined || shape === undefined) continue;
      const fits = shape.length === given.length && shape.every((dim, axis) => dim === null || dim === given[axis]);
      if (!fits) ranks.set(alias, given.length);
    }
    if ([...ranks.values()].some((rank) => rank > MOST_DIMS)) return Promise.resolve(undefined);
    const key = JSON.stringify([...ranks]);
    let other = this.#others.get(key);
    if (other === undefined) {
      if (this.#compile === undefined || this.#others.size >= MOST_PLANS) return Promise.resolve(undefined);
      other = this.#compile(ranks, this.#closed.signal).catch(() => undefined);
      this.#others.set(key, other);
    }
    return other;
  }

  async close(): Promise<void> {
    this.#closed.abort();
    const close = async (other: Promise<SignatureRunner | undefined>) => (await other)?.close();
    await Promise.all([this.#runner.close(), ...[...this.#others.values()].map(close)]);
  }
}
