import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileSignature, readSavedModel } from '@servable/savedmodel';
import { basePath } from '../lib/models.mjs';
import { compareRates } from '../lib/pairs.mjs';
import { startProgram } from '../lib/processes.mjs';

export const title = "SavedModels in-process against TensorFlow's C API, the same threads, one call at a time";

const python = fileURLToPath(new URL('../../conformance/.venv/bin', import.meta.url));
const usual =
  'mlp deep_and_cross einsum_dense recommender keras2_sequential tf1_simple_save transformer language_model ' +
  'vision_transformer translator unet residual_cifar group_norms video wavenet text_cnn vibration lstm_classifier ' +
  'gru_tagger simple_rnn keras2_lstm forecaster tf1_recurrent_frames mobilenet_v2 mobilenet_v3_small ' +
  'efficientnet_b0 densenet121 resnet50 inception_v3 convnext_tiny nasnet_mobile basic_pitch detector keyword_spotter ' +
  'preprocessed text_classifier tf1_estimator image_bytes ragged_recommender beam_search';

/** What `npm run conformance -- --export-only` makes; MODELS names others, with commas between. */
const names = process.env['MODELS']?.split(',') ?? usual.split(' ');

export async function measure() {
  const threads = availableParallelism();
  const env = {
    CUDA_VISIBLE_DEVICES: '-1',
    TF_CPP_MIN_LOG_LEVEL: '3',
    // TensorFlow's library is looked for in the packages of `python3`.
    PATH: `${python}${delimiter}${process.env['PATH']}`,
  };
  const ours = await startProgram('model-loop.mjs', ['servable', String(threads)], env);
  const theirs = await startProgram('model-loop.mjs', ['tensorflow', String(threads)], env);
  const figures = [];
  const all = [];
  try {
    for (const name of names) {
      if (!existsSync(`${basePath(name)}/golden.json`)) {
        figures.push({ what: `${name}: not exported`, value: 0, atLeast: 0.95 });
        continue;
      }
      const hostOps = await countHostOps(name);
      for (const batch of [1, 32]) {
        const figure = await compareModel(name, batch, { ours, theirs, hostOps });
        if (figure === undefined) continue;
        figures.push(figure);
        all.push(figure.value);
      }
    }
  } finally {
    await ours.stop();
    await theirs.stop();
  }
  const mean = Math.exp(all.reduce((sum, ratio) => sum + Math.log(ratio), 0) / all.length);
  return [...figures, { what: `geometric mean of ${all.length}`, value: mean, atLeast: 1.5 }];
}

async function compareModel(name, batch, { ours, theirs, hostOps }) {
  const directory = `${basePath(name)}/1`;
  const golden = JSON.parse(readFileSync(`${basePath(name)}/golden.json`, 'utf8'));
  const [{ signature = golden.signature, inputs }] = golden.cases;
  const rows = Object.values(inputs).map(({ shape }) => shape[0]);
  if (new Set(rows).size !== 1 || rows[0] === undefined) return undefined;
  const message = { load: directory, signature, inputs, batch };
  for (const [who, program] of Object.entries({ ours, theirs })) {
    const { error } = await program.ask(message);
    if (error !== undefined)
      return { what: `${name}, ${batch}: ${who}: ${error}`.slice(0, 150), value: 0, atLeast: 0.95 };
  }
  const rate = (program) => async (milliseconds) => (await program.ask({ milliseconds })).rate;
  const result = await compareRates(rate(ours), rate(theirs), { rounds: 5, milliseconds: 250 });
  // What TensorFlow needs less than a millisecond for is mostly the way in and out.
  const small = result.b > 1000 && batch === 1;
  return {
    what: `${name}, ${batch}: ${result.a.toPrecision(4)} against ${result.b.toPrecision(4)}/s`,
    value: result.ratio,
    atLeast: hostOps > 0 ? 0.5 : small ? 2 : 0.95,
    note: `${result.low.toFixed(2)} to ${result.high.toFixed(2)}${hostOps > 0 ? `, ${hostOps} host ops` : ''}`,
  };
}

async function countHostOps(name) {
  const model = await readSavedModel(`${basePath(name)}/1`);
  const golden = JSON.parse(readFileSync(`${basePath(name)}/golden.json`, 'utf8'));
  const count = (steps) =>
    steps.reduce((sum, step) => {
      const bodies = step.kind === 'if' ? [step.whenTrue, step.whenFalse] : step.kind === 'loop' ? [step.body] : [];
      return sum + (step.kind === 'host' ? 1 : 0) + bodies.reduce((inner, body) => inner + count(body.steps), 0);
    }, 0);
  try {
    const { steps } = await compileSignature(model, golden.cases[0].signature ?? golden.signature);
    return count(steps);
  } finally {
    await model.close();
  }
}
