import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelConfigList, parseTextProto } from '@servable/core';
import { ModelServerConfigSchema, SSLConfigSchema } from '@servable/protos/serving';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolveServerOptions } from '../server-options.js';
import { readConfigFile } from './read-config-file.js';

let directory: string;
let page: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'configuration-page-'));
  page = await readFile(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
});
afterAll(() => rm(directory, { recursive: true }));

/** The first example on the page that has this text in it. */
function example(text: string): string {
  const blocks = [...page.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);
  return blocks.find((block) => block.includes(text))!;
}

test('the model list of docs/configuration.md is one', () => {
  const { config } = parseTextProto(ModelServerConfigSchema, example('model_config_list'));
  if (config.case !== 'modelConfigList') throw new Error('no list');
  expect(modelConfigList(config.value, { platforms: ['tensorflow'] })).toMatchObject([
    {
      name: 'resnet',
      versionLabels: new Map([
        ['stable', 3n],
        ['canary', 4n],
      ]),
    },
  ]);
});

test('its YAML file is one', async () => {
  const path = join(directory, 'servable.yaml');
  await writeFile(path, example('grpcPort'));
  const { models, warmup } = resolveServerOptions(await readConfigFile(path));
  expect(models.map(({ name, fixed }) => [name, fixed?.directory])).toEqual([
    ['resnet', undefined],
    ['bert', join(directory, 'exported/bert')],
  ]);
  expect(warmup.iterations).toBe(2);
});

test('its SSLConfig is one', () => {
  expect(parseTextProto(SSLConfigSchema, example('server_key'))).toMatchObject({ clientVerify: true });
});
