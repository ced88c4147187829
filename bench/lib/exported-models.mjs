// The SavedModels that `npm run conformance -- --export-only` makes, with the call that the measurements repeat.
import { existsSync, readFileSync } from 'node:fs';
import { compileSignature, readSavedModel } from '@servable/savedmodel';
import { basePath } from './models.mjs';

/** The rows of a batch that measurements ask for; `undefined` are the rows of the golden call, whose inputs differ in them. */
const batches = [1, 32];

/** Names of all models. */
export function allModelNames() {
  const kinds = JSON.parse(readFileSync(new URL('../../conformance/export/models.json', import.meta.url), 'utf8'));
  return Object.values(kinds).flat();
}

/** Names of the models: those that MODELS names, with commas between; otherwise all. */
export function modelNames() {
  return process.env['MODELS']?.split(',') ?? allModelNames();
}

/** The first golden call of a model; undefined when it has not been exported. */
export function goldenCall(name) {
  const base = basePath(name);
  if (base === undefined || !existsSync(`${base}/golden.json`)) return undefined;
  const golden = JSON.parse(readFileSync(`${base}/golden.json`, 'utf8'));
  const [{ signature = golden.signature, inputs }] = golden.cases;
  const rows = new Set(Object.values(inputs).map(({ shape }) => shape[0]));
  const hasBatch = rows.size === 1 && !rows.has(undefined);
  return { load: `${base}/1`, signature, inputs, batches: hasBatch ? batches : [undefined] };
}

/** The host ops in a signature's plan, those in the bodies of loops and branches included. */
export async function countHostOps({ load, signature }) {
  const model = await readSavedModel(load);
  const count = (steps) =>
    steps.reduce((sum, step) => {
      const bodies = step.kind === 'if' ? [step.whenTrue, step.whenFalse] : step.kind === 'loop' ? [step.body] : [];
      return sum + (step.kind === 'host' ? 1 : 0) + bodies.reduce((inner, body) => inner + count(body.steps), 0);
    }, 0);
  try {
    const { steps } = await compileSignature(model, signature);
    return count(steps);
  } finally {
    await model.close();
  }
}
