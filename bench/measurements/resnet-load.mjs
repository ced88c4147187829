import { startBareLoop } from '../lib/bare-loop.mjs';
import { openLoad, predictBytes } from '../lib/grpc-load.mjs';
import { basePath, compiledOnnxFile, goldenInputs } from '../lib/models.mjs';
import { median } from '../lib/pairs.mjs';
import { memoryOf, startProgram } from '../lib/processes.mjs';

export const title = 'ResNet50: time to be ready, and memory';

export async function measure() {
  const path = basePath('resnet50');
  const inputs = goldenInputs('resnet50', 1);
  const { file, weightBytes } = await compiledOnnxFile('resnet50');
  const ours = [];
  const bare = [];
  for (let round = 0; round < 5; round++) {
    // Both have loaded a tiny model before, so that neither time holds the loading of the library.
    const loaded = await startProgram('load-model.mjs', [`${path}/1`, `${basePath('half_plus_two')}/1`]);
    ours.push(loaded.created);
    await loaded.stop();
    const session = await startBareLoop(file, Object.values(inputs));
    bare.push(session.created);
    await session.stop();
  }
  const ratios = ours.map((time, i) => time / bare[i]);

  const weights = weightBytes / 2 ** 20;
  const idle = await startProgram('model-server.mjs', ['half_plus_two', basePath('half_plus_two')]);
  const server = await startProgram('model-server.mjs', ['resnet50', path]);
  const load = openLoad(server.port, predictBytes('resnet50', inputs, { content: true }));
  try {
    await load.call();
    const above = (key) => memoryOf(server.pid)[key] - memoryOf(idle.pid)[key];
    return [
      { what: 'ready', value: median(ours), unit: 'ms' },
      { what: 'bare session creation', value: median(bare), unit: 'ms' },
      { what: 'ratio', value: median(ratios), atMost: 2 },
      { what: 'weights', value: weights, unit: 'MiB' },
      { what: 'peak above an idle server, times the weights', value: above('peak') / weights, atMost: 2.3 },
      { what: 'resident above an idle server, times the weights', value: above('resident') / weights },
    ];
  } finally {
    load.close();
    await server.stop();
    await idle.stop();
  }
}
