import { expect, test } from 'vitest';
import { silentLogger } from '../../servable/logger.js';
import type { ServableHandle } from '../../servable/servable-handle.js';
import { sourceAdapter } from '../../servable/source.js';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { PuppetLoader, settled } from '../../servable/testing/puppet-loader.js';
import { AspiredVersionsManager } from '../manager/aspired-versions-manager.js';
import { FileSystemSource } from '../source/file-system-source.js';
import { ConfigController } from './config-controller.js';
import { type ModelConfig, modelServerConfig } from './model-server-config.js';

/** Numbers from 0 up to `below`, the same for the same seed (xorshift). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed * 2654435761 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const names = ['a', 'b', 'c'];

/**
 * Walks at random through everything that can happen to the models of a server: versions appear, configurations come,
 * labels move, loads are slow or fail, requests hold versions, reloads are given up. Beside it runs a model of what must
 * be so: the configuration of the last reload that ended well.
 */
async function walk(seed: number, steps: number): Promise<{ readonly good: number; readonly bad: number }> {
  const random = randomNumbers(seed);
  const clock = new ManualClock();
  const files = new Map(names.map((name) => [`/${name}`, ['1']]));
  const manager = new AspiredVersionsManager<string>({ clock, maxLoadRetries: 0 });
  const loaders: PuppetLoader<string>[] = [];
  const source = new FileSystemSource({
    servables: [],
    clock,
    logger: silentLogger,
    listChildren: async (path) => files.get(path)!,
  });
  const makeLoader = (_id: unknown, path: string): PuppetLoader<string> => {
    const loader = new PuppetLoader(path);
    loaders.push(loader);
    return loader;
  };
  source.connect(sourceAdapter(makeLoader).adapt(manager));
  const controller = new ConfigController<ModelConfig>({
    apply: (models) => source.update(models),
    labels: manager,
    states: manager.states,
  });
  const handles: { readonly handle: ServableHandle<string>; readonly loader: PuppetLoader<string> }[] = [];
  const cancels: AbortController[] = [];
  /** What must be so. */
  let expected: readonly ModelConfig[] = [];
  /** Models that have answered since they were configured: they must go on. */
  let answering = new Set<string>();
  const ended = { good: 0, bad: 0 };

  const reload = (): void => {
    const { models } = modelServerConfig(
      names
        .filter(() => random(3) > 0)
        .map((name) => ({
          name,
          basePath: `/${name}`,
          versionPolicy: random(2) === 0 ? { kind: 'all' as const } : { kind: 'latest' as const, numVersions: 1 },
          versionLabels: random(3) === 0 ? { stable: BigInt(1 + random(3)) } : {},
        })),
    );
    const cancel = new AbortController();
    cancels.push(cancel);
    controller.reload(models, { signal: cancel.signal }).then(
      () => {
        ended.good += 1;
        expected = models;
        const kept = new Set(models.map(({ name }) => name));
        answering = new Set([...answering].filter((name) => kept.has(name)));
        for (const { name } of models.filter((model) => !answering.has(model.name))) {
          // A model that is new answers when its reload has ended.
          if (answers(name)) answering.add(name);
        }
      },
      () => void (ended.bad += 1),
    );
  };
  const answers = (name: string): boolean => manager.listAvailableServableIds().some((id) => id.name === name);
  const check = (): void => {
    expect(controller.models ?? []).toEqual(expected);
    for (const name of answering) expect(`${name}: ${answers(name)}`).toBe(`${name}: true`);
    for (const { loader } of handles) expect(loader.unloads).toBe(0);
    for (const { name, versionLabels } of expected) {
      const ask = (label: string): string => {
        try {
          const handle = manager.getServableHandle({ name, label });
          handle.release();
          return String(handle.id.version);
        } catch (error) {
          return (error as Error).message;
        }
      };
      const version = versionLabels.get('stable');
      const missing = `Servable not found for request: Specific(${name}, ${version})`;
      expect(
        version === undefined ? ['Unrecognized servable version label: stable'] : [String(version), missing],
      ).toContain(ask('stable'));
    }
  };

  for (let step = 0; step < steps; step += 1) {
    const loading = loaders.filter((loader) => loader.isLoading);
    const unloading = loaders.filter((loader) => loader.isUnloading);
    const ids = manager.listAvailableServableIds();
    switch (random(8)) {
      case 0:
        reload();
        break;
      case 1:
        files.get(`/${names[random(3)]!}`)!.push(String(2 + random(2)));
        break;
      case 2:
      case 3:
        if (loading.length > 0) {
          await loading[random(loading.length)]!.finishLoad(random(5) === 0 ? new Error('no luck') : undefined);
        }
        break;
      case 4:
        if (unloading.length > 0) await unloading[random(unloading.length)]!.finishUnload();
        break;
      case 5:
        if (ids.length > 0) {
          const handle = manager.getServableHandle(ids[random(ids.length)]!);
          const loader = loaders.findLast(
            ({ value, successes, unloads }) => value === handle.servable && successes > unloads,
          );
          handles.push({ handle, loader: loader! });
        }
        if (handles.length > 2) handles.splice(random(handles.length), 1)[0]!.handle.release();
        break;
      case 6:
        clock.advance(1000);
        break;
      case 7:
        if (cancels.length > 0 && random(3) === 0) cancels.pop()!.abort(new Error('given up'));
        break;
    }
    await settled();
    await settled();
    check();
    for (const { name } of expected) if (answers(name)) answering.add(name);
  }

  for (const { handle } of handles) handle.release();
  for (const cancel of cancels) cancel.abort(new Error('the end'));
  await source.close();
  let closed = false;
  const closing = manager.close().then(() => (closed = true));
  for (let round = 0; !closed && round < 1000; round += 1) {
    await settled();
    for (const loader of loaders) {
      if (loader.isLoading) await loader.finishLoad();
      if (loader.isUnloading) await loader.finishUnload();
    }
  }
  await closing;
  expect(loaders.filter(({ unloads, successes }) => unloads !== successes)).toEqual([]);
  return ended;
}

test('whatever happens in which order: a reload is all or nothing, and what answers goes on (60 seeds)', async () => {
  const total = { good: 0, bad: 0 };
  for (let seed = 1; seed <= 60; seed += 1) {
    const { good, bad } = await walk(seed, 150).catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    });
    total.good += good;
    total.bad += bad;
  }
  // Both kinds of ends are common, or the walk shows nothing.
  expect(total.good).toBeGreaterThan(60);
  expect(total.bad).toBeGreaterThan(60);
});
