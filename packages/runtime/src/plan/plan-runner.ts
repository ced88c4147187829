import { SavedModelError, VariableStore } from '@servable/savedmodel';
import type { HostStep, NativeIsland, Plan, SignatureTensor, Subplan } from '@servable/savedmodel';
import { Tensor, TensorError } from '@servable/tensor';
import { RuntimeError } from '../runtime-error.js';
import { cancelled, checkLimits, deadlineExceeded, longestTimer, type CallOptions } from '../session/interruption.js';
import { NativeValue } from '../session/native-value.js';
import type { Instances } from '../session/execution-providers.js';
import { SessionGroup, type RunnableSession } from '../session/session-group.js';
import type { SessionOptions } from '../session/session-options.js';
import { planOfBody, runControlStep, type RunnableBranch, type RunnableLoop } from './control-steps.js';
import { IslandSessions } from './island-sessions.js';
import type { PreparedIsland, PreparedPlan, SharedIsland } from './prepared-plan.js';
import { schedule, type ScheduledStep } from './schedule.js';

/** A native island with its session. */
export interface RunnableIsland extends Pick<NativeIsland, 'kind' | 'inputs' | 'outputs'> {
  readonly session: RunnableSession;
}

/** A plan whose islands are sessions; it holds on to no weights. */
export interface RunnablePlan extends Omit<Plan, 'steps'> {
  readonly steps: readonly RunnableStep[];
}

/** A step with all that it needs to run. */
export type RunnableStep = RunnableIsland | HostStep | RunnableBranch | RunnableLoop;

/** How a plan is made ready to run. */
export interface PlanOptions extends SessionOptions, CallOptions {
  /** The variables that calls change; plans of one model share them. Default: the plan has its own. */
  readonly variables?: VariableStore | undefined;
  /** How many sessions each island has; calls are spread over them. Default 1. */
  readonly instances?: Instances | undefined;
  /** Whether sessions are made on a thread of low priority, as {@link CreateSessionOptions.inBackground} says. */
  readonly inBackground?: boolean | undefined;
  /** The sessions of the model, which its plans share. Default: the plan has its own. */
  readonly sessions?: IslandSessions | undefined;
  /** Islands whose weights have been read elsewhere: they stand for those of the plan with the same model. */
  readonly prepared?: readonly PreparedIsland[] | undefined;
}

type AnyIsland = NativeIsland | PreparedIsland | SharedIsland;
type Value = Tensor | NativeValue;

/** How many combinations of outputs are remembered. */
const rememberedSchedules = 64;

/**
 * Runs a compiled signature: its native islands and host steps, in order. Any number of calls may be under way at once.
 *
 * Values between islands stay in the engine's memory, and each is freed after its last use. Steps that the asked outputs
 * do not need are left out.
 */
export class PlanRunner implements AsyncDisposable {
  readonly plan: RunnablePlan;
  readonly #inputs: ReadonlyMap<string, SignatureTensor>;
  readonly #outputs: ReadonlyMap<string, SignatureTensor>;
  readonly #constants = new Map<string, Value>();
  readonly #schedules = new Map<string, readonly ScheduledStep[]>();
  /** Set when all there is to do is one island that reads the inputs. */
  readonly #only: RunnableIsland | undefined;
  readonly #variables: VariableStore;
  readonly #effects: readonly string[];

  constructor(plan: RunnablePlan, variables: VariableStore = new VariableStore()) {
    this.plan = plan;
    this.#variables = variables;
    this.#effects = plan.effects ?? [];
    variables.seed(plan.variables ?? new Map());
    this.#inputs = new Map(plan.inputs.map((input) => [input.alias, input]));
    this.#outputs = new Map(plan.outputs.map((output) => [output.alias, output]));
    const islandInputs = new Set(plan.steps.flatMap((step) => (step.kind === 'native' ? step.inputs : [])));
    for (const [name, tensor] of plan.constants) {
      this.#constants.set(name, islandInputs.has(name) ? NativeValue.fromTensor(tensor) : tensor);
    }
    const [only] = plan.steps;
    if (plan.steps.length === 1 && only?.kind === 'native') {
      const direct =
        plan.constants.size === 0 &&
        this.#effects.length === 0 &&
        plan.outputs.every((output) => only.outputs.includes(output.value)) &&
        only.inputs.every((value) => plan.inputs.some((input) => input.value === value));
      if (direct) this.#only = only;
    }
  }

  /** Makes a session of every island of a plan. */
  static async create(plan: PreparedPlan, options: PlanOptions = {}): Promise<PlanRunner> {
    const { variables = new VariableStore(), sessions = new IslandSessions(), prepared = [], ...session } = options;
    const made: (RunnableSession | PlanRunner)[] = [];
    const create = async (island: AnyIsland): Promise<RunnableIsland> => {
      const opened = await sessions.open(preparedAs(island, prepared), ({ model, weights }) =>
        SessionGroup.create(model, { ...session, weights, sharedWeights: sessions.weights }),
      );
      made.push(opened);
      const { kind, inputs, outputs } = island;
      return { kind, inputs, outputs, session: opened };
    };
    const body = async (part: Subplan): Promise<PlanRunner> => {
      const runner = await PlanRunner.create(planOfBody(part, plan), { ...session, variables, sessions, prepared });
      made.push(runner);
      return runner;
    };
    const prepare = async (step: PreparedPlan['steps'][number]): Promise<RunnableStep> => {
      switch (step.kind) {
        case 'native':
          return create(step);
        case 'host':
          return step;
        case 'loop':
          return { ...step, body: await body(step.body) };
        case 'if':
          return { ...step, whenTrue: await body(step.whenTrue), whenFalse: await body(step.whenFalse) };
      }
    };
    const settled = await Promise.allSettled(plan.steps.map(prepare));
    try {
      const steps = settled.map((result) => {
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      });
      return new PlanRunner({ ...plan, steps }, variables);
    } catch (error) {
      await Promise.all(made.map((owner) => owner.close()));
      throw error;
    }
  }

  /** Whether nothing refers to the inputs once a run went well: the engine reads them where they lie, and keeps nothing. */
  get returnsInputs(): boolean {
    return this.#only !== undefined;
  }

  /**
   * Computes outputs.
   *
   * @param inputs - a tensor for every input of the signature, by alias
   * @param aliases - outputs to compute, by alias
   */
  async run(
    inputs: ReadonlyMap<string, Tensor>,
    aliases: readonly string[],
    options: CallOptions = {},
  ): Promise<Map<string, Tensor>> {
    const feeds = new Map<string, Tensor>();
    for (const [alias, { value }] of this.#inputs) {
      const tensor = inputs.get(alias);
      if (tensor === undefined) throw missing('input', alias, this.#inputs.keys());
      feeds.set(value, tensor);
    }
    const wanted = new Set<string>();
    for (const alias of aliases) wanted.add(this.#output(alias).value);
    const values =
      this.#only === undefined
        ? await this.#runSteps(feeds, wanted, options)
        : await runIsland(this.#only, feeds, wanted, options);
    const outputs = new Map<string, Tensor>();
    for (const alias of aliases) {
      const { value, dtype } = this.#output(alias);
      const tensor = values.get(value);
      if (tensor === undefined) throw notComputed(this.plan.signatureName, value);
      // The engine knows quantized values as plain integers.
      outputs.set(alias, tensor.dtype === dtype ? tensor : new Tensor(dtype, tensor.shape, tensor.data));
    }
    return outputs;
  }

  /** Waits for the calls under way and frees the sessions. */
  async close(): Promise<void> {
    await Promise.all(this.plan.steps.map(closeStep));
    for (const value of this.#constants.values()) if (value instanceof NativeValue) value.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #runSteps(
    feeds: ReadonlyMap<string, Tensor>,
    wanted: ReadonlySet<string>,
    options: CallOptions,
  ): Promise<Map<string, Tensor>> {
    checkLimits(options);
    const needed = this.#effects.length === 0 ? wanted : new Set([...wanted, ...this.#effects]);
    const deadline = options.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs;
    const left = (): CallOptions => remaining(options, deadline);
    const tensors = new Map<string, Tensor>(feeds);
    const natives = new Map<string, NativeValue>();
    const value = (name: string): Value => {
      const found = natives.get(name) ?? tensors.get(name) ?? this.#constants.get(name);
      if (found === undefined) throw notComputed(this.plan.signatureName, name);
      return found;
    };
    const tensor = (name: string): Tensor => {
      let found = tensors.get(name) ?? this.plan.constants.get(name);
      if (found === undefined) {
        const native = value(name);
        found = native instanceof NativeValue ? native.toTensor() : native;
        tensors.set(name, found);
      }
      return found;
    };
    try {
      for (const { index, fetches, tensors: asTensors, feedsIsland, dead } of this.#schedule(needed)) {
        const step = this.plan.steps[index];
        if (step?.kind === 'native') {
          const islandFeeds = new Map(step.inputs.map((name) => [name, value(name)]));
          if (feedsIsland) {
            for (const [name, made] of await step.session.runNative(islandFeeds, fetches, left()))
              natives.set(name, made);
            for (const name of asTensors) tensor(name);
          } else {
            for (const [name, made] of await step.session.run(islandFeeds, fetches, left())) tensors.set(name, made);
          }
        } else if (step !== undefined) {
          const results =
            step.kind === 'host'
              ? await runHostStep(step, step.inputs.map(tensor), left(), this.#variables)
              : await runControlStep(step, { tensor, left });
          step.outputs.forEach((name, position) => tensors.set(name, results[position] as Tensor));
        }
        for (const name of dead) {
          tensors.delete(name);
          natives.get(name)?.close();
          natives.delete(name);
        }
      }
      return new Map([...wanted].map((name) => [name, tensor(name)]));
    } finally {
      for (const native of natives.values()) native.close();
    }
  }

  #schedule(wanted: ReadonlySet<string>): readonly ScheduledStep[] {
    const key = [...wanted].sort().join('\0');
    let steps = this.#schedules.get(key);
    if (steps === undefined) {
      steps = schedule(this.plan, wanted);
      if (this.#schedules.size < rememberedSchedules) this.#schedules.set(key, steps);
    }
    return steps;
  }

  #output(alias: string): SignatureTensor {
    const output = this.#outputs.get(alias);
    if (output === undefined) throw missing('output', alias, this.#outputs.keys());
    return output;
  }
}

/** The whole plan is one island: no values to keep track of. */
function runIsland(
  island: RunnableIsland,
  inputs: ReadonlyMap<string, Tensor>,
  wanted: ReadonlySet<string>,
  options: CallOptions,
): Promise<Map<string, Tensor>> {
  let feeds = inputs;
  if (island.inputs.length !== inputs.size) {
    // Inputs that nothing depends on are no inputs of the island.
    feeds = new Map(island.inputs.map((name) => [name, inputs.get(name) as Tensor]));
  }
  return island.session.run(feeds, [...wanted], options);
}

/** An island as it was made elsewhere, where its weights have been read, if it was. */
function preparedAs(island: AnyIsland, prepared: readonly PreparedIsland[]): AnyIsland {
  if (!('model' in island) || 'origins' in island) return island;
  return prepared.find(({ model }) => Buffer.compare(model, island.model) === 0) ?? island;
}

function closeStep(step: RunnableStep): Promise<unknown> {
  switch (step.kind) {
    case 'native':
      return step.session.close();
    case 'host':
      return Promise.resolve();
    case 'loop':
      return step.body.close();
    case 'if':
      return Promise.all([step.whenTrue.close(), step.whenFalse.close()]);
  }
}

async function runHostStep(
  step: HostStep,
  inputs: readonly Tensor[],
  limits: CallOptions,
  variables: VariableStore,
): Promise<readonly Tensor[]> {
  const { signal, timeoutMs } = limits;
  const timeout =
    timeoutMs === undefined || timeoutMs > longestTimer ? undefined : AbortSignal.timeout(Math.ceil(timeoutMs));
  const both = signal !== undefined && timeout !== undefined ? AbortSignal.any([signal, timeout]) : (signal ?? timeout);
  let results;
  try {
    results = await step.run(inputs, { signal: both, variables });
  } catch (error) {
    if (both?.aborted === true) throw cancelled(both, error);
    throw isTyped(error) ? error : hostStepFailed(step, error);
  }
  if (results.length !== step.outputs.length) {
    throw new RuntimeError(
      'INTERNAL',
      'HOST_STEP_OUTPUTS',
      `${step.op} at ${step.node}: expected ${step.outputs.length} outputs, given ${results.length}`,
    );
  }
  return results;
}

const isTyped = (error: unknown): boolean =>
  error instanceof SavedModelError || error instanceof RuntimeError || error instanceof TensorError;

/** Values that do not fit the op may stop it anywhere. */
function hostStepFailed({ op, node }: HostStep, cause: unknown): RuntimeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new RuntimeError(
    'INVALID_ARGUMENT',
    'HOST_STEP_FAILED',
    `${op} at ${node}: expected inputs that fit each other, given ones with which it fails (${why})`,
    { cause },
  );
}

/** The limits that are left of a call's. */
function remaining(options: CallOptions, deadline: number | undefined): CallOptions {
  if (options.signal?.aborted === true) throw cancelled(options.signal);
  if (deadline === undefined) return options;
  const timeoutMs = deadline - performance.now();
  if (timeoutMs <= 0) throw deadlineExceeded(options.timeoutMs);
  return { signal: options.signal, timeoutMs };
}

function missing(kind: 'input' | 'output', alias: string, known: Iterable<string>): RuntimeError {
  const expected = [...known].map((name) => JSON.stringify(name)).join(', ') || 'none';
  return kind === 'input'
    ? new RuntimeError(
        'INVALID_ARGUMENT',
        'MISSING_INPUT',
        `Missing input ${JSON.stringify(alias)}: expected ${expected}`,
        {
          input: alias,
        },
      )
    : new RuntimeError(
        'INVALID_ARGUMENT',
        'UNKNOWN_OUTPUT',
        `The signature has no output ${JSON.stringify(alias)}: expected ${expected}`,
      );
}

function notComputed(signatureName: string, value: string): RuntimeError {
  return new RuntimeError(
    'INTERNAL',
    'VALUE_NOT_COMPUTED',
    `The plan of signature ${JSON.stringify(signatureName)} has no step that computes ${JSON.stringify(value)}`,
  );
}
