import { expect, test } from 'vitest';
import {
  AspiredVersionsManager,
  inlineExecutor,
  ServableStateMonitor,
  type Loader,
  type Source,
  sourceAdapter,
  type Target,
} from '../../index.js';

/** A source of one's own: versions of a table that somebody publishes. */
class TableSource implements Source<ReadonlyMap<string, string>> {
  #target: Target<ReadonlyMap<string, string>> | undefined;

  connect(target: Target<ReadonlyMap<string, string>>): void {
    this.#target = target;
  }

  publish(version: bigint, table: ReadonlyMap<string, string>): void {
    // The whole list of what is wanted: leaving the version before out unloads it, once this one is there.
    this.#target?.setAspiredVersions('capitals', [{ id: { name: 'capitals', version }, data: table }]);
  }

  async close(): Promise<void> {
    this.#target = undefined;
  }
}

const tableLoader = (table: ReadonlyMap<string, string>): Loader<ReadonlyMap<string, string>> => ({
  load: async () => table,
  unload: async () => undefined,
});

test('a source of one’s own feeds the manager: the example of docs/sources.md', async () => {
  const states = new ServableStateMonitor();
  const manager = new AspiredVersionsManager<ReadonlyMap<string, string>>({
    stateMonitor: states,
    loadExecutor: inlineExecutor,
    unloadExecutor: inlineExecutor,
  });
  const source = new TableSource();
  source.connect(sourceAdapter((_id, table: ReadonlyMap<string, string>) => tableLoader(table)).adapt(manager));
  source.publish(1n, new Map([['France', 'Paris']]));
  await states.waitUntilAvailable(['capitals']);
  {
    using handle = manager.getServableHandle({ name: 'capitals' });
    expect([handle.id.version, handle.servable.get('France')]).toEqual([1n, 'Paris']);
  }
  await source.close();
  await manager.close();
  expect(states.getVersionStates('capitals').map(({ managerState }) => managerState)).toEqual(['END']);
});
