// Something that is no model as a servable: tables of prices, a version each, watched, swapped and drained like models.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AspiredVersionsManager, FileSystemSource, sourceAdapter } from '@servable/core';

/** Loads `table.json` of a version directory. */
function tableLoader(directory) {
  return {
    load: async () => new Map(Object.entries(JSON.parse(await readFile(join(directory, 'table.json'), 'utf8')))),
    unload: async () => undefined,
  };
}

/** Serves the tables below `basePath`: `basePath/1/table.json`, `basePath/2/table.json`, … */
export async function serveTables(basePath) {
  const manager = new AspiredVersionsManager();
  const source = new FileSystemSource({
    servables: [{ name: 'prices', basePath, versionPolicy: { kind: 'latest', numVersions: 1 } }],
    pollIntervalMs: 20,
  });
  source.connect(sourceAdapter((_id, directory) => tableLoader(directory)).adapt(manager));
  await manager.states.waitUntilAvailable(['prices']);
  return {
    /** The price and the version that it is from; that version stays loaded as long as the look-up takes. */
    lookUp(key) {
      const handle = manager.getServableHandle({ name: 'prices' });
      try {
        return { price: handle.servable.get(key), version: handle.id.version };
      } finally {
        handle.release();
      }
    },
    states: manager.states,
    async close() {
      await source.close();
      await manager.close();
    },
  };
}

/** Writes a version so that it is never seen half-written. */
export async function publish(basePath, version, table) {
  const draft = join(basePath, `draft-${version}`);
  await mkdir(draft, { recursive: true });
  await writeFile(join(draft, 'table.json'), JSON.stringify(table));
  await rename(draft, join(basePath, String(version)));
}
