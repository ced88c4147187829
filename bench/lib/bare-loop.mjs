import { writeFileSync } from 'node:fs';
import { cacheDirectory } from './models.mjs';
import { startProgram } from './processes.mjs';

/** Starts ONNX Runtime in a bare loop on a model file; inputs in the order of the model's. */
export async function startBareLoop(file, inputs) {
  const inputsFile = `${cacheDirectory}inputs-${process.pid}-${Math.random()}.json`;
  const plain = inputs.map(({ dtype, shape, data }) => ({
    dtype,
    shape,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
  }));
  writeFileSync(inputsFile, JSON.stringify(plain));
  const program = await startProgram('bare-loop.mjs', [file, inputsFile]);
  return { ...program, rate: async (milliseconds) => (await program.ask({ milliseconds })).rate };
}
