import fc from 'fast-check';
import { expect, test } from 'vitest';
import { availabilityPreservingPolicy, resourcePreservingPolicy } from '../servable/aspired-version-policy.js';
import { inlineExecutor, LimitedExecutor } from '../servable/executor.js';
import { silentLogger } from '../servable/logger.js';
import type { ServableHandle } from '../servable/servable-handle.js';
import type { ServableId } from '../servable/servable-id.js';
import { sourceAdapter, type Target } from '../servable/source.js';
import { ManualClock } from '../servable/testing/manual-clock.js';
import { PuppetLoader, settled } from '../servable/testing/puppet-loader.js';
import { ConfigController } from './config/config-controller.js';
import { type ModelConfig, modelServerConfig } from './config/model-server-config.js';
import type { ServableVersionPolicy } from './config/servable-version-policy.js';
import { AspiredVersionsManager } from './manager/aspired-versions-manager.js';
import { FileSystemSource } from './source/file-system-source.js';

const names = ['a', 'b'] as const;
const versions = [1, 2, 3] as const;

/** Everything that can happen to the models of a server. */
type Step =
  | { readonly kind: 'appear' | 'disappear'; readonly name: string; readonly version: number }
  | { readonly kind: 'reload'; readonly models: readonly ReloadedModel[] }
  | { readonly kind: 'finish load'; readonly pick: number; readonly fails: boolean }
  | { readonly kind: 'finish unload' | 'release' | 'give up reload'; readonly pick: number }
  | { readonly kind: 'request'; readonly name: string; readonly version?: number; readonly label?: string }
  | { readonly kind: 'time passes' };

interface ReloadedModel {
  readonly name: string;
  readonly policy: ServableVersionPolicy;
  /** What `stable` stands for. */
  readonly stable: number | undefined;
}

const name = fc.constantFrom(...names);
const version = fc.constantFrom(...versions);
const pick = fc.nat(7);
const policy = fc.constantFrom<ServableVersionPolicy>(
  { kind: 'all' },
  { kind: 'latest', numVersions: 1 },
  { kind: 'latest', numVersions: 2 },
  { kind: 'specific', versions: [1n, 3n] },
);
const model = fc.record({ name, policy, stable: fc.option(version, { nil: undefined }) });
const models = fc.uniqueArray(model, { selector: ({ name }) => name, minLength: 1, maxLength: names.length });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('appear' as const, 'disappear' as const), name, version }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reload' as const), models }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('finish load' as const), pick, fails: fc.nat(3).map((n) => n === 0) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('finish unload' as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.oneof(
      fc.record({ kind: fc.constant('request' as const), name }),
      fc.record({ kind: fc.constant('request' as const), name, version }),
      fc.record({ kind: fc.constant('request' as const), name, label: fc.constant('stable') }),
    ),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('give up reload' as const), pick }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'time passes' as const }) },
);

/** The reference: which of the versions there are a policy wants. */
function wanted(policy: ServableVersionPolicy, present: ReadonlySet<number>): number[] {
  const ascending = [...present].sort((a, b) => a - b);
  if (policy.kind === 'all') return ascending;
  if (policy.kind === 'latest') return ascending.slice(-policy.numVersions);
  return ascending.filter((version) => policy.versions.includes(BigInt(version)));
}

/** A server's models, moved by hand, beside the reference that says what must be so. */
class World {
  readonly clock = new ManualClock();
  readonly files = new Map<string, Set<number>>(names.map((name) => [name, new Set([1])]));
  readonly loaders: { readonly id: ServableId; readonly loader: PuppetLoader<string> }[] = [];
  readonly handles: { readonly handle: ServableHandle<string>; readonly loader: PuppetLoader<string> }[] = [];
  readonly manager: AspiredVersionsManager<string>;
  readonly source: FileSystemSource;
  readonly controller: ConfigController<ModelConfig>;
  readonly cancels: AbortController[] = [];
  /** The models of the last reload that ended well. */
  configured: readonly ModelConfig[] = [];
  /** What each stream was last told to have. */
  readonly aspired = new Map<string, ReadonlySet<bigint>>();
  /** Streams that have answered and were never told to have nothing since. */
  readonly mustAnswer = new Set<string>();
  /** Versions whose last load failed, while they are aspired. */
  readonly failed = new Set<string>();
  readonly wrong: string[] = [];
  answered = 0;

  constructor(
    readonly isAvailable: boolean,
    limit: number | undefined,
  ) {
    this.manager = new AspiredVersionsManager<string>({
      clock: this.clock,
      maxLoadRetries: 1,
      loadRetryIntervalMs: 500,
      policy: isAvailable ? availabilityPreservingPolicy : resourcePreservingPolicy,
      loadExecutor: limit === undefined ? inlineExecutor : new LimitedExecutor(limit),
      unloadExecutor: limit === undefined ? inlineExecutor : new LimitedExecutor(limit),
    });
    const tap: Target<PuppetLoader<string>> = {
      setAspiredVersions: (name, list) => {
        this.aspired.set(name, new Set(list.map(({ id }) => id.version)));
        if (list.length === 0) this.mustAnswer.delete(name);
        this.manager.setAspiredVersions(name, list);
      },
    };
    this.source = new FileSystemSource({
      servables: [],
      clock: this.clock,
      logger: silentLogger,
      listChildren: async (path) => [...this.files.get(path.slice(1))!].map(String),
    });
    this.source.connect(sourceAdapter((id) => this.#loader(id)).adapt(tap));
    this.controller = new ConfigController<ModelConfig>({
      apply: (models) => this.source.update(models),
      labels: this.manager,
      states: this.manager.states,
    });
    this.manager.states.subscribe(({ id, managerState, health }) => {
      const key = `${id.name}${id.version}`;
      if (managerState === 'END' && health) this.failed.add(key);
      else this.failed.delete(key);
      // When it is decided: what waits for its turn in a pool, or is tried again, is loaded whatever has changed since.
      if (managerState === 'LOADING') this.checkRoom(id);
      if (managerState === 'AVAILABLE' && this.aspired.get(id.name)?.size) this.mustAnswer.add(id.name);
      // Between any two states, too, there is always somebody who answers.
      this.checkAnswers();
    });
  }

  #loader(id: ServableId): PuppetLoader<string> {
    const loader = new PuppetLoader(`${id.name}${id.version}`);
    this.loaders.push({ id, loader });
    return loader;
  }

  /** Nothing is loaded beside what is not wanted any more, where memory is what counts. */
  checkRoom({ name, version }: ServableId): void {
    if (this.isAvailable) return;
    const old = this.loaders.find(
      ({ id, loader }) =>
        id.name === name && loader.successes > loader.unloads && !this.aspired.get(name)?.has(id.version),
    );
    if (old) this.wrong.push(`${name}${version} is loaded beside ${old.loader.value}`);
  }

  available(name: string): number[] {
    return this.manager.listAvailableServableIds().flatMap((id) => (id.name === name ? [Number(id.version)] : []));
  }

  checkAnswers(): void {
    if (!this.isAvailable) return;
    for (const name of this.mustAnswer)
      if (this.available(name).length === 0) this.wrong.push(`${name} does not answer`);
  }

  reload(given: readonly ReloadedModel[]): void {
    const { models } = modelServerConfig(
      given.map(({ name, policy, stable }) => ({
        name,
        basePath: `/${name}`,
        versionPolicy: policy,
        versionLabels: stable === undefined ? {} : { stable: BigInt(stable) },
      })),
    );
    const cancel = new AbortController();
    this.cancels.push(cancel);
    this.controller.reload(models, { signal: cancel.signal }).then(
      () => (this.configured = models),
      () => undefined,
    );
  }

  request(name: string, version: number | undefined, label: string | undefined): void {
    const asked = { name, version: version === undefined ? undefined : BigInt(version), label };
    const ready = this.available(name);
    const labelled = this.configured.find((model) => model.name === name)?.versionLabels.get('stable');
    const expected = label !== undefined ? Number(labelled) : (version ?? ready.at(-1));
    try {
      const handle = this.manager.getServableHandle(asked);
      const loader = this.loaders.findLast(
        ({ loader }) => loader.value === handle.servable && loader.successes > 0 && loader.unloads === 0,
      )?.loader;
      if (!loader) {
        handle.release();
        this.wrong.push(`${handle.servable} answers and is not loaded`);
        return;
      }
      this.handles.push({ handle, loader });
      this.answered += 1;
      if (Number(handle.id.version) !== expected) this.wrong.push(`${handle.servable} answers in place of ${expected}`);
    } catch {
      if (expected !== undefined && ready.includes(expected)) this.wrong.push(`${name}${expected} does not answer`);
    }
  }

  async take(step: Step): Promise<void> {
    const at = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(1, list.length)];
    switch (step.kind) {
      case 'appear':
        this.files.get(step.name)!.add(step.version);
        break;
      case 'disappear':
        this.files.get(step.name)!.delete(step.version);
        break;
      case 'reload':
        this.reload(step.models);
        break;
      case 'finish load':
        await at(this.moving('isLoading'), step.pick)?.finishLoad(step.fails ? new Error('no luck') : undefined);
        break;
      case 'finish unload':
        await at(this.moving('isUnloading'), step.pick)?.finishUnload();
        break;
      case 'request':
        this.request(step.name, step.version, step.label);
        break;
      case 'release':
        this.handles.splice(step.pick % Math.max(1, this.handles.length), 1)[0]?.handle.release();
        break;
      case 'give up reload':
        at(this.cancels, step.pick)?.abort(new Error('given up'));
        break;
      case 'time passes':
        this.clock.advance(1000);
        break;
    }
    await settled();
    this.check();
  }

  moving(how: 'isLoading' | 'isUnloading'): PuppetLoader<string>[] {
    return this.loaders.map(({ loader }) => loader).filter((loader) => loader[how]);
  }

  check(): void {
    this.checkAnswers();
    for (const { loader } of this.handles) if (loader.unloads > 0) this.wrong.push(`${loader.value} left its request`);
    for (const { loader } of this.loaders) if (loader.unloads > 1) this.wrong.push(`${loader.value} unloaded twice`);
    if (this.controller.models !== undefined && this.controller.models !== this.configured) {
      this.wrong.push('the configuration that counts is not that of the last good reload');
    }
    expect(this.wrong).toEqual([]);
  }

  /** Lets everything end that can, until nothing moves any more. */
  async comeToRest(): Promise<void> {
    for (let still = 0; still < 3; still += 1) {
      this.clock.advance(1000);
      await settled();
      await settled();
      for (const loader of [...this.moving('isLoading'), ...this.moving('isUnloading')]) {
        still = 0;
        if (loader.isLoading) await loader.finishLoad();
        if (loader.isUnloading) await loader.finishUnload();
      }
    }
  }

  /** A reload that still waits has its models beside those that count. */
  giveUpReloads(): void {
    for (const cancel of this.cancels) cancel.abort(new Error('given up'));
  }

  releaseAll(): void {
    for (const { handle, loader } of this.handles.splice(0)) {
      if (loader.unloads > 0) this.wrong.push(`${loader.value} left its request`);
      handle.release();
    }
  }

  /** At rest, exactly what is wanted and can be loaded is available. */
  checkRest(): void {
    this.check();
    for (const name of names) {
      const model = this.configured.find((model) => model.name === name);
      const aspired = model ? wanted(model.versionPolicy, this.files.get(name)!) : [];
      const good = aspired.filter((version) => !this.failed.has(`${name}${version}`));
      if (good.length > 0 || aspired.length === 0) expect([name, this.available(name)]).toEqual([name, good]);
      // All of them are broken: what answered before goes on.
      else expect(this.available(name).length).toBe(this.mustAnswer.has(name) && this.isAvailable ? 1 : 0);
    }
  }

  async drain(): Promise<void> {
    for (const name of names) this.request(name, undefined, undefined);
    await this.source.close();
    this.aspired.clear();
    this.mustAnswer.clear();
    let isClosed = false;
    const closing = this.manager.close().then(() => (isClosed = true));
    await this.comeToRest();
    // A live handle holds the drain up, and nothing else does.
    expect(isClosed).toBe(this.handles.length === 0);
    this.releaseAll();
    await this.comeToRest();
    await closing;
    expect(this.wrong).toEqual([]);
    expect(this.loaders.filter(({ loader }) => loader.unloads !== loader.successes)).toEqual([]);
    expect(this.clock.pending).toBe(0);
  }
}

const sequences = 700;

test.each([
  ['availability-preserving, with an inline executor', true, undefined],
  ['availability-preserving, with pools', true, 1],
  ['resource-preserving, with an inline executor', false, undefined],
  ['resource-preserving, with pools', false, 1],
] as const)(
  'whatever happens in which order, %s: what should be gone does not answer, what answers goes on, no handle is lost',
  async (_, isAvailable, limit) => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(models, fc.array(step, { minLength: 10, maxLength: 50, size: 'max' }), async (first, steps) => {
        const world = new World(isAvailable, limit);
        await world.take({ kind: 'reload', models: first });
        for (const each of steps) await world.take(each);
        // What can end well does, and what still waits then waits for a version that is not there.
        await world.comeToRest();
        world.giveUpReloads();
        world.releaseAll();
        await world.comeToRest();
        world.checkRest();
        await world.drain();
        answered += world.answered;
      }),
      { numRuns: sequences, seed: 20_260, endOnFailure: false },
    );
    // Or the sequences show nothing.
    expect(answered).toBeGreaterThan(sequences / 2);
  },
  60_000,
);
