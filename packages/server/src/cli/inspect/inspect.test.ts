import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { modelDirectory } from '../../testing/model-directory.js';
import { testIo } from '../../testing/test-io.js';
import { main } from '../main.js';
import type { OnnxInspection, SavedModelInspection } from './inspection.js';

const models = fileURLToPath(new URL('../../../../../examples/models', import.meta.url));
const fixtures = fileURLToPath(new URL('../../../fixtures', import.meta.url));

async function inspect(...argv: string[]): Promise<string> {
  const io = testIo({ cwd: models });
  expect([await main(['inspect', ...argv], io), io.err]).toEqual([0, []]);
  return io.out.join('');
}
const inspectJson = async (...argv: string[]) => JSON.parse(await inspect(...argv, '--json')) as SavedModelInspection;

test('says what the signatures of the newest version take and give, and how they run', async () => {
  expect(await inspect('half_plus_two', '--signature', 'regress_x_to_y')).toMatch(
    new RegExp(
      [
        `^SavedModel ${join(models, 'half_plus_two/2')}`,
        'platform: tensorflow, about [\\d.]+ kB of memory when loaded',
        '',
        'MetaGraph with tags: serve',
        'written by TensorFlow 2\\.[\\d.]+',
        'parameters: 3 \\(12 bytes\\)',
        '',
        'signature regress_x_to_y \\(tensorflow/serving/regress\\)',
        '  inputs:',
        '    inputs  string \\[-1\\]  tf_example:0',
        '  outputs:',
        '    outputs  float32 \\[-1\\]  y:0',
        '  compiles: 1 native island of 2 nodes, 1 host op \\(ParseExample\\), \\d+ bytes',
        '  plan:',
        '    1. host: ParseExample at ParseExample',
        '    2. native: 2 nodes \\(Add, Mul\\)\n$',
      ].join('\n'),
    ),
  );
});

test('as JSON: every signature with its plan', async () => {
  const { platform, metaGraphs } = await inspectJson('digits/1');
  expect([platform, metaGraphs.map(({ tags }) => tags)]).toEqual(['tensorflow', [['serve']]]);
  const signature = metaGraphs[0]?.signatures['serving_default'];
  expect(signature).toMatchObject({
    methodName: 'tensorflow/serving/predict',
    inputs: { image: { dtype: 'float32', shape: [-1, 8, 8, 1], name: 'serving_default_image:0' } },
    outputs: { probabilities: { dtype: 'float32', shape: [-1, 10] } },
    plan: { nativeIslands: 1, hostOps: {}, variables: [], steps: [{ kind: 'native', ops: { Conv: 2, Softmax: 1 } }] },
  });
  // The values of its weights: about 18,500 floats.
  expect(signature?.plan?.bytes).toBeGreaterThan(70_000);
  expect(Object.keys((await inspectJson('half_plus_two/1')).metaGraphs[0]!.signatures)).toContain('regress_x_to_y');
});

test('a signature that does not compile is shown with the op, its node and its function', async () => {
  const { metaGraphs } = await inspectJson(join(fixtures, 'python_function/1'));
  const { serving_default: failing, doubled } = metaGraphs[0]!.signatures;
  expect(failing?.plan).toBeUndefined();
  expect(failing?.failure).toMatchObject({ code: 'UNIMPLEMENTED', reason: 'UNSUPPORTED_OP', op: 'EagerPyFunc' });
  expect(failing?.failure?.node).toContain('EagerPyFunc');
  expect(failing?.failure?.message).toMatch(/of function '__inference_in_python_\d+'/);
  expect(doubled?.plan?.nativeNodes).toBeGreaterThan(0);
  expect(await inspect(join(fixtures, 'python_function'))).toContain('does not compile: UNIMPLEMENTED UNSUPPORTED_OP');
});

test('all MetaGraphs are shown, or the one with the given tags', async () => {
  const directory = await modelDirectory('m/saved_model.pb');
  const parts: Buffer[] = [];
  for (const tags of ['serve', 'serve,gpu']) {
    const argv = ['--inputs=x:0', '--outputs=label:0', `--tags=${tags}`, '-o', join(directory.path, tags)];
    expect(await main(['import', join(fixtures, 'frozen.pb'), ...argv], testIo())).toBe(0);
    parts.push(await readFile(join(directory.path, tags, 'saved_model.pb')));
  }
  // Protobuf messages one behind the other are one message with the fields of both.
  await writeFile(join(directory.path, 'm/saved_model.pb'), parts);
  const tagSets = async (...argv: string[]) => {
    const { metaGraphs } = await inspectJson(join(directory.path, 'm'), ...argv);
    return metaGraphs.map(({ tags, signatures }) => [tags, signatures['serving_default']?.plan?.nativeIslands]);
  };
  expect(await tagSets()).toEqual([
    [['serve'], 1],
    [['serve', 'gpu'], 1],
  ]);
  expect(await tagSets('--tags=gpu,serve')).toEqual([[['serve', 'gpu'], 1]]);
  await directory.remove();
});

test('an ONNX model: operator sets, weights, inputs and outputs', async () => {
  const directory = await modelDirectory();
  const file = join(directory.path, 'model.onnx');
  const io = testIo({ cwd: models });
  expect(await main(['compile', 'digits', '-o', file], io)).toBe(0);
  const inspection = JSON.parse(await inspect(directory.path, '--json')) as unknown as OnnxInspection;
  expect(inspection).toMatchObject({
    format: 'onnx',
    platform: 'onnx',
    path: file,
    opsets: { 'ai.onnx': 20 },
    signatures: {
      serving_default: {
        inputs: { image: { dtype: 'float32', shape: [-1, 8, 8, 1], name: 'image' } },
        outputs: { probabilities: { dtype: 'float32', shape: [-1, 10], name: 'probabilities' } },
      },
    },
  });
  expect(inspection.ops['Conv']).toBe(2);
  // About 18,500 weights.
  expect(Math.round(inspection.parameters / 1000)).toBe(19);
  expect(Math.round(inspection.weightBytes / 4000)).toBe(19);
  expect(await inspect(file)).toContain('IR version 9, opset ai.onnx 20\nmade by servable ');
  await directory.remove();
});

test.each([
  [['nothing'], 1, 'nothing does not exist'],
  [['.'], 1, 'expected a saved_model.pb or model.onnx in it'],
  [['digits', '--tags=train,serve'], 1, 'Available tag-sets in the SavedModel: { serve }'],
  [['digits', '--signature=predict'], 1, 'No signature predict: expected'],
  [[], 2, 'servable inspect takes one model; got 0'],
  [['digits', '--jsn'], 2, 'did you mean --json?'],
])('%j is refused', async (argv, status, message) => {
  const io = testIo({ cwd: models });
  expect(await main(['inspect', ...argv], io)).toBe(status);
  expect(io.err.join('')).toContain(message);
});

test('--help prints the usage of every tool', async () => {
  for (const tool of ['inspect', 'run', 'compile', 'import', 'doctor']) {
    const io = testIo();
    expect(await main([tool, '--help'], io)).toBe(0);
    expect(io.out.join('')).toMatch(new RegExp(`^usage: servable ${tool} .*\n\n[^]*\nFlags:\n[^]*\n  --help=false`));
  }
});
