import { describe, expect, test } from 'vitest';
import { type ServableData, sourceAdapter, sourceRouter, type Target } from './source.js';
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

describe('a router', () => {
  const told: string[] = [];
  const note = (target: string): Target<string> => ({
    setAspiredVersions: (name, versions) =>
      void told.push(`${target}: ${name} ${versions.map(({ data }) => data).join()}`),
  });
  const list = (name: string, ...data: string[]): [string, ServableData<string>[]] => [
    name,
    data.map((each, index) => ({ id: { name, version: BigInt(index) }, data: each })),
  ];

  test('Basic, Reconfigure: each stream goes to the target that is chosen for it now, the others hear nothing', () => {
    told.length = 0;
    const routes = new Map([['foo', 'zero' as const]]);
    const router = sourceRouter<string, 'zero' | 'rest'>((name) => routes.get(name) ?? 'rest');
    const target = router.route({ zero: note('zero'), rest: note('rest') });
    target.setAspiredVersions(...list('foo', 'a', 'b'));
    target.setAspiredVersions(...list('bar'));
    routes.set('bar', 'zero').delete('foo');
    target.setAspiredVersions(...list('foo', 'c'));
    target.setAspiredVersions(...list('bar', 'd'));
    expect(told).toEqual(['zero: foo a,b', 'rest: bar ', 'rest: foo c', 'zero: bar d']);
  });

  test('DiscardRequest: a stream without a target is nobody’s', () => {
    told.length = 0;
    sourceRouter<string, 'all'>(() => undefined)
      .route({ all: note('all') })
      .setAspiredVersions(...list('foo', 'a'));
    expect(told).toEqual([]);
  });

  test('InvalidRouteMap: a target that is not there is refused by its name', () => {
    const target = sourceRouter<string, string>((_name, [first]) => first?.data).route({ tables: note('tables') });
    expect(() => target.setAspiredVersions(...list('foo', 'toString'))).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: 'Stream foo is routed to toString; there are tables',
      }),
    );
  });
});
