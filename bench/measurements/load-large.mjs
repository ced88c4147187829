import { startBareLoop } from '../lib/bare-loop.mjs';
import { openLoad, predictBytes } from '../lib/grpc-load.mjs';
import { largeModels } from '../lib/large-models.mjs';
import { basePath, compiledOnnxFile } from '../lib/models.mjs';
import { median } from '../lib/pairs.mjs';
import { memoryOf, startProgram } from '../lib/processes.mjs';
import { Tensor } from '@servable/tensor';

export const title = 'a model of 500 MB: time to be ready, memory, and what a busy server notices';

const ROUNDS = 3;

// What our own code blocks it blocks in every round; what other programs of the machine do comes and goes.
const least = (values) => Math.min(...values);

export async function measure() {
  const directory = largeModels();
  const { file, weightBytes } = await compiledOnnxFile('large', `${directory}/large`);
  const image = new Tensor('float32', [1, 512], new Float32Array(512).fill(0.5));
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const read = await startProgram('read-files.mjs', [`${directory}/large/1`]);
    const bare = await startBareLoop(file, [image]);
    await bare.stop();
    const large = await loadIntoBusyServer('large', `${directory}/large`);
    const text = await loadIntoBusyServer('large_text', `${directory}/large_text`);
    rounds.push({ read: read.milliseconds, bare: bare.created, large, text });
  }
  const of = (pick) => median(rounds.map(pick));
  const weights = weightBytes / 2 ** 20;
  const blocks = (pick) => ({
    value: least(rounds.map((round) => pick(round).block)),
    unit: 'ms',
    atMost: 50,
    note: `least of ${ROUNDS} rounds; ${least(rounds.map((round) => pick(round).idleBlock)).toFixed(0)} ms while nothing is loaded`,
  });
  return [
    { what: 'ready', value: of(({ large }) => large.milliseconds), unit: 'ms' },
    { what: 'reading the files', value: of(({ read }) => read), unit: 'ms' },
    { what: 'bare session creation', value: of(({ bare }) => bare), unit: 'ms' },
    {
      what: 'ready / (reading + bare session)',
      value: of(({ read, bare, large }) => large.milliseconds / (read + bare)),
      atMost: 2,
    },
    { what: 'weights', value: weights, unit: 'MiB' },
    {
      what: 'peak above the idle server, times the weights',
      value: of(({ large }) => large.peak) / weights,
      atMost: 2.2,
    },
    { what: 'resident above the idle server, times the weights', value: of(({ large }) => large.resident) / weights },
    {
      what: 'resident more after an equal second signature, times the weights',
      value: of(({ large }) => large.added) / weights,
      atMost: 0.1,
    },
    { what: 'longest block of the event loop', ...blocks(({ large }) => large) },
    { what: 'the same, for a model with host ops', ...blocks(({ text }) => text) },
  ];
}

/** Loads a model into a server that answers calls of another one all the while. */
async function loadIntoBusyServer(name, path) {
  const server = await startProgram('loading-server.mjs', ['half_plus_two', basePath('half_plus_two')]);
  const x = new Tensor('float32', [3], Float32Array.of(1, 2, 5));
  const calls = openLoad(server.port, predictBytes('half_plus_two', { x }));
  let isLoading = true;
  const busy = async () => {
    while (isLoading) {
      await calls.call();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  try {
    const calling = busy();
    await server.ask({ idle: 500 });
    const idle = await server.ask({ idle: 2000 });
    const before = memoryOf(server.pid);
    const loaded = await server.ask({ load: { name, basePath: path } });
    const after = memoryOf(server.pid);
    isLoading = false;
    await calling;
    const added = name === 'large' ? await memoryOfSecondSignature(server) : undefined;
    return {
      ...loaded,
      idleBlock: idle.block,
      peak: after.peak - before.resident,
      resident: after.resident - before.resident,
      added,
    };
  } finally {
    isLoading = false;
    calls.close();
    await server.stop();
  }
}

/** What a signature over the same variables that computes the same adds to the memory of a server, in MiB. */
async function memoryOfSecondSignature(server) {
  const inputs = { x: new Tensor('float32', [1, 512], new Float32Array(512).fill(0.5)) };
  const call = async (signatureName) => {
    const load = openLoad(server.port, predictBytes('large', inputs, { signatureName }));
    await load.call();
    load.close();
    return memoryOf(server.pid).resident;
  };
  const first = await call('serving_default');
  return (await call('again')) - first;
}
