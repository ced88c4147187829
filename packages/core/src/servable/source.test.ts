import { expect, test } from 'vitest';
import { type ServableData, sourceAdapter } from './source.js';
import { ServingError } from './serving-error.js';

test('an adapter converts version by version: errors stay, a failed conversion spoils its own version only', () => {
  const adapter = sourceAdapter<string, number>(({ version }, data) => {
    if (data === 'bad') throw new ServingError('INVALID_ARGUMENT', 'BAD', 'cannot read it');
    return data.length + Number(version);
  });
  const told: [string, readonly ServableData<number>[]][] = [];
  const target = adapter.adapt({ setAspiredVersions: (...call) => void told.push(call) });
  const lost = new ServingError('NOT_FOUND', 'LOST', 'gone');
  const id = (version: bigint) => ({ name: 'm', version });
  target.setAspiredVersions('m', [
    { id: id(1n), data: 'four' },
    { id: id(2n), data: 'bad' },
    { id: id(3n), error: lost },
  ]);
  target.setAspiredVersions('empty', []);
  expect(told).toEqual([
    [
      'm',
      [
        { id: id(1n), data: 5 },
        { id: id(2n), error: new ServingError('INVALID_ARGUMENT', 'BAD', 'cannot read it') },
        { id: id(3n), error: lost },
      ],
    ],
    ['empty', []],
  ]);
});
