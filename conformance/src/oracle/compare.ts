import { loadSavedModel, loadTensorFlowModel, type Model } from '@servable/runtime';
import type { Tensor } from '@servable/tensor';
import { difference, fromGoldenMap, readGolden, type Tolerance } from '../../../zoo/golden.js';
import { describe } from '../../../zoo/run-golden.js';
import { Oracle, type Answer } from './oracle.js';
import type { Comparison, ComparisonRequest } from './comparison.js';
import { summarisePlan } from './plan-summary.js';
import { compareSpeed } from './speed.js';
import { variationsOf } from './variations.js';

/** Calls beyond the goldens are made of the first golden of each signature. */
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
  const tally = new Tally(request.bound);

  let model = await open();
  try {
    for (const [i, { name, signature = golden.signature, inputs, outputs }] of golden.cases.entries()) {
      const given = await answer(model, signature, fromGoldenMap(inputs));
      const title = `${signature}, golden ${i + 1}${name === undefined ? '' : ` (${name})`}`;
      tally.add(title, given, { outputs: fromGoldenMap(outputs) });
    }
    if (python === undefined) return { ...plan, ...tally.result() };
    // The goldens have changed its state, which TensorFlow's model still has as it was saved.
    if (plan.stateful) {
      await model.close();
      model = await open();
    }
    if (oracle?.isOver !== false) oracle = new Oracle(python);
    await oracle.load(request.directory);
    for (const signature of names) {
      const { inputs } = golden.cases.find((one) => (one.signature ?? golden.signature) === signature)!;
      const signatureDef = model.signatureDefs.get(signature)!;
      for (const { label, inputs: varied } of variationsOf(fromGoldenMap(inputs), signatureDef)) {
        const expected = await oracle.run(signature, varied);
        if ('code' in expected && expected.code === 'DEADLINE_EXCEEDED') continue;
        tally.add(`${signature}, ${label}`, await answer(model, signature, varied), expected);
      }
    }
    await using theirs = await loadTensorFlowModel(request.directory);
    const itself = new Tally(request.bound);
    for (const { signature = golden.signature, inputs, outputs } of golden.cases) {
      itself.add('', await answer(theirs, signature, fromGoldenMap(inputs)), { outputs: fromGoldenMap(outputs) });
    }
    const [timed] = golden.cases;
    const call = {
      signatureName: timed!.signature ?? golden.signature,
      inputs: fromGoldenMap(timed!.inputs),
      outputFilter: [],
    };
    const speed = await compareSpeed(model, theirs, call);
    return { ...plan, ...tally.result(), itself: itself.result().relative, speed };
  } finally {
    await model.close();
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
  private calls = 0;
  private refusals = 0;
  private absolute = 0;
  private relative = 0;
  private readonly failures: string[] = [];

  constructor(private readonly bound: Tolerance) {}

  add(label: string, given: Answer, expected: Answer): void {
    this.calls += 1;
    if ('error' in expected) {
      // MirrorPad and others refuse no rows; with nothing computed there is nothing to be wrong.
      const nothing = 'outputs' in given && [...given.outputs.values()].every(({ size }) => size === 0);
      if (nothing) return;
      if (!('error' in given)) this.failures.push(`${label}: answered; TensorFlow refuses: ${expected.error}`);
      else if (given.code === 'UNIMPLEMENTED' || given.code === 'undefined')
        this.failures.push(`${label}: ${given.error}`);
      else this.refusals += 1;
      return;
    }
    if ('error' in given) {
      this.failures.push(`${label}: refused; TensorFlow answers: ${given.error}`);
      return;
    }
    for (const [alias, wanted] of expected.outputs) {
      const apart = difference(given.outputs.get(alias), wanted, this.bound);
      if (apart.mismatch !== undefined) this.failures.push(`${label}: output ${alias}: ${apart.mismatch}`);
      this.absolute = Math.max(this.absolute, apart.absolute);
      this.relative = Math.max(this.relative, apart.ofTensor);
    }
  }

  result() {
    const { calls, refusals, absolute, relative, failures } = this;
    return { calls, refusals, absolute, relative, failures };
  }
}
