import { expect, test } from 'vitest';
import type { ServableData } from '../../servable/source.js';
import { ServingError } from '../../servable/serving-error.js';
import { prefixedStoragePaths } from './prefixed-storage-paths.js';
import { StaticSource } from './static-source.js';

test('StoragePathPrefixOption: the prefix comes before every path, and errors go through', () => {
  const told: ServableData<string>[] = [];
  const error = new ServingError('NOT_FOUND', 'GONE', 'gone');
  const source = new StaticSource<string>([
    { id: { name: 'm', version: 1n }, data: '/models/m/1' },
    { id: { name: 'm', version: 2n }, error },
  ]);
  source.connect(prefixedStoragePaths('/mnt/cell').adapt({ setAspiredVersions: (_, list) => told.push(...list) }));
  expect(told).toEqual([
    { id: { name: 'm', version: 1n }, data: '/mnt/cell/models/m/1' },
    { id: { name: 'm', version: 2n }, error },
  ]);
});
