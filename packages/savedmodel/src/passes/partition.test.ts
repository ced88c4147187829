import { expect, test } from 'vitest';
import { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { partition } from './partition.js';

const scalar = { dtype: 'float32', shape: [] } as const;
const hostOp = (builder: Builder, op: string, inputs: readonly Value[]): Value => {
  const [value] = builder.host(op, inputs, [scalar], (tensors) => tensors.slice(0, 1));
  return value as Value;
};
const steps = (builder: Builder, outputs: readonly Value[]) =>
  partition('test', builder.nodes, outputs).steps.map((step) => {
    if (step.kind === 'native') return `native(${step.inputs.join()})->${step.outputs.join()}`;
    return step.kind === 'host' ? `${step.op}(${step.inputs.join()})->${step.outputs.join()}` : step.kind;
  });

test('a graph without host ops is one island', () => {
  const builder = new Builder();
  const x = builder.input('x', 'float32', []);
  const y = builder.emit('Neg', [builder.emit('Exp', [x])]);
  expect(steps(builder, [y])).toEqual([`native(x)->${y.name}`]);
});

test('native work that a host op does not wait for runs with the work behind it, not in an island of its own', () => {
  const builder = new Builder();
  builder.origin = 'n';
  const x = builder.input('x', 'float32', []);
  const parsed = hostOp(builder, 'Parse', [builder.input('text', 'float32', [])]);
  const aside = builder.emit('Exp', [x]);
  const y = builder.emit('Add', [aside, parsed]);
  expect(steps(builder, [y])).toEqual([`Parse(text)->${parsed.name}`, `native(x,${parsed.name})->${y.name}`]);
});

test('host ops that do not need each other share a stage between the same two islands', () => {
  const builder = new Builder();
  builder.origin = 'n';
  const x = builder.input('x', 'float32', []);
  const before = builder.emit('Exp', [x]);
  const a = hostOp(builder, 'A', [before]);
  const b = hostOp(builder, 'B', [before]);
  const y = builder.emit('Add', [a, b]);
  expect(steps(builder, [y]).map((step) => step.split('(')[0])).toEqual(['native', 'A', 'B', 'native']);
});

test('constants that host ops and outputs read are part of the plan', () => {
  const builder = new Builder();
  const one = builder.scalar('float32', 1);
  const value = hostOp(builder, 'A', [one]);
  const two = builder.scalar('float32', 2);
  const { constants } = partition('test', builder.nodes, [value, two]);
  expect([constants.get(one.name)?.toArray(), constants.get(two.name)?.toArray()]).toEqual([1, 2]);
});
