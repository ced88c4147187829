import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { SavedModelSchema } from '@servable/protos/tensorflow';
import { findTensorFlow } from '@servable/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlatformChoice } from '../platforms/tensorflow.js';
import { createServer } from '../server.js';
import { grpcCaller } from './calls.js';
import { type ModelDirectory, modelDirectory } from './model-directory.js';

const missing = await findTensorFlow().then(
  () => undefined,
  (error: Error) => error.message,
);
const models = fileURLToPath(new URL('../../../../examples/models', import.meta.url));

/** An op of TensorFlow that only gradients have, and that the compiler does not know: `dy * (1 - y²)`. */
const unknownOp = 'TanhGrad';

describe.skipIf(missing)('a server with TensorFlow', () => {
  let directory: ModelDirectory;
  /** half_plus_two with its sum as another op: `2 * (1 - (x / 2)²)`. */
  let refused: string;
  beforeAll(async () => {
    directory = await modelDirectory();
    refused = join(directory.path, 'refused', '1');
    await cp(`${models}/half_plus_two/1`, refused, { recursive: true });
    const file = join(refused, 'saved_model.pb');
    const saved = fromBinary(SavedModelSchema, await readFile(file));
    for (const { graphDef } of saved.metaGraphs) {
      const functions = graphDef?.library?.function ?? [];
      for (const node of [...(graphDef?.node ?? []), ...functions.flatMap(({ nodeDef }) => nodeDef)]) {
        if (node.op === 'AddV2') node.op = unknownOp;
      }
    }
    await writeFile(file, toBinary(SavedModelSchema, saved));
  });
  afterAll(() => directory.remove());

  const serve = (platform: PlatformChoice | undefined, lines: string[] = []) => {
    const log = (message: string) => void lines.push(message);
    return createServer({
      models: [
        { name: 'half_plus_two', basePath: `${models}/half_plus_two` },
        { name: 'refused', directory: refused },
      ],
      platform,
      grpcPort: 0,
      restPort: 0,
      waitForModels: true,
      maxLoadRetries: 0,
      logger: { debug: log, info: log, warning: log, error: log },
    });
  };
  const platforms = async (port: number): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/models`);
    const { models } = (await response.json()) as { models: { name: string; versions: { platform?: string }[] }[] };
    return Object.fromEntries(models.map(({ name, versions }) => [name, versions.at(-1)?.platform]));
  };
  const onTensorFlow = expect.stringMatching(/^tensorflow \(TensorFlow 2\.\d+\.\d+\)$/) as string;

  test.each<[PlatformChoice | undefined, string]>([
    [undefined, 'tensorflow'],
    ['tensorflow', onTensorFlow],
  ])('platform %s serves what the compiler refuses on TensorFlow', async (platform, ofTheOther) => {
    const lines: string[] = [];
    const server = await serve(platform, lines);
    const caller = grpcCaller(server.grpcPort!);
    try {
      expect(await caller.predict('half_plus_two', [1, 2, 5])).toMatch(/^\d+:/);
      // One value, as the op does not broadcast.
      expect(await caller.predict('refused', [5])).toBe('1:-10.5');
      expect(await platforms(server.restPort!)).toEqual({ half_plus_two: ofTheOther, refused: onTensorFlow });
      expect(lines.filter((line) => line.includes(`${refused} runs on TensorFlow`))).toHaveLength(1);
    } finally {
      caller.close();
      await server.close();
    }
  });

  test('platform onnxruntime refuses it, naming the op', async () => {
    await expect(serve('onnxruntime')).rejects.toThrow(unknownOp);
  });
});
