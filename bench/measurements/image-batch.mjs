import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter } from 'node:path';
import { basePath, cacheDirectory, pythonFolder } from '../lib/models.mjs';
import { compareRates } from '../lib/pairs.mjs';
import { startProgram } from '../lib/processes.mjs';

export const title =
  "32 JPEGs of 640x480 in one call, decoded and resized in the model by map_fn, against TensorFlow's C API";

const count = 32;

export async function measure() {
  const folder = `${cacheDirectory}photos`;
  const files = Array.from({ length: count }, (_, i) => `${folder}/${i}.jpg`);
  const env = {
    CUDA_VISIBLE_DEVICES: '-1',
    TF_CPP_MIN_LOG_LEVEL: '3',
    PATH: `${pythonFolder}${delimiter}${process.env['PATH']}`,
  };
  if (!files.every((file) => existsSync(file))) {
    const script = new URL('../programs/photos.py', import.meta.url).pathname;
    execFileSync(`${pythonFolder}/python`, [script, folder, String(count)], { env: { ...process.env, ...env } });
  }
  const data = files.map((file) => readFileSync(file).toString('base64'));
  const message = {
    load: `${basePath('image_bytes')}/1`,
    signature: 'serving_default',
    inputs: { image_bytes: { dtype: 'string', shape: [count], data } },
  };
  const threads = String(availableParallelism());
  const ours = await startProgram('model-loop.mjs', ['servable', threads], env);
  const theirs = await startProgram('model-loop.mjs', ['tensorflow', threads], env);
  try {
    const processor = {};
    for (const program of [ours, theirs]) {
      const { error } = await program.ask(message);
      if (error !== undefined) throw new Error(error);
    }
    const rate = (program, who) => async (milliseconds) => {
      const answer = await program.ask({ milliseconds });
      processor[who] = answer.processor;
      return answer.rate;
    };
    const result = await compareRates(rate(ours, 'ours'), rate(theirs, 'theirs'), { rounds: 5, milliseconds: 1000 });
    const { blocked } = await ours.ask({ milliseconds: 2000, watch: true });
    return [
      { what: 'one call', value: 1000 / result.a, unit: 'ms', note: `TensorFlow ${(1000 / result.b).toFixed(0)} ms` },
      {
        what: 'rate over that of TensorFlow',
        value: result.ratio,
        note: `${result.low.toFixed(2)} to ${result.high.toFixed(2)}`,
      },
      { what: "processor time over TensorFlow's", value: processor.ours / processor.theirs, unit: 'times' },
      { what: 'longest that the event loop was blocked', value: blocked, unit: 'ms', atMost: 50 },
    ];
  } finally {
    await ours.stop();
    await theirs.stop();
  }
}
