import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelServerConfigSchema } from '@servable/protos/serving';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../../servable/logger.js';
import { readTextProtoFile } from './read-text-proto-file.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'text-proto-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function read(content: string | Uint8Array) {
  const path = join(directory, 'models.config');
  await writeFile(path, content);
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
  const result = await readTextProtoFile(ModelServerConfigSchema, path, { logger }).catch((error: unknown) => error);
  return { path, result, errors };
}

test('a file with a single blank is the empty message, a file with nothing is refused', async () => {
  expect((await read(' ')).result).toMatchObject({ config: { case: undefined } });
  const { path, result } = await read('');
  expect(result).toMatchObject({ code: 'INVALID_ARGUMENT', message: `${path}; Invalid argument` });
});

test('a missing file is NOT_FOUND, a directory FAILED_PRECONDITION', async () => {
  const path = join(directory, 'missing');
  await expect(readTextProtoFile(ModelServerConfigSchema, path)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: `${path}; No such file or directory`,
  });
  await expect(readTextProtoFile(ModelServerConfigSchema, directory)).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: `${directory}; Is a directory`,
  });
});

test.each([
  [
    'improperly formatted file\n',
    'Message type "tensorflow.serving.ModelServerConfig" has no field named "improperly".',
  ],
  [Uint8Array.of(0x6d, 0xff), 'The text is not UTF-8'],
])('bad text names the file and logs the place', async (content, what) => {
  const { path, result, errors } = await read(content);
  expect(result).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `Invalid protobuf file: '${path}'`,
    cause: { line: 1, column: 1 },
  });
  expect(errors).toEqual([`Error parsing text-format tensorflow.serving.ModelServerConfig: 1:1: ${what}`]);
});
