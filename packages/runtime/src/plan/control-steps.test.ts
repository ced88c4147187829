import { create } from '@bufbuild/protobuf';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import {
  VariableStore,
  type HostStep,
  type LoopStep,
  type Plan,
  type PlanStep,
  type Subplan,
} from '@servable/savedmodel';
import { stringTensor, tensor, Tensor, type DType } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { PlanRunner } from './plan-runner.js';

type Run = HostStep['run'];

function host(inputs: readonly string[], outputs: readonly string[], run: Run): HostStep {
  return { kind: 'host', op: 'Test', node: 'test', inputs, outputs, run };
}

const value = (name: string, dtype: DType = 'float32') => ({ value: name, dtype, shape: undefined });

function planOf(steps: readonly PlanStep[], inputs: string[], outputs: string[], more: Partial<Plan> = {}): Plan {
  const side = (names: string[]) => names.map((name) => ({ alias: name, ...value(name) }));
  const signatureDef = create(SignatureDefSchema);
  const sides = { inputs: side(inputs), outputs: side(outputs) };
  return { signatureName: 'test', signatureDef, ...sides, constants: new Map(), steps, ...more };
}

function subplan(inputs: string[], outputs: string[], steps: readonly PlanStep[], captured: string[] = []): Subplan {
  const named = (names: string[]) => names.map((name) => value(name));
  return { inputs: named(inputs), captured: named(captured), outputs: named(outputs), effects: [], steps };
}

const number = (x: Tensor | undefined) => Number(x?.data[0]);
const scalar = (x: number) => tensor(x, 'float32');

/** Adds `by` to its variable and stacks it, as often as `count` says. */
function adding(body: Run): LoopStep {
  return {
    kind: 'loop',
    node: 'loop',
    inputs: ['count', 'start', 'by'],
    outputs: ['last', 'all'],
    count: 'count',
    condition: undefined,
    initial: ['start'],
    body: subplan(['i', 'x'], ['next', 'next'], [host(['i', 'x', 'by'], ['next'], body)], ['by']),
  };
}

const inputs = (count: number) =>
  new Map<string, Tensor>([
    ['count', tensor(BigInt(count), 'int64')],
    ['start', scalar(1)],
    ['by', scalar(2)],
  ]);

describe('a loop around host ops', () => {
  const step = adding(([, x, by]) => [scalar(number(x) + number(by))]);
  const plan = planOf([step], ['count', 'start', 'by'], ['last', 'all']);

  it('hands its variable on and stacks what iterations return', async () => {
    await using runner = await PlanRunner.create(plan);
    const outputs = await runner.run(inputs(3), ['last', 'all']);
    expect(outputs.get('last')).toEqual(scalar(7));
    expect(outputs.get('all')).toEqual(tensor([3, 5, 7], 'float32'));
  });

  it('returns what it was given when there is no iteration', async () => {
    await using runner = await PlanRunner.create(plan);
    const outputs = await runner.run(inputs(0), ['last', 'all']);
    expect(outputs.get('last')).toEqual(scalar(1));
    expect(outputs.get('all')?.shape).toEqual([0]);
  });

  it('ends when its condition is false, before the first iteration too', async () => {
    const body = subplan(
      ['i', 'x'],
      ['more', 'next'],
      [host(['i', 'x'], ['more', 'next'], ([, x]) => [tensor(number(x) < 10), scalar(number(x) * 3)])],
    );
    const typed: Subplan = { ...body, outputs: [value('more', 'bool'), value('next')] };
    const ends = { count: undefined, condition: 'go', body: typed };
    const loop: LoopStep = { ...step, inputs: ['go', 'start'], outputs: ['last'], ...ends };
    await using runner = await PlanRunner.create(planOf([loop], ['go', 'start'], ['last']));
    const run = async (go: boolean) =>
      (await runner.run(new Map([['go', tensor(go)], ['start', scalar(2)]]), ['last'])).get('last'); // prettier-ignore
    expect(await run(true)).toEqual(scalar(54));
    expect(await run(false)).toEqual(scalar(2));
  });

  it('stacks strings', async () => {
    const body = subplan(['i'], ['text'], [host(['i'], ['text'], ([i]) => [stringTensor([], [`row ${number(i)}`])])]);
    const texts: Subplan = { ...body, outputs: [value('text', 'string')] };
    const loop: LoopStep = { ...step, inputs: ['count'], outputs: ['all'], initial: [], body: texts };
    const outputsOfPlan = { outputs: [{ alias: 'all', ...value('all', 'string') }] };
    await using runner = await PlanRunner.create(planOf([loop], ['count'], [], outputsOfPlan));
    const outputs = await runner.run(new Map([['count', tensor(2n, 'int64')]]), ['all']);
    expect(outputs.get('all')?.text()).toEqual(['row 0', 'row 1']);
  });

  it('refuses to stack what differs in shape', async () => {
    const ragged = adding(([i]) => [new Tensor('float32', [number(i)], new Float32Array(number(i)))]);
    await using runner = await PlanRunner.create(planOf([ragged], ['count', 'start', 'by'], ['all']));
    await expect(runner.run(inputs(2), ['all'])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'RAGGED_LOOP',
    });
  });

  it('stops between two iterations when its call is aborted', async () => {
    const controller = new AbortController();
    let iterations = 0;
    const aborting = adding(([, x]) => {
      if (++iterations === 5) controller.abort();
      return [x as Tensor];
    });
    await using runner = await PlanRunner.create(planOf([aborting], ['count', 'start', 'by'], ['last']));
    const endless = runner.run(inputs(2 ** 40), ['last'], { signal: controller.signal });
    await expect(endless).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(iterations).toBe(5);
  });

  it('lets others run, so that a timer can abort it, and keeps its deadline', async () => {
    const idle = adding(([, x]) => [x as Tensor]);
    await using runner = await PlanRunner.create(planOf([idle], ['count', 'start', 'by'], ['last']));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 1);
    const aborted = runner.run(inputs(2 ** 40), ['last'], { signal: controller.signal });
    await expect(aborted).rejects.toMatchObject({ code: 'CANCELLED' });
    const late = runner.run(inputs(2 ** 40), ['last'], { timeoutMs: 20 });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});

describe('a loop whose iterations do not depend on each other', () => {
  /** Calls `body` with the number of each iteration. */
  const planFor = (body: (i: number) => Promise<Tensor> | Tensor) => {
    const run = host(['i'], ['y'], async ([i]) => [await body(number(i))]);
    const { count, condition, node } = adding(() => []);
    const loop = { kind: 'loop' as const, node, count, condition, initial: [], independent: true };
    const step: LoopStep = { ...loop, inputs: ['count'], outputs: ['all'], body: subplan(['i'], ['y'], [run]) };
    return planOf([step], ['count'], ['all']);
  };
  const times = (count: number) => new Map([['count', tensor(BigInt(count), 'int64')]]);

  it('has several of them under way at once, and stacks their results in order', async () => {
    let waiting: (() => void) | undefined;
    // The first two wait for each other.
    const meet = () =>
      new Promise<void>((resolve) => {
        if (waiting === undefined) waiting = resolve;
        else [waiting, resolve].forEach((go) => go());
      });
    const plan = planFor(async (i) => {
      if (i < 2) await meet();
      return scalar(i * i);
    });
    await using runner = await PlanRunner.create(plan);
    const outputs = await runner.run(times(70), ['all']);
    expect(outputs.get('all')).toEqual(tensor(Array.from({ length: 70 }, (_, i) => i * i), 'float32')); // prettier-ignore
  });

  it('fails as its first iteration that fails does, and starts no others', async () => {
    const started: number[] = [];
    const plan = planFor(async (i) => {
      started.push(i);
      if (i === 0) await new Promise((resolve) => setImmediate(resolve));
      throw new TypeError(`iteration ${i}`);
    });
    await using runner = await PlanRunner.create(plan);
    await expect(runner.run(times(1000), ['all'])).rejects.toThrow('iteration 0');
    expect(started.length).toBeLessThan(1000);
  });

  it('stops when its call is aborted', async () => {
    const controller = new AbortController();
    let iterations = 0;
    const plan = planFor((i) => {
      if (++iterations === 5) controller.abort();
      return scalar(i);
    });
    await using runner = await PlanRunner.create(plan);
    const endless = runner.run(times(2 ** 40), ['all'], { signal: controller.signal });
    await expect(endless).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(iterations).toBe(5);
  });
});

describe('a branch around host ops', () => {
  it('runs one side only', async () => {
    const ran: string[] = [];
    const side = (name: string, factor: number) =>
      subplan([], ['y'], [
        host(['x'], ['y'], ([x]) => {
          ran.push(name);
          return [scalar(number(x) * factor)];
        }),
      ], ['x']); // prettier-ignore
    const step: PlanStep = {
      kind: 'if',
      node: 'branch',
      inputs: ['flag', 'x'],
      outputs: ['y'],
      condition: 'flag',
      whenTrue: side('true', 2),
      whenFalse: side('false', -1),
    };
    await using runner = await PlanRunner.create(planOf([step], ['flag', 'x'], ['y']));
    const run = async (flag: boolean) =>
      (await runner.run(new Map([['flag', tensor(flag)], ['x', scalar(4)]]), ['y'])).get('y'); // prettier-ignore
    expect(await run(true)).toEqual(scalar(8));
    expect(await run(false)).toEqual(scalar(-4));
    expect(ran).toEqual(['true', 'false']);
  });
});

describe('variables that calls change', () => {
  const mark = new Tensor('bool', [0], new Uint8Array());
  const increment = host([], ['ran'], (_, { variables }) => {
    variables?.update('n', (n) => scalar(number(n) + 1));
    return [mark];
  });
  const read = host([], ['n'], (_, { variables }) => [variables?.read('n') ?? mark]);
  const variables = new Map([['n', scalar(0)]]);

  it('change whatever outputs a call asks for, and for all plans of a model', async () => {
    const store = new VariableStore();
    const change = planOf([increment, host(['x'], ['y'], ([x]) => [x as Tensor])], ['x'], ['y'], {
      effects: ['ran'],
      variables,
    });
    await using changing = await PlanRunner.create(change, { variables: store });
    await using reading = await PlanRunner.create(planOf([read], [], ['n'], { variables }), { variables: store });
    await changing.run(new Map([['x', scalar(5)]]), ['y']);
    await changing.run(new Map([['x', scalar(5)]]), []);
    expect((await reading.run(new Map(), ['n'])).get('n')).toEqual(scalar(2));
  });

  it('lose no update of calls at the same time', async () => {
    const pause = host(['x'], ['y'], async ([x]) => {
      await new Promise((resolve) => setImmediate(resolve));
      return [x as Tensor];
    });
    const waiting: HostStep = { ...increment, inputs: ['y'] };
    const plan = planOf([pause, waiting], ['x'], ['y'], { effects: ['ran'], variables });
    const store = new VariableStore();
    await using runner = await PlanRunner.create(plan, { variables: store });
    await Promise.all(Array.from({ length: 50 }, () => runner.run(new Map([['x', scalar(0)]]), ['y'])));
    expect(store.read('n')).toEqual(scalar(50));
  });
});
