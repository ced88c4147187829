import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '@servable/protos/onnx';
import { stringTensor, tensor, Tensor, type DType } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { addModel, identityModel, loopModel, node, onnxModel } from '../testing/onnx-model.js';
import { callGate } from './call-gate.js';
import { NativeSession } from './native-session.js';
import { NativeValue } from './native-value.js';

const fails = (code: string, reason: string, words = '') =>
  expect.objectContaining({ code, reason, message: expect.stringContaining(words) as string }) as Error;

/** Runs a model of one input `x` and one output `y`. */
async function apply(session: NativeSession, x: Tensor): Promise<Tensor | undefined> {
  return (await session.run(new Map([['x', x]]), ['y'])).get('y');
}

/** A call that would take hours. */
const endless = new Map([
  ['times', tensor(10n ** 15n)],
  ['x', tensor(0, 'float32')],
]);
const short = (times: bigint) =>
  new Map([
    ['times', tensor(times)],
    ['x', tensor(0, 'float32')],
  ]);

describe('a native session', () => {
  it('says what the model takes and gives', async () => {
    const model = onnxModel({
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
      inputs: { x: 'float32[batch,?,3]', w: 'float32[3,2]' },
      outputs: { y: 'float32[batch,?,2]' },
    });
    await using session = await NativeSession.create(model);
    expect(session.inputs).toEqual([
      { name: 'x', dtype: 'float32', shape: ['batch', null, 3] },
      { name: 'w', dtype: 'float32', shape: [3, 2] },
    ]);
    expect(session.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: ['batch', null, 2] }]);
  });

  const values: readonly Tensor[] = [
    tensor([1.5, -0, NaN, Infinity], 'float32'),
    tensor([Math.PI, 5e-324], 'float64'),
    tensor([-(2 ** 31), 2 ** 31 - 1], 'int32'),
    tensor([0, 255], 'uint8'),
    tensor([-32768, 32767], 'int16'),
    tensor([-128, 127], 'int8'),
    tensor([-(2n ** 63n), 2n ** 63n - 1n], 'int64'),
    tensor([0n, 2n ** 64n - 1n], 'uint64'),
    tensor([0, 2 ** 32 - 1], 'uint32'),
    tensor([0, 65535], 'uint16'),
    tensor([true, false, true], 'bool'),
    tensor([0.5, -2], 'float16'),
    tensor([0.5, -2], 'bfloat16'),
    new Tensor('float8_e4m3fn', [2], Uint8Array.of(0x38, 0xb8)),
    new Tensor('float8_e5m2', [2], Uint8Array.of(0x3c, 0xbc)),
    stringTensor([2, 3], ['a', '', 'naïve', new Uint8Array([0, 1, 0, 255]), 'x'.repeat(3000), '\0']),
  ];
  it.each(values.map((value) => [value.dtype, value] as const))('hands %s values through', async (dtype, value) => {
    await using session = await NativeSession.create(identityModel(dtype));
    expect(await apply(session, value)).toEqual(value);
  });

  it.each<DType>(['float32', 'int64', 'string', 'bool'])('takes scalars and empty tensors of %s', async (dtype) => {
    await using session = await NativeSession.create(identityModel(dtype));
    const one = { float32: 2.5, int64: 7n, string: 'word', bool: true }[dtype as 'float32'];
    expect(await apply(session, tensor(one, dtype))).toEqual(tensor(one, dtype));
    const empty = new Tensor(dtype, [3, 0, 2], dtype === 'string' ? [] : tensor([], dtype).data);
    expect(await apply(session, empty)).toEqual(empty);
  });

  it('reads the part of a buffer that a typed array shows', async () => {
    await using session = await NativeSession.create(identityModel('float32[n]'));
    const buffer = Float32Array.of(1, 2, 3, 4, 5);
    expect(await apply(session, new Tensor('float32', [2], buffer.subarray(2, 4)))).toEqual(tensor([3, 4]));
  });

  it('reads shared memory, and refuses memory that has gone to another thread', async () => {
    await using session = await NativeSession.create(identityModel('float32[n]'));
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([1, 2]);
    expect((await apply(session, new Tensor('float32', [2], shared)))?.data).toEqual(Float32Array.of(1, 2));
    const gone = tensor([1, 2]);
    structuredClone(gone.data, { transfer: [(gone.data as Float32Array).buffer as ArrayBuffer] });
    await expect(apply(session, gone)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('loads a graph of many nodes in a row', async () => {
    const nodes = Array.from({ length: 5000 }, (_, i) =>
      node(i % 2 ? 'Neg' : 'Abs', [i === 0 ? 'x' : `v${i}`], [i === 4999 ? 'y' : `v${i + 1}`]),
    );
    const model = onnxModel({ nodes, inputs: { x: 'float32[n]' }, outputs: { y: 'float32[n]' } });
    await using session = await NativeSession.create(model, { graphOptimization: 'none' });
    expect(await apply(session, tensor([-3]))).toEqual(tensor([-3]));
  });

  it('takes quantized values for the integers that they are stored as', async () => {
    await using session = await NativeSession.create(identityModel('int8[n]'));
    expect(await apply(session, new Tensor('qint8', [2], Int8Array.of(1, -1)))).toEqual(tensor([1, -1], 'int8'));
  });

  it('gives the same answers on the calling thread as on the pool', async () => {
    await using session = await NativeSession.create(addModel());
    for (let i = 0; i < 50; i++) {
      const feeds = new Map([
        ['x', tensor([i, 1])],
        ['y', tensor([1, i])],
      ]);
      expect((await session.run(feeds, ['sum'])).get('sum')).toEqual(tensor([i + 1, i + 1]));
    }
  });

  it('runs many calls at once, more than the pool has threads', async () => {
    await using session = await NativeSession.create(addModel(), { execution: 'async' });
    const sums = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        const feeds = new Map([
          ['x', tensor([i])],
          ['y', tensor([1000])],
        ]);
        return (await session.run(feeds, ['sum'])).get('sum')?.data[0];
      }),
    );
    expect(sums).toEqual(Array.from({ length: 300 }, (_, i) => i + 1000));
  });

  it('computes only the outputs that are fetched, in their order', async () => {
    const model = onnxModel({
      nodes: [node('Neg', ['x'], ['negative']), node('Abs', ['x'], ['absolute'])],
      inputs: { x: 'float32[n]' },
      outputs: { negative: 'float32[n]', absolute: 'float32[n]' },
    });
    await using session = await NativeSession.create(model);
    const feeds = new Map([['x', tensor([-3])]]);
    expect([...(await session.run(feeds, ['absolute', 'negative']))]).toEqual([
      ['absolute', tensor([3])],
      ['negative', tensor([3])],
    ]);
    expect([...(await session.run(feeds, ['negative'])).keys()]).toEqual(['negative']);
  });

  it('loads a model from a path', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'servable-session-'));
    try {
      const path = join(dir, 'modèle.onnx');
      await writeFile(path, addModel());
      await using session = await NativeSession.create(path);
      expect(session.inputs.map((input) => input.name)).toEqual(['x', 'y']);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('can be used through its shared form, which does not own it', async () => {
    await using session = await NativeSession.create(identityModel('float32[n]'));
    const attached = NativeSession.attach(structuredClone(session.share()));
    expect(await apply(attached, tensor([1]))).toEqual(tensor([1]));
    await attached.close();
    expect(await apply(session, tensor([2]))).toEqual(tensor([2]));
  });
});

describe('initializers outside the model', () => {
  const w = tensor([
    [1, 2],
    [3, 4],
  ]);
  const model = onnxModel({
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    inputs: { x: 'float32[n,2]' },
    outputs: { y: 'float32[n,2]' },
    external: { w },
  });

  it('are used like weights inside it', async () => {
    await using session = await NativeSession.create(model, { initializers: new Map([['w', w]]) });
    expect(session.inputs.map((input) => input.name)).toEqual(['x']);
    expect(await apply(session, tensor([[1, 10]]))).toEqual(tensor([[31, 42]]));
  });

  it('need not be kept: the session has its own copy', async () => {
    const own = new Tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4));
    await using session = await NativeSession.create(model, { initializers: new Map([['w', own]]) });
    own.data.fill(0);
    expect(await apply(session, tensor([[1, 10]]))).toEqual(tensor([[31, 42]]));
  });

  it.each([
    ['another shape', new Map([['w', tensor([1, 2, 3, 4])]])],
    ['another dtype', new Map([['w', new Tensor('float64', [2, 2], new Float64Array(4))]])],
    ['an unknown name', new Map([['v', w]])],
    ['none', new Map<string, Tensor>()],
  ])('are refused with %s than declared', async (_, initializers) => {
    await expect(NativeSession.create(model, { initializers })).rejects.toMatchObject({ name: 'RuntimeError' });
  });

  it('still take part in constant folding and in the fusion of Conv and BatchNormalization', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'servable-session-'));
    try {
      const external = {
        kernel: new Tensor(
          'float32',
          [4, 2, 3, 3],
          Float32Array.from({ length: 72 }, (_, i) => i / 72),
        ),
        scale: tensor([1, 2, 3, 4]),
        bias: tensor([1, 1, 1, 1]),
        mean: tensor([0.5, 0.5, 0.5, 0.5]),
        variance: tensor([1, 4, 9, 16]),
        a: new Tensor('float32', [64], new Float32Array(64).fill(2)),
        b: new Tensor('float32', [64], new Float32Array(64).fill(3)),
      };
      const convolution = onnxModel({
        nodes: [
          node('Conv', ['x', 'kernel'], ['c']),
          node('BatchNormalization', ['c', 'scale', 'bias', 'mean', 'variance'], ['y']),
          node('Mul', ['a', 'b'], ['ab']),
          node('Mul', ['ab', 'z'], ['abz']),
        ],
        inputs: { x: 'float32[1,2,5,5]', z: 'float32[64]' },
        outputs: { y: 'float32[1,4,3,3]', abz: 'float32[64]' },
        external,
      });
      const feeds = new Map([
        [
          'x',
          new Tensor(
            'float32',
            [1, 2, 5, 5],
            Float32Array.from({ length: 50 }, (_, i) => Math.sin(i)),
          ),
        ],
        ['z', new Tensor('float32', [64], new Float32Array(64).fill(1))],
      ]);
      const initializers = new Map(Object.entries(external));
      const optimizedModelPath = join(dir, 'optimized.onnx');
      await using optimized = await NativeSession.create(convolution, {
        initializers,
        optimizedModelPath,
        graphOptimization: 'basic',
      });
      const { graph } = fromBinary(ModelProtoSchema, await readFile(optimizedModelPath));
      expect(graph?.node.map((n) => n.opType).sort()).toEqual(['Conv', 'Mul']);

      await using plain = await NativeSession.create(convolution, { initializers, graphOptimization: 'none' });
      const [fused, expected] = [await optimized.run(feeds, ['y', 'abz']), await plain.run(feeds, ['y', 'abz'])];
      expect(fused.get('abz')?.data).toEqual(new Float32Array(64).fill(6));
      const [got, want] = [fused.get('y')?.data as Float32Array, expected.get('y')?.data as Float32Array];
      expect(Math.max(...got.map((value, i) => Math.abs(value - (want[i] ?? NaN))))).toBeLessThan(1e-4);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('a call that does not fit', () => {
  const feeds = new Map([
    ['x', tensor([1])],
    ['y', tensor([2])],
  ]);
  it.each([
    ['an unknown input', new Map([...feeds, ['z', tensor([1])]]), ['sum'], 'INVALID_ARGUMENT', 'UNKNOWN_INPUT', '"z"'],
    ['a missing input', new Map([['x', tensor([1])]]), ['sum'], 'INVALID_ARGUMENT', 'MISSING_INPUT', 'input "y"'],
    [
      'another name',
      new Map([
        ['x', tensor([1])],
        ['v', tensor([1])],
      ]),
      ['sum'],
      'INVALID_ARGUMENT',
      'UNKNOWN_INPUT',
      '"v"',
    ],
    ['an unknown output', feeds, ['product'], 'INVALID_ARGUMENT', 'UNKNOWN_OUTPUT', 'expected "sum"'],
    ['no output', feeds, [], 'INVALID_ARGUMENT', 'NO_OUTPUTS', 'given none'],
    ['an output twice', feeds, ['sum', 'sum'], 'INVALID_ARGUMENT', 'DUPLICATE_OUTPUT', '"sum"'],
    [
      'another dtype',
      new Map([...feeds, ['y', tensor([1n])]]),
      ['sum'],
      'INVALID_ARGUMENT',
      'INPUT_DTYPE_MISMATCH',
      'Input "y": expected dtype float32, given int64',
    ],
    [
      'another rank',
      new Map([...feeds, ['y', tensor([[1]])]]),
      ['sum'],
      'INVALID_ARGUMENT',
      'ENGINE_INVALID_ARGUMENT',
      'rank',
    ],
    [
      'shapes that do not go together',
      new Map([
        ['x', tensor([1, 2])],
        ['y', tensor([1, 2, 3])],
      ]),
      ['sum'],
      'INVALID_ARGUMENT',
      'KERNEL_FAILED',
      'Add',
    ],
  ])('is refused with %s', async (_, given, fetches, code, reason, words) => {
    await using session = await NativeSession.create(addModel());
    await expect(session.run(given, fetches)).rejects.toThrow(fails(code, reason, words));
    expect((await session.run(feeds, ['sum'])).get('sum')).toEqual(tensor([3]));
  });

  it('is refused for dtypes that the engine has no tensors of', async () => {
    await using session = await NativeSession.create(addModel());
    const complex = new Tensor('complex64', [1], Float32Array.of(1, 2));
    await expect(session.run(new Map([...feeds, ['y', complex]]), ['sum'])).rejects.toThrow(
      fails('INVALID_ARGUMENT', 'INPUT_DTYPE_MISMATCH', 'given complex64'),
    );
    expect(() => NativeValue.fromTensor(complex)).toThrow(fails('UNIMPLEMENTED', 'UNSUPPORTED_DTYPE', 'complex64'));
  });
});

describe('a model that cannot be loaded', () => {
  const unknownOp = onnxModel({
    nodes: [node('Frobnicate', ['x'], ['y'])],
    inputs: { x: 'float32' },
    outputs: { y: 'float32' },
  });
  const sequence = onnxModel({ nodes: [node('SequenceEmpty', [], ['s'])], outputs: { s: 'float32' } });
  it.each([
    ['bytes that are none', Uint8Array.of(1, 2, 3), 'INVALID_ARGUMENT', 'MODEL_NOT_PARSABLE', ''],
    ['no bytes', new Uint8Array(0), 'INVALID_ARGUMENT', '', ''],
    ['an unknown op', unknownOp, 'INVALID_ARGUMENT', '', 'Frobnicate'],
    ['wrong types', sequence, 'INVALID_ARGUMENT', '', ''],
    ['a missing file', '/nowhere/model.onnx', 'NOT_FOUND', 'MODEL_FILE_NOT_FOUND', '/nowhere/model.onnx'],
    ['no path', '', 'INVALID_ARGUMENT', 'BAD_OPTION', 'model'],
  ])('is refused: %s', async (_, model, code, reason, words) => {
    const expected = reason === '' ? { name: 'RuntimeError', code } : { name: 'RuntimeError', code, reason };
    await expect(NativeSession.create(model)).rejects.toMatchObject({
      ...expected,
      message: expect.stringContaining(words) as string,
    });
  });

  it('is given up when its signal aborts', async () => {
    const controller = new AbortController();
    const loading = NativeSession.create(addModel(), { signal: controller.signal });
    controller.abort();
    await expect(loading).rejects.toThrow(fails('CANCELLED', 'CANCELLED'));
    await expect(NativeSession.create(addModel(), { signal: controller.signal })).rejects.toThrow(
      fails('CANCELLED', 'CANCELLED'),
    );
  });
});

describe('a call with limits', () => {
  it('is stopped by its signal while it runs', async () => {
    await using session = await NativeSession.create(loopModel());
    const controller = new AbortController();
    const running = session.run(endless, ['y'], { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED', cause: controller.signal.reason as Error });
    expect((await session.run(short(3n), ['y'])).get('y')).toEqual(tensor(3, 'float32'));
  });

  it('is stopped when its time is up', async () => {
    await using session = await NativeSession.create(loopModel());
    await expect(session.run(endless, ['y'], { timeoutMs: 20 })).rejects.toThrow(
      fails('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED', '20 ms'),
    );
    await expect(session.run(endless, ['y'], { signal: AbortSignal.timeout(20) })).rejects.toThrow(
      fails('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'),
    );
    expect((await session.run(short(2n), ['y'])).get('y')).toEqual(tensor(2, 'float32'));
  });

  it('never starts when it is cancelled before, or its time is up', async () => {
    await using session = await NativeSession.create(loopModel());
    await expect(session.run(endless, ['y'], { signal: AbortSignal.abort() })).rejects.toThrow(
      fails('CANCELLED', 'CANCELLED'),
    );
    await expect(session.run(endless, ['y'], { timeoutMs: 0 })).rejects.toThrow(
      fails('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'),
    );
    await expect(session.run(endless, ['y'], { timeoutMs: NaN })).rejects.toThrow(
      fails('INVALID_ARGUMENT', 'BAD_OPTION'),
    );
    expect(callGate.running).toBe(0);
  });

  it('is dropped while it waits for a thread', async () => {
    await using session = await NativeSession.create(loopModel());
    const stop = new AbortController();
    const busy = Array.from({ length: callGate.limit }, () => session.run(endless, ['y'], { signal: stop.signal }));
    const drop = new AbortController();
    const waiting = session.run(endless, ['y'], { signal: drop.signal });
    const timed = session.run(endless, ['y'], { timeoutMs: 10 });
    const next = session.run(short(5n), ['y']);
    expect([callGate.running, callGate.waiting]).toEqual([callGate.limit, 3]);
    drop.abort();
    await expect(waiting).rejects.toThrow(fails('CANCELLED', 'CANCELLED'));
    await expect(timed).rejects.toThrow(fails('DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'));
    expect([callGate.running, callGate.waiting]).toEqual([callGate.limit, 1]);
    stop.abort();
    for (const call of busy) await expect(call).rejects.toThrow(fails('CANCELLED', 'CANCELLED'));
    expect((await next).get('y')).toEqual(tensor(5, 'float32'));
  });

  it('leaves the event loop free', async () => {
    await using session = await NativeSession.create(loopModel());
    let turns = 0;
    let over = false;
    const count = () => {
      turns++;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    await session.run(short(50_000n), ['y']);
    over = true;
    expect(turns).toBeGreaterThan(10);
  });
});

describe('closing a session', () => {
  it('waits for calls under way, those that wait for a thread included, and refuses later ones', async () => {
    const session = await NativeSession.create(loopModel());
    const calls = Array.from({ length: 8 }, () => session.run(short(20_000n), ['y']));
    const closed = session.close();
    await expect(session.run(short(1n), ['y'])).rejects.toThrow(fails('FAILED_PRECONDITION', 'SESSION_CLOSED'));
    expect(() => session.share()).toThrow(fails('FAILED_PRECONDITION', 'SESSION_CLOSED'));
    const order: string[] = [];
    void Promise.all(calls).then(() => order.push('calls'));
    await closed.then(() => order.push('closed'));
    expect(order).toEqual(['calls', 'closed']);
    for (const call of calls) expect((await call).get('y')).toEqual(tensor(20_000, 'float32'));
    expect(await session.close()).toBeUndefined();
  });

  it('waits for the end of calls that were given up', async () => {
    const session = await NativeSession.create(loopModel());
    await expect(session.run(endless, ['y'], { timeoutMs: 5 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await session.close();
    expect(callGate.running).toBe(0);
  });
});

describe('native values', () => {
  it('go from one session to another without becoming tensors', async () => {
    await using session = await NativeSession.create(addModel());
    using x = NativeValue.fromTensor(tensor([1, 2]));
    const feeds = (a: Tensor | NativeValue) =>
      new Map([
        ['x', a],
        ['y', tensor([10, 10])],
      ]);
    using once = (await session.runNative(feeds(x), ['sum'])).get('sum') as NativeValue;
    expect([once.dtype, once.shape]).toEqual(['float32', [2]]);
    expect((await session.run(feeds(once), ['sum'])).get('sum')).toEqual(tensor([21, 22]));
    expect(once.toTensor()).toEqual(tensor([11, 12]));
  });

  it('live until their last owner closes them', async () => {
    const value = NativeValue.fromTensor(stringTensor([1], ['a']));
    value.retain();
    value.close();
    expect(value.closed).toBe(false);
    expect(value.toTensor().text()).toEqual(['a']);
    value.close();
    expect(value.closed).toBe(true);
    expect(() => value.address).toThrow(fails('FAILED_PRECONDITION', 'VALUE_CLOSED'));
    expect(() => value.retain()).toThrow(fails('FAILED_PRECONDITION', 'VALUE_CLOSED'));
    value.close();
  });

  it('are held by a call that runs with them', async () => {
    await using session = await NativeSession.create(loopModel());
    const times = NativeValue.fromTensor(tensor(20_000n));
    const x = NativeValue.fromTensor(tensor(0, 'float32'));
    const running = session.run(
      new Map([
        ['times', times],
        ['x', x],
      ]),
      ['y'],
    );
    times.close();
    x.close();
    expect(times.closed).toBe(false);
    expect((await running).get('y')).toEqual(tensor(20_000, 'float32'));
    expect([times.closed, x.closed]).toEqual([true, true]);
  });

  it('cannot be run with once they are closed', async () => {
    await using session = await NativeSession.create(identityModel('float32[n]'));
    const x = NativeValue.fromTensor(tensor([1]));
    x.close();
    await expect(session.run(new Map([['x', x]]), ['y'])).rejects.toThrow(fails('FAILED_PRECONDITION', 'VALUE_CLOSED'));
  });
});
