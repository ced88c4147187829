import { create } from '@bufbuild/protobuf';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import { tensor, tensorToProto, type Tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { PlanRunner } from '../plan/plan-runner.js';
import { RuntimeError } from '../runtime-error.js';
import { LoadedModel, type SignatureSource } from './loaded-model.js';

const identity = { name: 'fake', version: 1n };

/** A source whose signatures hand `x` through on the host, and which counts what it is asked for. */
class FakeSource implements SignatureSource {
  readonly signatureDefs;
  readonly compiled: string[] = [];
  readonly signals: AbortSignal[] = [];
  closed = 0;
  /** Called at the start of each compilation. */
  before: (name: string, signal: AbortSignal) => Promise<void> = () => Promise.resolve();

  constructor(
    names: readonly string[],
    readonly defaults: Record<string, Tensor> = {},
  ) {
    this.signatureDefs = new Map(names.map((name) => [name, create(SignatureDefSchema)]));
  }

  async compile(name: string, signal: AbortSignal): Promise<PlanRunner> {
    this.compiled.push(name);
    this.signals.push(signal);
    await this.before(name, signal);
    const side = [{ alias: 'x', value: 'x', dtype: 'float32' as const, shape: [null] }];
    const defaults = Object.fromEntries(
      Object.entries(this.defaults).map(([key, value]) => [key, tensorToProto(value)]),
    );
    return new PlanRunner({
      signatureName: name,
      signatureDef: create(SignatureDefSchema, { defaults }),
      inputs: side,
      outputs: side,
      constants: new Map(),
      steps: [],
    });
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

/** A promise that is settled by hand. */
function gate() {
  let open!: () => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

describe('a loaded model', () => {
  it('compiles a signature once, however many calls come first', async () => {
    const source = new FakeSource(['serving_default', 'other']);
    await using model = new LoadedModel(identity, source);
    const calls = Array.from({ length: 20 }, (_, i) => model.predict({ x: [i] }));
    const results = await Promise.all(calls);
    expect(results.map(({ outputs }) => outputs['x']?.data[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await model.predict({ x: [1] }, { signature: 'other' });
    expect(source.compiled).toEqual(['serving_default', 'other']);
  });

  it('remembers why a signature does not compile', async () => {
    const source = new FakeSource(['serving_default']);
    source.before = () => Promise.reject(new RuntimeError('UNIMPLEMENTED', 'NO_OP', 'no such op'));
    await using model = new LoadedModel(identity, source);
    for (let i = 0; i < 3; i++) await expect(model.predict({ x: [1] })).rejects.toMatchObject({ reason: 'NO_OP' });
    expect(source.compiled).toHaveLength(1);
  });

  it('compiles again after a failure that may pass', async () => {
    const source = new FakeSource(['serving_default']);
    source.before = () => Promise.reject(new RuntimeError('RESOURCE_EXHAUSTED', 'OUT_OF_MEMORY', 'full'));
    await using model = new LoadedModel(identity, source);
    await expect(model.predict({ x: [1] })).rejects.toMatchObject({ reason: 'OUT_OF_MEMORY' });
    source.before = () => Promise.resolve();
    expect((await model.predict({ x: [1] })).outputs['x']).toEqual(tensor([1]));
  });

  it('lets a call give up waiting while the compilation goes on for the others', async () => {
    const source = new FakeSource(['serving_default']);
    const compiling = gate();
    source.before = () => compiling.promise;
    await using model = new LoadedModel(identity, source);
    const controller = new AbortController();
    const impatient = model.predict({ x: [1] }, { signal: controller.signal });
    const timed = model.predict({ x: [1] }, { timeoutMs: 5 });
    const patient = model.predict({ x: [2] });
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(timed).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    compiling.open();
    expect((await patient).outputs['x']).toEqual(tensor([2]));
    expect(source.compiled).toHaveLength(1);
  });

  it('gives up a compilation that nobody waits for when it is closed', async () => {
    const source = new FakeSource(['serving_default']);
    source.before = (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const model = new LoadedModel(identity, source);
    await expect(model.predict({ x: [1] }, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await model.close();
    expect([source.signals[0]?.aborted, source.closed]).toEqual([true, 1]);
    await model.close();
    expect(source.closed).toBe(1);
  });

  it('takes the only signature for the default one, and never the init op', async () => {
    await using one = new LoadedModel(identity, new FakeSource(['__saved_model_init_op', 'score']));
    expect((await one.predict({ x: [3] })).outputs['x']).toEqual(tensor([3]));
    await using two = new LoadedModel(identity, new FakeSource(['a', 'b', '__saved_model_init_op']));
    for (const signature of [undefined, '', 'c', '__saved_model_init_op']) {
      await expect(two.predict({ x: [1] }, { signature })).rejects.toMatchObject({
        code: 'FAILED_PRECONDITION',
        reason: 'SIGNATURE_NOT_FOUND',
        message: expect.stringContaining('expected one of "a", "b"') as string,
      });
    }
  });

  it('fills in the default values of a signature', async () => {
    await using model = new LoadedModel(identity, new FakeSource(['serving_default'], { x: tensor([7, 8]) }));
    expect((await model.predict({})).outputs['x']).toEqual(tensor([7, 8]));
    expect((await model.predict({ x: [1] })).outputs['x']).toEqual(tensor([1]));
  });
});
