import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type AttributeProto } from '@servable/protos/onnx';
import { stringTensor, Tensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { encodeModel } from './encode-model.js';
import type { OnnxAttributes, OnnxNode } from './lowered-graph.js';
import { BOUNDED_LOOP } from '../plan/plan.js';
import { DimSymbol, type Value } from './value.js';
import { weightOf } from './weight.js';

const value = (name: string, more: Partial<Value> = {}): Value => ({ name, dtype: 'float32', shape: [2], ...more });
const nodeOf = (
  op: string,
  inputs: (Value | undefined)[],
  outputs: Value[],
  attrs: OnnxAttributes = {},
  domain = '',
): OnnxNode => ({ kind: 'native', op, domain, attrs, inputs, outputs, origin: op });

/** The message again; its parser and writer must agree on every byte. */
function decoded(inputs: Value[], outputs: Value[], nodes: OnnxNode[]) {
  const { model, weights } = encodeModel('graph', inputs, outputs, nodes);
  const message = fromBinary(ModelProtoSchema, model);
  expect(Buffer.from(toBinary(ModelProtoSchema, message)).equals(model)).toBe(true);
  return { message, graph: message.graph!, weights };
}

describe('an encoded model', () => {
  it('says which loops end after as many iterations as something has elements', () => {
    const count = (name: string, more: Partial<Value> = {}) => value(name, { dtype: 'int64', shape: [], ...more });
    const given = count('given');
    const sized = count('sized', { elements: [new DimSymbol('size')] });
    const computed = count('computed', { elements: [new DimSymbol('integer')] });
    const inputs = [given, sized, computed];
    const loops = inputs.map((input, i) => nodeOf('Loop', [input], [value(`y${i}`)]));
    const { graph } = decoded(inputs, [value('y0')], loops);
    expect(graph.node.map(({ docString }) => docString)).toEqual(['', BOUNDED_LOOP, '']);
  });

  it('holds its nodes, inputs and outputs', () => {
    const batch = Symbol('batch');
    const [x, y] = [value('x', { shape: [batch as never, 3] }), value('größe', { shape: undefined, dtype: 'int64' })];
    const { message, graph } = decoded([x], [y], [nodeOf('Gelu', [x, undefined, x], [y], {}, 'com.microsoft')]);
    expect(message).toMatchObject({ irVersion: 9n, producerName: 'servable' });
    expect(message.opsetImport).toMatchObject([
      { domain: '', version: 20n },
      { domain: 'com.microsoft', version: 1n },
    ]);
    expect(graph).toMatchObject({
      name: 'graph',
      node: [{ opType: 'Gelu', name: 'größe', domain: 'com.microsoft', input: ['x', '', 'x'], output: ['größe'] }],
      input: [{ name: 'x', type: { value: { value: { elemType: 1 } } } }],
      output: [{ name: 'größe', type: { value: { value: { elemType: 7 } } } }],
    });
    const tensorType = graph.input[0]?.type?.value;
    const dims = tensorType?.case === 'tensorType' ? tensorType.value.shape?.dim : undefined;
    expect(dims?.map((dim) => dim.value)).toEqual([
      { case: 'dimParam', value: 'd0' },
      { case: 'dimValue', value: 3n },
    ]);
  });

  it('holds attributes of every kind', () => {
    const [x, y, z] = [value('x'), value('y'), value('z')];
    const body = {
      name: 'body',
      inputs: [],
      outputs: [z],
      nodes: [nodeOf('Neg', [value('c', { constant: tensor([1, 2]) })], [z])],
    };
    const { graph } = decoded(
      [x],
      [y],
      [
        nodeOf('Any', [x], [y], {
          zero: { kind: 'int', value: 0 },
          negative: { kind: 'int', value: -1 },
          least: { kind: 'int', value: -(2n ** 63n) },
          large: { kind: 'int', value: 2 ** 40 },
          half: { kind: 'float', value: 0.5 },
          mode: { kind: 'string', value: 'größer' },
          to: { kind: 'string', value: 'int32' },
          axes: { kind: 'ints', value: [1, -2, 300] },
          none: { kind: 'ints', value: [] },
          scales: { kind: 'floats', value: [1.5, -2] },
          words: { kind: 'strings', value: ['a', ''] },
          value: { kind: 'tensor', value: tensor(7, 'int64') },
          body: { kind: 'graph', value: body },
        }),
      ],
    );
    const attributes = graph.node[0]?.attribute ?? [];
    const read = ({ name, type, i, f, s, ints, floats, strings, t, g }: AttributeProto) => {
      const values = [
        ,
        f,
        i,
        Buffer.from(s).toString(),
        t?.rawData[0],
        g?.node[0]?.opType,
        floats,
        ints,
        strings.map(String),
      ];
      return [name, values[type]];
    };
    expect(Object.fromEntries(attributes.map(read))).toEqual({
      zero: 0n,
      negative: -1n,
      least: -(2n ** 63n),
      large: 2n ** 40n,
      half: 0.5,
      mode: 'größer',
      to: 6n,
      axes: [1n, -2n, 300n],
      none: [],
      scales: [1.5, -2],
      words: ['97', ''],
      value: 7,
      body: 'Neg',
    });
    // What a body reads is declared in the graph around it.
    expect(graph.initializer.map(({ name }) => name)).toEqual(['c']);
  });

  it('holds small constants, refers to large ones, and hands others through', () => {
    const large = new Tensor('float32', [200, 100], new Float32Array(20_000).fill(1));
    const c = value('c', { constant: tensor([[1, 2, 3]], 'int32'), dtype: 'int32' });
    const text = value('text', { constant: stringTensor([2], ['a', 'ü']), dtype: 'string' });
    const w = value('w', { weight: weightOf(large) });
    const v = value('v', { constant: large });
    const y = value('y');
    const { graph, weights } = decoded([], [y, c, y], [nodeOf('Any', [w, v, text, w], [y])]);
    const { name, byteLength } = { name: weights.fileName, byteLength: weights.byteLength };
    expect([name, byteLength]).toEqual(['weights', 160_000]);
    expect([...weights.weights].map(([key, { offset }]) => [key, offset])).toEqual([
      ['w', 0],
      ['v', 80_000],
    ]);
    const [first, second, third, fourth] = graph.initializer;
    expect(first).toMatchObject({ name: 'w', dims: [200n, 100n], dataType: 1, dataLocation: 1 });
    expect(second?.externalData.map((entry) => [entry.key, entry.value])).toEqual([
      ['location', 'weights'],
      ['offset', '80000'],
      ['length', '80000'],
    ]);
    expect(third?.stringData.map((bytes) => Buffer.from(bytes).toString())).toEqual(['a', 'ü']);
    expect(fourth).toMatchObject({ name: 'c', dims: [1n, 3n], dataType: 6 });
    expect([...new Int32Array(fourth!.rawData.slice().buffer)]).toEqual([1, 2, 3]);
    expect(graph.output.map((output) => output.name)).toEqual(['y', 'c/returned:0', 'y/returned:1']);
    expect(graph.node.slice(1).map((node) => [node.opType, ...node.input])).toEqual([
      ['Identity', 'c'],
      ['Identity', 'y'],
    ]);
  });
});
