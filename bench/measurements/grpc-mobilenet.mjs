import { startBareLoop } from '../lib/bare-loop.mjs';
import { predictBytes } from '../lib/grpc-load.mjs';
import { basePath, compiledOnnxFile, goldenInputs } from '../lib/models.mjs';
import { callRate, compareRates, median } from '../lib/pairs.mjs';
import { processorTime, startProgram } from '../lib/processes.mjs';
import { openWireLoad } from '../lib/wire-load.mjs';

export const title =
  'MobileNetV2, batch 1, through gRPC against ONNX Runtime in a bare loop on the same compiled model';

/** One call computes on each of a few threads, another is on its way. */
const inFlight = 4;
/** As the server's sessions: a thread for each core, which sleep while they wait. */
const asTheServer = { extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } } };

export async function measure() {
  const inputs = goldenInputs('mobilenet_v2', 1);
  const { file } = await compiledOnnxFile('mobilenet_v2');
  const bare = await startBareLoop(file, Object.values(inputs));
  const sleeping = await startBareLoop(file, Object.values(inputs), asTheServer);
  const ours = await startProgram('model-server.mjs', ['mobilenet_v2', basePath('mobilenet_v2')]);
  const load = await openWireLoad(ours.port, predictBytes('mobilenet_v2', inputs, { content: true }));
  const spent = { server: [], generator: [], bare: [] };
  const served = async (milliseconds) => {
    const server = processorTime(ours.pid);
    const own = process.cpuUsage();
    const rate = await callRate(load.call, inFlight, milliseconds);
    const { user, system } = process.cpuUsage(own);
    const calls = (rate * milliseconds) / 1000;
    spent.server.push((processorTime(ours.pid) - server) / calls);
    spent.generator.push((user + system) / 1000 / calls);
    return rate;
  };
  const looped = async (milliseconds) => {
    const before = processorTime(bare.pid);
    const rate = await bare.rate(milliseconds);
    spent.bare.push((processorTime(bare.pid) - before) / ((rate * milliseconds) / 1000));
    return rate;
  };
  try {
    const result = await compareRates(served, looped);
    const { a, b, ratio } = await compareRates(served, sleeping.rate);
    const spread = (of) => `${of.low.toFixed(2)} to ${of.high.toFixed(2)}`;
    return [
      { what: `through gRPC, ${inFlight} in flight`, value: result.a, unit: 'calls/s' },
      { what: 'bare loop, a spinning thread per core', value: result.b, unit: 'runs/s' },
      { what: 'ratio', value: result.ratio, atLeast: 0.85, note: spread(result) },
      { what: 'through gRPC, again', value: a, unit: 'calls/s' },
      { what: "bare loop, threads as the server's", value: b, unit: 'runs/s' },
      { what: 'ratio', value: ratio },
      { what: 'processor time, server', value: median(spent.server), unit: 'ms/call' },
      { what: 'processor time, load generator', value: median(spent.generator), unit: 'ms/call' },
      { what: 'processor time, bare loop, spinning', value: median(spent.bare), unit: 'ms/run' },
    ];
  } finally {
    load.close();
    await ours.stop();
    await bare.stop();
    await sleeping.stop();
  }
}
