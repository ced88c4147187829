import { writeFileSync } from 'node:fs';
import { cacheDirectory } from './models.mjs';
import { startProgram } from './processes.mjs';

/**
 * Starts ONNX Runtime in a bare loop on a model file; inputs in the order of the model's.
 *
 * @param options - of the session, as onnxruntime-node takes them; by default it has a thread for each core, which spin
 * while they wait
 */
export async function startBareLoop(file, inputs, options = {}) {
  const inputsFile = `${cacheDirectory}inputs-${process.pid}-${Math.random()}.json`;
  const plain = inputs.map(({ dtype, shape, data }) => ({
    dtype,
    shape,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  }));
  writeFileSync(inputsFile, JSON.stringify(plain));
  const program = await startProgram('bare-loop.mjs', [file, inputsFile, JSON.stringify(options)]);
  return { ...program, rate: async (milliseconds) => (await program.ask({ milliseconds })).rate };
}
