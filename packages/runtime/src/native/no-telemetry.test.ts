import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { node, onnxModel } from '../testing/onnx-model.js';
import { NativeSession } from '../session/native-session.js';

let folder: string;
const before = process.env['TMPDIR'];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'servable-telemetry-'));
  process.env['TMPDIR'] = folder;
});

afterEach(async () => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  await rm(folder, { recursive: true });
});

test('the engine reports nothing: telemetry is off and leaves no files', async () => {
  const model = onnxModel({
    inputs: { x: 'float32[?]' },
    outputs: { y: 'float32[?]' },
    nodes: [node('Identity', ['x'], ['y'])],
  });
  await using session = await NativeSession.create(model);
  expect(session.inputs).toHaveLength(1);
  expect(process.env['ORT_DISABLE_TELEMETRY']).toBe('1');
  expect(await readdir(folder)).toEqual([]);
});
