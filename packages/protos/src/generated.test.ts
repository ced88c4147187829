import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DescFile } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import * as health from './health.js';
import * as inference from './inference.js';
import * as onnx from './onnx.js';
import * as reflection from './reflection.js';
import * as serving from './serving.js';
import * as tensorflow from './tensorflow.js';

test('the generated code is what the proto files give', { timeout: 120_000 }, () => {
  const script = fileURLToPath(new URL('../scripts/check-generated.mjs', import.meta.url));
  const { stderr, status } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
});

const filesOf = (entry: Record<string, unknown>) =>
  Object.values(entry).filter((value): value is DescFile => (value as { kind?: string }).kind === 'file');
const packagesOf = (entry: Record<string, unknown>) =>
  [...new Set(filesOf(entry).map((file) => file.proto.package))].sort();

test('each proto file is in exactly one entry', () => {
  const root = fileURLToPath(new URL('../proto', import.meta.url));
  const protoFiles = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.proto'));
  const entries = [tensorflow, serving, onnx, health, inference, reflection.v1, reflection.v1alpha];
  const exported = entries.flatMap((entry) => filesOf(entry).map((file) => `${file.name}.proto`));
  expect(exported.sort()).toEqual(protoFiles.sort());
});

test('an entry holds one proto package and its inner ones', () => {
  expect(packagesOf(serving)).toEqual([
    'tensorflow.serving',
    'tensorflow.serving.internal',
    'tensorflow.serving.tools',
  ]);
  expect(packagesOf(tensorflow)).toEqual([
    'tensorflow',
    'tensorflow.dummy',
    'tensorflow.error',
    'tensorflow.error.dummy',
    'tensorflow.tfrt_stub',
  ]);
});
