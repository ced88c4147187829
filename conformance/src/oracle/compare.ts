import { loadSavedModel, loadTensorFlowModel, type Model } from '@servable/runtime';
import type { Tensor } from '@servable/tensor';
import { difference, fromGoldenMap, readGolden, type Tolerance } from '../../../zoo/golden.js';
import { describe } from '../../../zoo/run-golden.js';
import { Oracle, type Answer } from './oracle.js';
import type { Comparison, ComparisonRequest, Failure } from './comparison.js';
import { boundOf, usualBound } from './ratchet.js';
import { summarisePlan } from './plan-summary.js';
import { compareSpeed } from './speed.js';
import { variationsOf } from './variations.js';

/** Large networks are not asked everything. */
const variationsMs = 12_000;

/** Of one call. */
const timeoutMs = 120_000;

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
    if (python === undefined || theirs === undefined) return { ...plan, ...tally.result() };
    // The goldens have changed its state, which TensorFlow's model still has as it was saved.
    if (plan.stateful) {
      await model.close();
      model = await open();
    }
    if (oracle?.isOver !== false) oracle = new Oracle(python);
    await oracle.load(request.directory);
    const end = performance.now() + variationsMs;
    for (const signature of names) {
      const { inputs } = golden.cases.find((one) => (one.signature ?? golden.signature) === signature)!;
      const signatureDef = model.signatureDefs.get(signature)!;
      for (const { label, inputs: varied } of variationsOf(fromGoldenMap(inputs), signatureDef)) {
        if (performance.now() > end) break;
        const expected = await oracle.run(signature, varied);
        if ('code' in expected && expected.code === 'DEADLINE_EXCEEDED') continue;
        tally.add(`${signature}, ${label}`, await answer(model, signature, varied), expected);
      }
    }
    const [timed] = golden.cases;
    const call = {
      signatureName: timed!.signature ?? golden.signature,
      inputs: fromGoldenMap(timed!.inputs),
      outputFilter: [],
    };
    const speed = await compareSpeed(model, theirs, call);
    return { ...plan, ...tally.result(), itself: apart, speed };
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

class Tally {
  private readonly calls: string[] = [];
  private refusals = 0;
  private absolute = 0;
  private relative = 0;
  private readonly failures: Failure[] = [];

  constructor(private readonly bound: Tolerance) {}

  add(call: string, given: Answer, expected: Answer): void {
    this.calls.push(call);
    const fail = (why: string): void => void this.failures.push({ call, why });
    if ('error' in expected) {
      // MirrorPad and others refuse no rows; with nothing computed there is nothing to be wrong.
      const nothing = 'outputs' in given && [...given.outputs.values()].every(({ size }) => size === 0);
      if (nothing) return;
      if (!('error' in given)) fail(`answered; TensorFlow refuses: ${expected.error}`);
      else if (given.code === 'UNIMPLEMENTED' || given.code === 'undefined') fail(given.error);
      else this.refusals += 1;
      return;
    }
    if ('error' in given) {
      fail(`refused; TensorFlow answers: ${given.error}`);
      return;
    }
    for (const [alias, wanted] of expected.outputs) {
      const apart = difference(given.outputs.get(alias), wanted, this.bound);
      if (apart.mismatch !== undefined) fail(`output ${alias}: ${apart.mismatch}`);
      this.absolute = Math.max(this.absolute, apart.absolute);
      this.relative = Math.max(this.relative, apart.ofTensor);
    }
  }

  result() {
    const { calls, refusals, absolute, relative, failures } = this;
    return { calls, refusals, absolute, relative, failures };
  }
}
