import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { start, takenPort, type Program } from './testing/program.js';

const program = 'examples/quickstart/quickstart.mjs';

/** What TensorFlow says about the image that the example shows, and its label. */
function expectedAnswer(): { readonly probabilities: readonly number[]; readonly label: number } {
  interface Golden {
    readonly labels: readonly number[];
    readonly cases: readonly { readonly outputs: { readonly probabilities: { readonly data: string } } }[];
  }
  const golden = JSON.parse(readFileSync(new URL('../models/digits/golden.json', import.meta.url), 'utf8')) as Golden;
  const bytes = Uint8Array.from(Buffer.from(golden.cases[0]!.outputs.probabilities.data, 'base64'));
  return { probabilities: [...new Float32Array(bytes.buffer, 10 * 4, 10)], label: golden.labels[1]! };
}

function largest(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function quickstart(...args: string[]): Program {
  return start(process.execPath, [program, ...args]);
}

test('shows a digit, what the model says, the curl line that says the same, and ends with Ctrl-C', async () => {
  const { probabilities, label } = expectedAnswer();
  await using running = quickstart('--port', '0', '--rest-port', '0');
  await running.printed(/Serving until Ctrl-C\./);
  const output = running.output();
  const digit = largest(probabilities);
  expect(digit).toBe(label);
  expect(output).toContain(`digits version 1 says: this is a ${digit} (it is a ${label})`);
  const printed = [...output.matchAll(/^ {2}(\d) {2}(\d\.\d{4})/gm)].map(([, candidate, value]) => [candidate, value]);
  expect(printed).toEqual(probabilities.map((value, i) => [String(i), value.toFixed(4)]));

  const [, body, url] = /^curl -d '(.*)' (http:\S+)$/m.exec(output)!;
  const response = await fetch(url!, { method: 'POST', body: body! });
  const { predictions } = (await response.json()) as { predictions: number[][] };
  expect(response.status).toBe(200);
  expect(predictions).toHaveLength(1);
  for (const [i, value] of predictions[0]!.entries()) expect(value).toBeCloseTo(probabilities[i]!, 5);
  expect(largest(predictions[0]!)).toBe(digit);

  running.interrupt();
  expect(await running.exit).toBe(0);
  expect(running.output()).toContain('SIGINT: draining');
});

test.each([
  ['--port', 'gRPC'],
  ['--rest-port', 'REST'],
])('a taken %s is an error that names it', async (flag, what) => {
  const { port, release } = await takenPort();
  try {
    await using running = quickstart(...['--port', '0', '--rest-port', '0', flag, String(port)]);
    expect(await running.exit).toBe(1);
    expect(running.output().trimEnd().split('\n').at(-1)).toBe(
      `${what} port ${port} is already in use (EADDRINUSE at 127.0.0.1:${port}); choose another one with ${flag}`,
    );
  } finally {
    await release();
  }
});

test.each([
  [['--port', '70000'], "--port takes a number from 0 to 65535; got '70000'"],
  [['--rest-port', 'web'], "--rest-port takes a number from 0 to 65535; got 'web'"],
  [['--prot', '1'], "Unknown option '--prot'"],
])('%j is refused', async (args, message) => {
  await using running = quickstart(...args);
  expect(await running.exit).toBe(1);
  expect(running.output()).toContain(message);
});
