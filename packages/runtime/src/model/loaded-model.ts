import type { SignatureDef } from '@servable/protos/tensorflow';
import type { SignatureTensor } from '@servable/savedmodel';
import type { Tensor, TensorLike } from '@servable/tensor';
import { RuntimeError } from '../runtime-error.js';
import { CallCount } from '../session/call-count.js';
import { checkLimits, within, type CallOptions } from '../session/interruption.js';
import type { Model, ModelCall, ModelIdentity, Prediction, PredictOptions } from './model.js';
import { checkInputs, coerceInputs, type SignatureInputs } from './signature-inputs.js';

/** What a signature takes and gives. */
export interface SignaturePlan extends SignatureInputs {
  readonly outputs: readonly SignatureTensor[];
}

/** A signature that is ready to run. */
export interface SignatureRunner {
  readonly plan: SignaturePlan;
  /** Whether nothing refers to the inputs once a run went well; absent means that something may. */
  readonly returnsInputs?: boolean | undefined;
  /** Computes outputs of inputs that have been checked, both by alias. */
  run(
    inputs: ReadonlyMap<string, Tensor>,
    aliases: readonly string[],
    options?: CallOptions,
  ): Promise<Map<string, Tensor>>;
  /**
   * What may run inputs whose shapes are not the signature's, as graphs can often take more than signatures say; undefined
   * where nothing can.
   */
  forShapes?(inputs: ReadonlyMap<string, Tensor>): Promise<SignatureRunner | undefined>;
  close(): Promise<void>;
}

/** Where the signatures of a model come from. */
export interface SignatureSource {
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  /** Makes a signature ready to run. The signal aborts when the model is closed. */
  compile(signatureName: string, signal: AbortSignal): Promise<SignatureRunner>;
  /** Called when nothing is compiled or run any more. */
  close(): Promise<void>;
}

/** The signature that requests without a name mean (`kDefaultServingSignatureDefKey`, `cc/saved_model/signature_constants.h`). */
export const defaultSignatureName = 'serving_default';
/** Not for requests (`kSavedModelInitOpKey`, `cc/saved_model/constants.h`). */
const initOpSignature = '__saved_model_init_op';

/** Failures that another attempt may not meet; all others are remembered. */
const passing: ReadonlySet<unknown> = new Set(['CANCELLED', 'DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED', 'UNAVAILABLE']);

/** A model whose signatures are compiled when they are first used. */
export class LoadedModel implements Model {
  readonly name: string;
  readonly version: bigint;
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  readonly #source: SignatureSource;
  readonly #runners = new Map<string, Promise<SignatureRunner>>();
  readonly #ready = new Map<string, SignatureRunner>();
  readonly #closed = new AbortController();
  readonly #underWay = new CallCount();
  #closing: Promise<void> | undefined;

  constructor({ name, version }: ModelIdentity, source: SignatureSource) {
    this.name = name;
    this.version = version;
    this.signatureDefs = source.signatureDefs;
    this.#source = source;
  }

  /** Names of the signatures that requests can use, the default one first. */
  get requestSignatures(): readonly string[] {
    const names = [...this.signatureDefs.keys()].filter((name) => name !== initOpSignature);
    return names.sort((a, b) => Number(b === defaultSignatureName) - Number(a === defaultSignatureName));
  }

  async warm(signatureName: string, options: CallOptions = {}): Promise<void> {
    await this.#use(() => this.#runner(signatureName, options));
  }

  async predict(
    inputs: Readonly<Record<string, TensorLike>>,
    { signature, outputFilter = [], signal, timeoutMs }: PredictOptions = {},
  ): Promise<Prediction> {
    const outputs = await this.#use(async () => {
      const started = performance.now();
      const runner = await this.#runner(signature ?? '', { signal, timeoutMs });
      const tensors = coerceInputs(runner.plan, inputs);
      return run(runner, tensors, outputFilter, { signal, timeoutMs }, started);
    });
    return { outputs: Object.fromEntries(outputs), model: { name: this.name, version: this.version } };
  }

  run({ signatureName, inputs, outputFilter, signal, timeoutMs }: ModelCall): Promise<Map<string, Tensor>> {
    return this.#use(async () => {
      const started = performance.now();
      const runner = this.#ready.get(signatureName) ?? (await this.#runner(signatureName, { signal, timeoutMs }));
      return run(runner, inputs, outputFilter, { signal, timeoutMs }, started);
    });
  }

  /**
   * Whether a run of the signature that went well leaves nothing behind that refers to its inputs, so that their memory
   * may be used for something else. `false` for a signature that has not been used.
   */
  returnsInputs(signatureName: string): boolean {
    return this.#ready.get(signatureName)?.returnsInputs === true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    await this.#underWay.none();
    // Callers that gave up waiting may have left a compilation behind.
    this.#closed.abort(closedError(this.name));
    const runners = await Promise.allSettled(this.#runners.values());
    const compiled = runners.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    await Promise.all(compiled.map((runner) => runner.close()));
    await this.#source.close();
  }

  /** Counts a call, so that closing waits for it. */
  async #use<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw closedError(this.name);
    this.#underWay.add();
    try {
      return await call();
    } finally {
      this.#underWay.remove();
    }
  }

  /** The runner of a signature, compiled once however many calls ask for it; each waits within its own limits. */
  async #runner(asked: string, options: CallOptions): Promise<SignatureRunner> {
    checkLimits(options);
    const signatureName = this.#signatureName(asked);
    const ready = this.#ready.get(signatureName);
    if (ready !== undefined) return ready;
    let compiling = this.#runners.get(signatureName);
    if (compiling === undefined) {
      compiling = this.#source.compile(signatureName, this.#closed.signal);
      this.#runners.set(signatureName, compiling);
      compiling.then(
        (runner) => this.#ready.set(signatureName, runner),
        (error: unknown) => {
          if (passing.has((error as { code?: unknown } | undefined)?.code)) this.#runners.delete(signatureName);
        },
      );
    }
    return within(compiling, options);
  }

  #signatureName(asked: string): string {
    if (asked !== '' && asked !== initOpSignature && this.signatureDefs.has(asked)) return asked;
    const names = this.requestSignatures;
    const [only] = names;
    if (asked === '' && only !== undefined && (only === defaultSignatureName || names.length === 1)) return only;
    // The beginning is upstream's (servables/tensorflow/predict_util.cc).
    throw new RuntimeError(
      'FAILED_PRECONDITION',
      'SIGNATURE_NOT_FOUND',
      `Serving signature key "${asked === '' ? defaultSignatureName : asked}" not found: expected one of ` +
        `${names.map((name) => JSON.stringify(name)).join(', ') || 'none'}`,
    );
  }
}

/** Runs with what is left of the time. */
async function run(
  runner: SignatureRunner,
  inputs: ReadonlyMap<string, Tensor>,
  outputFilter: readonly string[],
  { signal, timeoutMs }: CallOptions,
  started: number,
): Promise<Map<string, Tensor>> {
  const { plan } = runner;
  const aliases = outputFilter.length > 0 ? outputFilter : plan.outputs.map((output) => output.alias);
  const left = (): CallOptions => ({
    signal,
    timeoutMs: timeoutMs === undefined ? undefined : timeoutMs - (performance.now() - started),
  });
  let checked;
  try {
    checked = checkInputs(plan, inputs);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.reason !== 'INPUT_SHAPE_MISMATCH') throw error;
    const other = await (runner.forShapes && within(runner.forShapes(inputs), left()));
    if (other === undefined) throw error;
    return other.run(checkInputs(other.plan, inputs), aliases, left());
  }
  return runner.run(checked, aliases, left());
}

function closedError(name: string): RuntimeError {
  return new RuntimeError('FAILED_PRECONDITION', 'MODEL_CLOSED', `Model ${JSON.stringify(name)} has been closed`);
}
