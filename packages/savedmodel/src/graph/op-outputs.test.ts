import { create } from '@bufbuild/protobuf';
import { OpDefSchema } from '@servable/protos/tensorflow';
import { expect, test } from 'vitest';
import type { StoredNode } from '../reader/stored-node.js';
import { OpOutputs } from './op-outputs.js';

const node = (op: string, attrs: Record<string, bigint> = {}): StoredNode =>
  ({
    name: 'node',
    op,
    input: [],
    attr: Object.fromEntries(Object.entries(attrs).map(([name, value]) => [name, { value: { case: 'i', value } }])),
  }) as unknown as StoredNode;

test('outputs of ops that a model does not define are those of TensorFlow', () => {
  const outputs = new OpOutputs([]);
  expect(outputs.flatIndex(node('Qr'), 'q', 0)).toBe(0);
  expect(outputs.flatIndex(node('Qr'), 'r', 0)).toBe(1);
  expect(outputs.flatIndex(node('StatelessRandomGetKeyCounter'), 'counter', 0)).toBe(1);
  expect(outputs.flatIndex(node('SparseSplit', { num_split: 3n }), 'output_values', 1)).toBe(4);
  expect(outputs.flatIndex(node('Split'), 'output', 2)).toBe(2);
  expect(outputs.flatIndex(node('Qr'), 'output', 0)).toBeUndefined();
});

test('what a model itself says of its ops counts first', () => {
  const own = create(OpDefSchema, { name: 'Qr', outputArg: [{ name: 'r' }, { name: 'q' }] });
  expect(new OpOutputs([own]).flatIndex(node('Qr'), 'r', 0)).toBe(0);
});
