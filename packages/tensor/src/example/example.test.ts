import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ExampleSchema, FeatureSchema, type Feature as FeatureMessage } from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import { TensorError } from '../tensor-error.js';
import { randomSource } from '../testing/random-tensor.js';
import { decodeExample, encodeExample, type FeatureLike } from './example.js';
import type { Feature } from './feature.js';

const bytes = new Uint8Array([0xff, 0]);

const failure = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof TensorError) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return 'nothing thrown';
};

function toMessage(feature: Feature): FeatureMessage {
  const { kind, values } = feature;
  if (kind === 'bytes') return create(FeatureSchema, { kind: { case: 'bytesList', value: { value: [...values] } } });
  if (kind === 'float') return create(FeatureSchema, { kind: { case: 'floatList', value: { value: [...values] } } });
  return create(FeatureSchema, { kind: { case: 'int64List', value: { value: [...values] } } });
}

describe('an example', () => {
  it('is made of plain values', () => {
    const written = fromBinary(
      ExampleSchema,
      encodeExample({ age: 39, hours: [40n, -1n], work: 'Private', raw: [bytes], many: new Float32Array([1, 2]) }),
    );
    const lists = Object.entries(written.features!.feature).map(([name, { kind }]) => [
      name,
      kind.case,
      kind.value?.value,
    ]);
    expect(lists).toEqual([
      ['age', 'floatList', [39]],
      ['hours', 'int64List', [40n, -1n]],
      ['work', 'bytesList', [new TextEncoder().encode('Private')]],
      ['raw', 'bytesList', [bytes]],
      ['many', 'floatList', [1, 2]],
    ]);
  });

  it('is on the wire what the generated message is, and reads back', () => {
    const random = randomSource(3);
    for (let run = 0; run < 200; run++) {
      const features: Record<string, Feature> = {};
      for (let count = Math.floor(random() * 5); count > 0; count--) {
        const length = Math.floor(random() * 6);
        const make = [
          (): Feature => ({
            kind: 'bytes',
            values: Array.from({ length }, () => new Uint8Array(Math.floor(random() * 200))),
          }),
          (): Feature => ({ kind: 'float', values: Float32Array.from({ length }, random) }),
          (): Feature => ({
            kind: 'int64',
            values: BigInt64Array.from({ length }, () =>
              BigInt.asIntN(64, BigInt(Math.floor(random() * 2 ** 53)) << 11n),
            ),
          }),
        ];
        features[`feature ${count} é`] = make[Math.floor(random() * 3)]!();
      }
      const encoded = encodeExample(features);
      const message = create(ExampleSchema, {
        features: {
          feature: Object.fromEntries(Object.entries(features).map(([name, value]) => [name, toMessage(value)])),
        },
      });
      expect(Buffer.from(encoded).toString('hex')).toBe(Buffer.from(toBinary(ExampleSchema, message)).toString('hex'));
      expect(Object.fromEntries(decodeExample(encoded))).toEqual(features);
      const buffer = Buffer.from(encoded);
      const copied = decodeExample(buffer, { copy: true });
      buffer.fill(0);
      expect(Object.fromEntries(copied)).toEqual(features);
    }
  });

  it('that is a concatenation keeps the last feature of a name', () => {
    const both = Buffer.concat([encodeExample({ a: 1, b: 'context' }), encodeExample({ b: 2n })]);
    expect([...decodeExample(both)]).toEqual([
      ['a', { kind: 'float', values: new Float32Array([1]) }],
      ['b', { kind: 'int64', values: new BigInt64Array([2n]) }],
    ]);
  });

  it('may have unpacked lists, lists in parts, and features without a list', () => {
    const read = (...feature: number[]) => {
      const entry = [0x0a, 1, 97, 0x12, feature.length, ...feature];
      return decodeExample(Uint8Array.from([0x0a, entry.length + 2, 0x0a, entry.length, ...entry])).get('a')?.values;
    };
    expect(read(0x1a, 4, 8, 1, 8, 2)).toEqual(new BigInt64Array([1n, 2n]));
    expect(read(0x1a, 2, 8, 1, 0x1a, 4, 0x0a, 2, 2, 3)).toEqual(new BigInt64Array([1n, 2n, 3n]));
    expect(read(0x12, 5, 0x0d, 0, 0, 0x80, 0x3f, 0x12, 6, 0x0a, 4, 0, 0, 0, 0x40)).toEqual(new Float32Array([1, 2]));
    expect(read(0x1a, 2, 8, 1, 0x0a, 3, 0x0a, 1, 9)).toEqual([new Uint8Array([9])]);
    expect(read()).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['an empty list', [], 'Feature "x": expected values or a kind'],
    ['a nested list', [[1]], 'Feature "x": expected one value or a flat list, given shape [1,1]'],
    ['mixed values', [1, 'a'], 'Feature "x": Wrong value for dtype float32 at [1]'],
    ['a boolean', true, 'Feature "x": expected text, bytes, numbers or bigints, given bool'],
    ['an integer over 64 bits', 2n ** 63n, 'Feature "x": Wrong value for dtype int64'],
    ['values of another kind', { kind: 'float', values: [1] }, 'Feature "x": expected Uint8Array[] of kind bytes'],
    [
      'an unknown kind',
      { kind: 'bool', values: new BigInt64Array(0) },
      'Feature "x": expected Uint8Array[] of kind bytes',
    ],
    ['null', null, 'Feature "x": Cannot infer a dtype'],
  ])('cannot be made of %s', (_what, value, message) => {
    const result = failure(() => encodeExample({ x: value as FeatureLike }));
    expect(result.slice(0, `INVALID_FEATURE: ${message}`.length)).toBe(`INVALID_FEATURE: ${message}`);
  });

  it.each([
    ['truncated bytes', [0x0a, 9, 1]],
    ['floats of 3 bytes', [0x0a, 12, 0x0a, 10, 0x0a, 1, 97, 0x12, 5, 0x12, 3, 0x0a, 1, 0]],
    ['a varint cut short', [0x0a, 12, 0x0a, 10, 0x0a, 1, 97, 0x12, 5, 0x1a, 3, 0x0a, 1, 0x80]],
  ])('with %s is refused', (_what, malformed) => {
    expect(failure(() => decodeExample(Uint8Array.from(malformed)))).toMatch(/^MALFORMED_PROTO/);
  });
});
