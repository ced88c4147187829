import { loadSavedModel, loadTensorFlowModel, type Model } from '@servable/runtime';
import { Tensor } from '@servable/tensor';
import { difference, fromGoldenMap, readGolden, type Tolerance } from '../../../zoo/golden.js';
import { describe } from '../../../zoo/run-golden.js';
import { Oracle, type Answer } from './oracle.js';
import type { Amplified, Comparison, ComparisonRequest, Failure } from './comparison.js';
import { boundOf, timesItself, usualBound } from './ratchet.js';
import { summarisePlan } from './plan-summary.js';
import { compareSpeed } from './speed.js';
import { variationsOf } from './variations.js';

/** Large networks are not asked everything. */
const variationsMs = 12_000;

/** Of one call. */
const timeoutMs = 120_000;

/** Tells numbers that are apart from what is no number. */
const boundless: Tolerance = { absolute: Number.MAX_VALUE, relative: 0, ofLargest: 0 };

/** Kept from model to model: starting Python takes seconds. */
let oracle: Oracle | undefined;

/** Runs a model under the embedded engine and under TensorFlow, and says how far they are apart. */
export async function compare(request: ComparisonRequest): Promise<Comparison> {
  const { python } = request;
  const golden = readGolden(request.golden);
  const names = new Set(golden.cases.map(({ signature = golden.signature }) => signature));
  const plan = await summarisePlan(request.directory, names);
  const open = (): Promise<Model> =>
    plan.refused === undefined
      ? loadSavedModel(request.directory, { eager: [] })
      : loadTensorFlowModel(request.directory);
  const theirs = python === undefined ? undefined : await loadTensorFlowModel(request.directory);
  let model: Model | undefined;
  try {
    const itself = new Tally(usualBound);
    for (const { signature = golden.signature, inputs, outputs } of theirs === undefined ? [] : golden.cases) {
      itself.add('', await answer(theirs!, signature, fromGoldenMap(inputs)), { outputs: fromGoldenMap(outputs) });
    }
    const apart = itself.result().relative;
    const tally = new Tally(boundOf(apart));
    model = await open();
    for (const [i, { name, signature = golden.signature, inputs, outputs }] of golden.cases.entries()) {
      const given = await answer(model, signature, fromGoldenMap(inputs));
      const title = `${signature}, golden ${i + 1}${name === undefined ? '' : ` (${name})`}`;
      tally.add(title, given, { outputs: fromGoldenMap(outputs) });
    }
    if (python === undefined || theirs === undefined) return { ...plan, ...tally.result(), amplified: [] };
    // The goldens have changed its state, which TensorFlow's model still has as it was saved.
    if (plan.stateful) {
      await model.close();
      model = await open();
    }
    if (oracle?.isOver !== false) oracle = new Oracle(python);
    await oracle.load(request.directory);
    const end = performance.now() + variationsMs;
    const rounded: Doubtful[] = [];
    for (const signature of names) {
      const { inputs } = golden.cases.find((one) => (one.signature ?? golden.signature) === signature)!;
      const signatureDef = model.signatureDefs.get(signature)!;
      for (const { label, inputs: varied } of variationsOf(fromGoldenMap(inputs), signatureDef)) {
        if (performance.now() > end) break;
        const expected = await oracle.run(signature, varied);
        if ('code' in expected && expected.code === 'DEADLINE_EXCEEDED') continue;
        const call = `${signature}, ${label}`;
        const given = await answer(model, signature, varied);
        if (tally.add(call, given, expected) === 'rounded') rounded.push({ call, signature, varied, given, expected });
      }
    }
    const amplified: Amplified[] = [];
    for (const { call, signature, varied, given, expected } of rounded) {
      const distances = await distancesToDouble(oracle, signature, varied, given, expected);
      if (distances === undefined || !(distances.ours <= timesItself * distances.theirs)) continue;
      amplified.push({ call, ...distances });
      tally.pass(call);
    }
    const [timed] = golden.cases;
    const call = {
      signatureName: timed!.signature ?? golden.signature,
      inputs: fromGoldenMap(timed!.inputs),
      outputFilter: [],
    };
    const speed = await compareSpeed(model, theirs, call);
    return { ...plan, ...tally.result(), amplified, itself: apart, speed };
  } finally {
    await model?.close();
    await theirs?.close();
  }
}

async function answer(model: Model, signatureName: string, inputs: ReadonlyMap<string, Tensor>): Promise<Answer> {
  try {
    return { outputs: await model.run({ signatureName, inputs, outputFilter: [], timeoutMs }) };
  } catch (error) {
    return { error: describe(error), code: String((error as { code?: unknown }).code) };
  }
}

/** A call whose answers differ by numbers alone. */
interface Doubtful {
  readonly call: string;
  readonly signature: string;
  readonly varied: ReadonlyMap<string, Tensor>;
  readonly given: Answer;
  readonly expected: Answer;
}

/**
 * How far the engine and TensorFlow are from TensorFlow's answer in float64, which says whether a difference is rounding
 * that the model makes large or an error of the engine. `undefined` where it has no such answer.
 */
async function distancesToDouble(
  oracle: Oracle,
  signature: string,
  inputs: ReadonlyMap<string, Tensor>,
  given: Answer,
  expected: Answer,
): Promise<{ ours: number; theirs: number } | undefined> {
  if (!('outputs' in given && 'outputs' in expected)) return undefined;
  let double: ReadonlyMap<string, Tensor>;
  try {
    double = await oracle.runDouble(signature, inputs);
  } catch {
    return undefined;
  }
  const farthest = (outputs: ReadonlyMap<string, Tensor>): number =>
    Math.max(
      ...[...double].map(([alias, exact]) => {
        const narrow = outputs.get(alias)!;
        if (narrow.dtype !== 'float32') return 0;
        const wide = new Tensor('float64', narrow.shape, Float64Array.from(narrow.data as Float32Array));
        return difference(wide, exact).ofTensor;
      }),
    );
  return { ours: farthest(given.outputs), theirs: farthest(expected.outputs) };
}

class Tally {
  private readonly calls: string[] = [];
  private refusals = 0;
  private absolute = 0;
  private relative = 0;
  private failures: Failure[] = [];

  constructor(private readonly bound: Tolerance) {}

  /** @returns `rounded` when finite floats differ, and nothing else does */
  add(call: string, given: Answer, expected: Answer): 'rounded' | undefined {
    this.calls.push(call);
    const fail = (why: string): undefined => void this.failures.push({ call, why });
    if ('error' in expected) {
      // MirrorPad and others refuse no rows; with nothing computed there is nothing to be wrong.
      const nothing = 'outputs' in given && [...given.outputs.values()].every(({ size }) => size === 0);
      if (nothing) return undefined;
      if (!('error' in given)) return fail(`answered; TensorFlow refuses: ${expected.error}`);
      if (given.code === 'UNIMPLEMENTED' || given.code === 'undefined') return fail(given.error);
      this.refusals += 1;
      return undefined;
    }
    if ('error' in given) return fail(`refused; TensorFlow answers: ${given.error}`);
    const wrong: string[] = [];
    let rounding = true;
    for (const [alias, wanted] of expected.outputs) {
      const output = given.outputs.get(alias);
      const apart = difference(output, wanted, this.bound);
      if (apart.mismatch !== undefined) {
        wrong.push(`output ${alias}: ${apart.mismatch}`);
        // Apart by anything but a number: with no bound it differs still.
        rounding &&= wanted.dtype === 'float32' && difference(output, wanted, boundless).mismatch === undefined;
      }
      this.absolute = Math.max(this.absolute, apart.absolute);
      this.relative = Math.max(this.relative, apart.ofTensor);
    }
    if (wrong.length === 0) return undefined;
    fail(wrong.join('; '));
    return rounding ? 'rounded' : undefined;
  }

  /** Takes back what a call was found wrong in. */
  pass(call: string): void {
    this.failures = this.failures.filter((failure) => failure.call !== call);
  }

  result() {
    const { calls, refusals, absolute, relative, failures } = this;
    return { calls, refusals, absolute, relative, failures };
  }
}
