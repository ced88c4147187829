// Serves the models under examples/models, asks the digit model about a handwritten digit, and goes on serving until
// Ctrl-C. Usage: quickstart.mjs [--port 8500] [--rest-port 8501] [--host 127.0.0.1]
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createServingClient } from '@servable/client';
import { createServer } from '@servable/server';

const modelsDirectory = new URL('../models/', import.meta.url);

/** One of the images that the digit model was not trained on: 8 rows of 8 grey values from 0 to 1, and its label. */
function readDigit() {
  const golden = JSON.parse(readFileSync(new URL('digits/golden.json', modelsDirectory), 'utf8'));
  const [input] = Object.values(golden.cases[0].inputs);
  const bytes = Uint8Array.from(Buffer.from(input.data, 'base64'));
  return { pixels: new Float32Array(bytes.buffer, 64 * 4, 64), label: golden.labels[1] };
}

function drawDigit(pixels) {
  const shades = ' .:-=+*#%@';
  const shade = (value) => shades[Math.min(Math.floor(value * shades.length), shades.length - 1)].repeat(2);
  const rows = Array.from({ length: 8 }, (_, row) => Array.from(pixels.subarray(row * 8, row * 8 + 8), shade).join(''));
  return rows.map((row) => `    ${row}`).join('\n');
}

function readPort(text, flag) {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new Error(`${flag} takes a number from 0 to 65535; got '${text}'`);
}

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8500' },
      'rest-port': { type: 'string', default: '8501' },
      host: { type: 'string', default: '127.0.0.1' },
    },
  });
  const models = ['digits', 'half_plus_two', 'wine'].map((name) => ({
    name,
    basePath: fileURLToPath(new URL(name, modelsDirectory)),
  }));
  const server = await createServer({
    models,
    host: values.host,
    grpcPort: readPort(values.port, '--port'),
    restPort: readPort(values['rest-port'], '--rest-port'),
    waitForModels: true,
    healthService: true,
    optionNames: { grpcPort: '--port', restPort: '--rest-port' },
  });
  const stop = (signal) => {
    console.log(`\n${signal}: draining`);
    server.close().then(
      () => process.exit(0),
      (error) => fail(error),
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);

  const target = `${values.host}:${server.grpcPort}`;
  const rest = `http://${values.host}:${server.restPort}`;
  console.log(`Serving ${models.map(({ name }) => name).join(', ')} at ${target} (gRPC) and ${rest} (REST)\n`);

  const { pixels, label } = readDigit();
  console.log(`${drawDigit(pixels)}\n`);
  const client = createServingClient({ target });
  const { outputs, model } = await client.model('digits').predict({ image: pixels });
  await client.close();
  const probabilities = Object.values(outputs)[0].data;
  const digit = probabilities.indexOf(Math.max(...probabilities));
  console.log(`${model.name} version ${model.version} says: this is a ${digit} (it is a ${label})`);
  for (const [candidate, probability] of [...probabilities].entries()) {
    console.log(`  ${candidate}  ${probability.toFixed(4)} ${'#'.repeat(Math.round(probability * 40))}`);
  }
  const rows = Array.from({ length: 8 }, (_, row) =>
    Array.from(pixels.subarray(row * 8, row * 8 + 8), (value) => [value]),
  );
  console.log(
    `\nThe same over REST:\n\ncurl -d '${JSON.stringify({ instances: [rows] })}' ${rest}/v1/models/digits:predict\n`,
  );
  console.log('Serving until Ctrl-C.');
}

function fail(error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

main().catch(fail);
