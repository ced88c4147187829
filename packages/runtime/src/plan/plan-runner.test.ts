import { create } from '@bufbuild/protobuf';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import type { BranchStep, HostStep, NativeIsland, Plan } from '@servable/savedmodel';
import { stringTensor, tensor, Tensor, type DType } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { loopModel, node, onnxModel } from '../testing/onnx-model.js';
import { PlanRunner } from './plan-runner.js';

/** `output = op(inputs)` on float32 vectors. */
function island(op: string, inputs: readonly string[], output: string, dtype: DType = 'float32'): NativeIsland {
  const model = onnxModel({
    nodes: [node(op, inputs, [output])],
    inputs: Object.fromEntries(inputs.map((name) => [name, `${dtype}[n]`])),
    outputs: { [output]: `${dtype}[n]` },
  });
  return {
    kind: 'native',
    model,
    weights: { fileName: 'weights', byteLength: 0, weights: new Map() },
    inputs,
    outputs: [output],
  };
}

/** A host step that applies a function to the values of one float32 tensor. */
function host(input: string, output: string, apply: (x: number) => number, seen: string[] = []): HostStep {
  return {
    kind: 'host',
    op: 'Apply',
    node: `apply/${output}`,
    inputs: [input],
    outputs: [output],
    run: ([x]) => {
      seen.push(output);
      return [new Tensor('float32', x?.shape ?? [], Float32Array.from(x?.data as Float32Array, apply))];
    },
  };
}

/** A plan over vectors; inputs and outputs are `alias:value` or a name for both. */
function planOf(
  steps: Plan['steps'],
  inputs: string[],
  outputs: string[],
  constants: Plan['constants'] = new Map(),
): Plan {
  const side = (words: string[]) =>
    words.map((word) => {
      const [alias = '', value = alias] = word.split(':');
      return { alias, value, dtype: 'float32' as const, shape: [null] };
    });
  const signatureDef = create(SignatureDefSchema);
  return { signatureName: 'test', signatureDef, inputs: side(inputs), outputs: side(outputs), constants, steps };
}

const x = new Map([['x', tensor([1, 2])]]);

describe('running a plan', () => {
  it('runs one island under the signature’s aliases', async () => {
    await using runner = await PlanRunner.create(planOf([island('Neg', ['v0'], 'v1')], ['x:v0'], ['y:v1', 'same:v1']));
    expect(await runner.run(x, ['y'])).toEqual(new Map([['y', tensor([-1, -2])]]));
    expect([...(await runner.run(x, ['same', 'y'])).keys()]).toEqual(['same', 'y']);
  });

  it('leaves inputs that nothing depends on out of the engine’s call', async () => {
    await using runner = await PlanRunner.create(planOf([island('Neg', ['x'], 'y')], ['x', 'unused'], ['y']));
    const inputs = new Map([...x, ['unused', tensor([9])]]);
    expect((await runner.run(inputs, ['y'])).get('y')).toEqual(tensor([-1, -2]));
    await expect(runner.run(x, ['y'])).rejects.toMatchObject({ reason: 'MISSING_INPUT', input: 'unused' });
  });

  it('takes the weights of islands that were read elsewhere, in bodies too', async () => {
    const unread = (output: string): NativeIsland => {
      const model = onnxModel({
        nodes: [node('Add', ['x', 'w'], [output])],
        inputs: { x: 'float32[n]' },
        outputs: { [output]: 'float32[n]' },
        external: { w: tensor([10, 20]) },
      });
      const readInto = () => Promise.reject(new Error('read again'));
      const weight = { dtype: 'float32' as const, shape: [2], byteLength: 8, readInto };
      const weights = { fileName: 'weights', byteLength: 8, weights: new Map([['w', { offset: 0, weight }]]) };
      return { kind: 'native', model, weights, inputs: ['x'], outputs: [output] };
    };
    const prepared = await Promise.all(
      ['y', 'z'].map(async (output) => {
        const island = unread(output);
        const weights = { folder: undefined, initializers: new Map([['w', tensor([10, 20])]]) };
        return { ...island, model: island.model.slice(), weights, origins: new Map() };
      }),
    );
    const value = (name: string) => ({ value: name, dtype: 'float32' as const, shape: [null] });
    const body = {
      inputs: [],
      captured: [value('x')],
      outputs: [value('z')],
      effects: [],
      steps: [unread('z')],
    };
    const branch: BranchStep = {
      kind: 'if',
      node: 'branch',
      inputs: ['yes', 'x'],
      outputs: ['branched'],
      condition: 'yes',
      whenTrue: body,
      whenFalse: body,
    };
    const constants = new Map([['yes', tensor(true)]]);
    const plan = planOf([unread('y'), branch], ['x'], ['y', 'branched'], constants);
    await using runner = await PlanRunner.create(plan, { prepared });
    const outputs = await runner.run(x, ['y', 'branched']);
    expect(outputs).toEqual(
      new Map([
        ['y', tensor([11, 22])],
        ['branched', tensor([11, 22])],
      ]),
    );
    await expect(PlanRunner.create(plan)).rejects.toThrow('read again');
  });

  it('returns its inputs when one island reads them, not when a host step has them too', async () => {
    await using one = await PlanRunner.create(planOf([island('Neg', ['v0'], 'v1')], ['x:v0'], ['y:v1']));
    await using hosted = await PlanRunner.create(planOf([host('x', 'y', (value) => value)], ['x'], ['y']));
    await using both = await PlanRunner.create(planOf([island('Neg', ['x'], 'y')], ['x'], ['y', 'x']));
    expect([one, hosted, both].map(({ returnsInputs }) => returnsInputs)).toEqual([true, false, false]);
  });

  it('carries values through islands and host steps', async () => {
    const steps = [
      island('Add', ['x', 'c'], 'a'),
      host('a', 'h', (value) => value * 10),
      island('Add', ['a', 'h'], 'b'),
      island('Neg', ['b'], 'y'),
    ];
    const constants = new Map([['c', tensor([100, 100])]]);
    await using runner = await PlanRunner.create(planOf(steps, ['x'], ['a', 'y', 'c', 'x'], constants));
    const results = [await runner.run(x, ['y', 'a', 'c', 'x']), await runner.run(x, ['y', 'a', 'c', 'x'])];
    for (const outputs of results) {
      expect(outputs).toEqual(
        new Map([
          ['y', tensor([-1111, -1122])],
          ['a', tensor([101, 102])],
          ['c', tensor([100, 100])],
          ['x', tensor([1, 2])],
        ]),
      );
    }
  });

  it('runs only the steps that the asked outputs need', async () => {
    const seen: string[] = [];
    const steps = [host('x', 'p', (v) => v + 1, seen), host('x', 'q', (v) => v - 1, seen), island('Neg', ['q'], 'y')];
    await using runner = await PlanRunner.create(planOf(steps, ['x'], ['p', 'y']));
    expect((await runner.run(x, ['y'])).get('y')).toEqual(tensor([-0, -1]));
    expect(seen).toEqual(['q']);
  });

  it('keeps calls apart that run at the same time', async () => {
    const steps = [island('Neg', ['x'], 'a'), host('a', 'h', (v) => v * 2), island('Add', ['a', 'h'], 'y')];
    await using runner = await PlanRunner.create(planOf(steps, ['x'], ['y']));
    const calls = Array.from({ length: 50 }, (_, i) => runner.run(new Map([['x', tensor([i])]]), ['y']));
    const results = await Promise.all(calls);
    expect(results.map((outputs) => outputs.get('y')?.data[0])).toEqual(Array.from({ length: 50 }, (_, i) => -3 * i));
  });

  it('gives quantized outputs their own dtype again', async () => {
    const plan = planOf([island('Identity', ['x'], 'y', 'int8')], ['x'], ['y']);
    const quantized = (side: Plan['inputs']) => side.map((entry) => ({ ...entry, dtype: 'qint8' as const }));
    await using runner = await PlanRunner.create({
      ...plan,
      inputs: quantized(plan.inputs),
      outputs: quantized(plan.outputs),
    });
    const value = new Tensor('qint8', [2], Int8Array.of(-1, 1));
    expect((await runner.run(new Map([['x', value]]), ['y'])).get('y')).toEqual(value);
  });

  it('feeds constant strings to islands without making them anew', async () => {
    const steps = [island('StringConcat', ['x', 'c'], 'y', 'string')];
    const constants = new Map([['c', stringTensor([1], ['!'])]]);
    const plan = planOf(steps, ['x'], ['y'], constants);
    const dtype = 'string' as const;
    await using runner = await PlanRunner.create({
      ...plan,
      inputs: plan.inputs.map((input) => ({ ...input, dtype })),
      outputs: plan.outputs.map((output) => ({ ...output, dtype })),
    });
    for (const word of ['a', 'b']) {
      const outputs = await runner.run(new Map([['x', stringTensor([1], [word])]]), ['y']);
      expect(outputs.get('y')?.text()).toEqual([`${word}!`]);
    }
  });
});

describe('a plan that fails', () => {
  it('names the host step that failed, and runs again', async () => {
    let fail = true;
    const failing: HostStep = {
      ...host('a', 'h', (v) => v),
      run: ([a]) => {
        if (fail) throw new RangeError('no such word');
        return [a as Tensor];
      },
    };
    await using runner = await PlanRunner.create(
      planOf([island('Neg', ['x'], 'a'), failing, island('Neg', ['h'], 'y')], ['x'], ['y']),
    );
    await expect(runner.run(x, ['y'])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'HOST_STEP_FAILED',
      message: 'Apply at apply/h: expected inputs that fit each other, given ones with which it fails (no such word)',
      cause: new RangeError('no such word'),
    });
    fail = false;
    expect((await runner.run(x, ['y'])).get('y')).toEqual(tensor([1, 2]));
  });

  it('names the host step that gave too few outputs', async () => {
    const silent: HostStep = { ...host('x', 'y', (v) => v), run: () => [] };
    await using runner = await PlanRunner.create(planOf([silent], ['x'], ['y']));
    await expect(runner.run(x, ['y'])).rejects.toMatchObject({
      code: 'INTERNAL',
      reason: 'HOST_STEP_OUTPUTS',
      message: 'Apply at apply/y: expected 1 outputs, given 0',
    });
  });

  it('frees the other sessions when one cannot be made', async () => {
    const broken: NativeIsland = { ...island('Neg', ['a'], 'y'), model: Uint8Array.of(1) };
    await expect(PlanRunner.create(planOf([island('Neg', ['x'], 'a'), broken], ['x'], ['y']))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'MODEL_NOT_PARSABLE',
    });
  });

  it('stops between and inside its steps when its limits are up', async () => {
    const seen: (AbortSignal | undefined)[] = [];
    const waiting: HostStep = {
      ...host('y', 'z', (v) => v),
      run: ([y], { signal }) =>
        new Promise((resolve, reject) => {
          seen.push(signal);
          if (signal === undefined) resolve([y as Tensor]);
          else signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    };
    const loop: NativeIsland = {
      kind: 'native',
      model: loopModel(),
      weights: { fileName: 'weights', byteLength: 0, weights: new Map() },
      inputs: ['times', 'x'],
      outputs: ['y'],
    };
    const plan = planOf([loop, waiting], ['times', 'x'], ['z']);
    await using runner = await PlanRunner.create(plan);
    const call = (times: bigint) =>
      new Map([
        ['times', tensor(times)],
        ['x', tensor(0, 'float32')],
      ]);
    await expect(runner.run(call(10n ** 15n), ['z'], { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    expect(seen).toEqual([]);
    await expect(runner.run(call(1n), ['z'], { timeoutMs: 50 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const controller = new AbortController();
    const running = runner.run(call(1n), ['z'], { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await runner.run(call(1n), ['z'])).get('z')).toEqual(tensor(1, 'float32'));
  });

  it('closes what stands in its branches too', async () => {
    const value = (name: string) => ({ value: name, dtype: 'float32' as const, shape: [null] });
    const body = {
      inputs: [],
      captured: [value('x')],
      outputs: [value('b')],
      effects: [],
      steps: [island('Neg', ['x'], 'b')],
    };
    const branch: BranchStep = {
      kind: 'if',
      node: 'cond',
      inputs: ['c', 'x'],
      outputs: ['y'],
      condition: 'c',
      whenTrue: body,
      whenFalse: body,
    };
    const runner = await PlanRunner.create(planOf([branch], ['x'], ['y'], new Map([['c', tensor(true)]])));
    expect((await runner.run(x, ['y'])).get('y')).toEqual(tensor([-1, -2]));
    await runner.close();
    await expect(runner.run(x, ['y'])).rejects.toMatchObject({ reason: 'SESSION_CLOSED' });
  });
});
