import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { encodePredictionLog, encodeTfRecord, readTfRecords } from '@servable/core';
import { PredictionLogSchema } from '@servable/protos/serving';
import { encodePredictRequest, encodePredictResponse, tensor } from '@servable/tensor';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { modelDirectory, type ModelDirectory } from '../../testing/model-directory.js';
import { testIo } from '../../testing/test-io.js';
import { main } from '../main.js';

const example = fileURLToPath(new URL('../../../../../examples/models/half_plus_two', import.meta.url));

let directory: ModelDirectory;
let file: string;
let version: string;
beforeEach(async () => {
  directory = await modelDirectory();
  const [one] = (await import('node:fs')).readdirSync(example);
  version = join(directory.path, 'm', one!);
  await cp(join(example, one!), version, { recursive: true });
  file = join(version, 'assets.extra/tf_serving_warmup_requests');
});
afterEach(() => directory.remove());

async function warmup(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  const io = testIo({ cwd: directory.path });
  const status = await main(['warmup', ...argv], io);
  return { status, out: io.out.join(''), err: io.err.join('') };
}

async function requests(
  path = file,
): Promise<{ signature: string | undefined; inputs: string[]; answered: boolean }[]> {
  const found = [];
  for await (const record of readTfRecords(path)) {
    const { logType } = fromBinary(PredictionLogSchema, record);
    if (logType.case !== 'predictLog') throw new Error(`unexpected ${logType.case}`);
    const { request, response } = logType.value;
    found.push({
      signature: request?.modelSpec?.signatureName,
      inputs: Object.keys(request?.inputs ?? {}),
      answered: response !== undefined,
    });
  }
  return found;
}

test('make writes a request for every batch size of signatures that take it, which check runs', async () => {
  const made = await warmup('make', 'm', '--batch-sizes=1,4');
  expect(made.status).toBe(0);
  // An empty example lacks what this signature needs.
  expect(made.err).toContain(
    'Left out a request of regress_x_to_y, which refuses inputs that are made up: Name: <unknown>',
  );
  const found = await requests();
  expect(found.filter(({ signature }) => signature === 'serving_default')).toHaveLength(2);
  const checked = await warmup('check', 'm', '--json');
  expect(checked.status).toBe(0);
  const report = JSON.parse(checked.out) as { requests: { kind: string; millis: number[]; error?: string }[] };
  expect(report.requests).toHaveLength(found.length);
  expect(report.requests.every(({ kind, millis, error }) => kind === 'predict' && millis.length === 2 && !error)).toBe(
    true,
  );
  // Not twice in silence.
  expect(await warmup('make', 'm')).toMatchObject({ status: 1, err: expect.stringContaining('--overwrite') as string });
  expect((await warmup('make', 'm', '--overwrite', '--signatures=serving_default')).status).toBe(0);
  expect(await requests()).toHaveLength(1);
});

test('make takes requests in JSON: one, a list, or one on each line', async () => {
  const body = '{"instances": [1, 2]}';
  const other = '{"signature_name": "serving_default", "inputs": {"x": [3]}}';
  for (const [text, count] of [
    [body, 1],
    [`[${body},\n ${other}]`, 2],
    [`${body}\n${other}\n${body}\n`, 3],
    [`{\n"instances":\n[1]\n}\n`, 1],
  ] as const) {
    await writeFile(join(directory.path, 'requests.json'), text);
    expect(await warmup('make', 'm', '--requests=requests.json', '--overwrite')).toEqual({
      status: 0,
      out: `${file}: ${count} request(s)\n`,
      err: '',
    });
    expect((await requests()).map(({ inputs }) => inputs)).toEqual(Array.from({ length: count }, () => ['x']));
  }
});

test('make writes nothing when a request fails', async () => {
  await writeFile(join(directory.path, 'requests.json'), '{"instances": [1]}\n{"instances": [[1, 2], [3]]}\n');
  const made = await warmup('make', 'm', '--requests=requests.json');
  expect(made.status).toBe(1);
  expect(made.err).toContain('request 2: ');
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

const log = (name: string, x: number): Uint8Array =>
  encodePredictionLog({
    kind: 'predict',
    request: encodePredictRequest({
      modelSpec: { name, signatureName: 'serving_default' },
      inputs: new Map([['x', tensor([x])]]),
      outputFilter: [],
    }),
    response: encodePredictResponse({ outputs: new Map([['y', tensor([x])]]) }),
  });

test('record takes the requests of a log without their answers, of one model and not more than asked', async () => {
  const records = Array.from({ length: 30 }, (_, index) => encodeTfRecord(log(index % 2 ? 'a' : 'b', index)));
  await writeFile(join(directory.path, 'log.tfrecord'), Buffer.concat(records));
  expect(await warmup('record', 'm', '--from=log.tfrecord', '--model-name=a', '--limit=10')).toEqual({
    status: 0,
    out: `${file}: 10 of 15 request(s)\n`,
    err: '',
  });
  const found = await requests();
  expect(found).toHaveLength(10);
  expect(found.some(({ answered }) => answered)).toBe(false);
  expect((await warmup('check', 'm')).out).toContain(`${file}: 10 request(s), 0 failed`);
});

test('record takes the live requests that a server keeps in a directory', async () => {
  await mkdir(join(directory.path, 'kept'));
  await writeFile(join(directory.path, 'kept/a%2Fb.tfrecord'), encodeTfRecord(log('a/b', 1)));
  expect(await warmup('record', 'm', '--from=kept', '--output=file')).toMatchObject({ status: 0 });
  expect(await requests(join(directory.path, 'file'))).toHaveLength(1);
  await writeFile(join(directory.path, 'kept/c.tfrecord'), encodeTfRecord(log('c', 1)));
  expect((await warmup('record', 'm', '--from=kept')).err).toContain('--model-name: a/b, c');
  expect((await warmup('record', 'm', '--from=kept', '--model-name=c')).status).toBe(0);
});

test('check tells which requests fail, and goes on', async () => {
  await mkdir(dirname(file), { recursive: true });
  const wrong = encodePredictionLog({
    kind: 'predict',
    request: encodePredictRequest({
      modelSpec: { name: '', signatureName: 'gone' },
      inputs: new Map(),
      outputFilter: [],
    }),
  });
  const session = encodePredictionLog({ kind: 'sessionRun', request: new Uint8Array() });
  await writeFile(file, Buffer.concat([wrong, session, log('', 2)].map(encodeTfRecord)));
  const { status, out } = await warmup('check', 'm', '--iterations=1');
  expect(status).toBe(1);
  expect(out).toContain('1. predict gone: failed: Serving signature key "gone" not found.');
  expect(out).toContain('2. unreadable: failed: Unsupported log_type for warmup: 5');
  expect(out).toMatch(/3\. predict serving_default: \d+\.\d+ ms/);
  expect(out).toContain(`${file}: 3 request(s), 2 failed`);
  await writeFile(file, 'no records');
  expect(await warmup('check', 'm')).toMatchObject({ status: 1 });
});

test.each([
  [['chek'], 2, 'Unknown action: chek; did you mean check?'],
  [['check'], 2, 'servable warmup check takes one model; got 0'],
  [['check', 'm'], 1, 'does not exist'],
  [['make', 'm', '--batch-sizes=0'], 2, 'Flag --batch-sizes needs whole numbers from 1'],
  [['make', 'm', '--signatures=none'], 1, 'No signature none: expected one of'],
  [['record', 'm'], 2, 'servable warmup record needs --from'],
  [['record', 'm', '--from=nowhere'], 1, 'nowhere does not exist'],
] as const)('%o is refused', async (argv, status, message) => {
  const answer = await warmup(...argv);
  expect(answer.status).toBe(status);
  expect(answer.err).toContain(message);
});
