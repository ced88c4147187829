import type { SignatureDef } from '@servable/protos/tensorflow';
import type { NativeIsland } from '@servable/savedmodel';
import type { Tensor } from '@servable/tensor';
import { RuntimeError } from '../runtime-error.js';
import type { CallOptions } from '../session/interruption.js';
import type { NativeValue } from '../session/native-value.js';
import type { Feeds } from '../session/session-call.js';
import type { RunnableSession } from '../session/session-group.js';
import type { SharedWeights } from '../session/shared-weights.js';
import type { ValueInfo } from '../session/value-info.js';
import { identityOf, matchIslands, type IslandIdentity } from './island-identity.js';
import type { PreparedIsland, SharedIsland } from './prepared-plan.js';

interface Entry {
  readonly identity: IslandIdentity | undefined;
  readonly session: RunnableSession;
  users: number;
}

/**
 * The sessions of one model. Signatures whose islands compute the same, as those that Keras exports under two names do, run
 * on one session with one copy of the weights; others may share the weights alone.
 */
export class IslandSessions {
  readonly #entries = new Map<number, Entry>();
  readonly #areShared: boolean;
  #opened = 0;

  /**
   * @param areShared - whether there are several plans that could share sessions; if not, nothing is kept to compare
   * @param weights - what new sessions share their weights through
   */
  constructor(
    areShared = false,
    readonly weights?: SharedWeights | undefined,
  ) {
    this.#areShared = areShared;
  }

  /** What the open sessions compute, by numbers that a {@link SharedIsland} refers to. */
  get known(): ReadonlyMap<number, IslandIdentity> {
    const known = new Map<number, IslandIdentity>();
    for (const [number, { identity }] of this.#entries) if (identity !== undefined) known.set(number, identity);
    return known;
  }

  /** Sessions that are open. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * The session of an island: one that is open already, or else a new one.
   *
   * @param create - makes a session
   */
  async open(
    island: NativeIsland | PreparedIsland | SharedIsland,
    create: (island: NativeIsland | PreparedIsland) => Promise<RunnableSession>,
  ): Promise<RunnableSession> {
    if ('shared' in island) return this.#lease(island.shared.number, island.shared.names);
    let identity: IslandIdentity | undefined;
    if (this.#areShared) {
      identity = 'origins' in island ? { model: island.model, origins: island.origins } : identityOf(island);
      const found = findIsland(identity, this.known);
      if (found !== undefined) return this.#lease(found.number, found.names);
    }
    const session = await create(island);
    const number = this.#opened++;
    this.#entries.set(number, { identity, session, users: 0 });
    return this.#lease(number, undefined);
  }

  #lease(number: number, names: ReadonlyMap<string, string> | undefined): RunnableSession {
    const entry = this.#entries.get(number);
    if (entry === undefined) {
      throw new RuntimeError('INTERNAL', 'SESSION_GONE', `Session ${number} of the model has been closed`);
    }
    entry.users++;
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= this.#release(number, entry);
      return closing;
    };
    const { session } = entry;
    if (names === undefined) {
      const { inputs, outputs } = session;
      return {
        inputs,
        outputs,
        run: (feeds, fetches, options) => session.run(feeds, fetches, options),
        runNative: (feeds, fetches, options) => session.runNative(feeds, fetches, options),
        close,
      };
    }
    return renamed(session, names, close);
  }

  async #release(number: number, entry: Entry): Promise<void> {
    if (--entry.users > 0) return;
    this.#entries.delete(number);
    await entry.session.close();
  }
}

/**
 * Whether a model has several plans: of several signatures that requests can use, or of some of the outputs of one. Only
 * then do its islands have anything to share.
 */
export function mayShareSessions(signatureDefs: ReadonlyMap<string, SignatureDef>): boolean {
  const served = [...signatureDefs].filter(([name]) => !name.startsWith('__saved_model_'));
  return served.length > 1 || served.some(([, { outputs }]) => Object.keys(outputs).length > 1);
}

/**
 * Whether a model has signatures that cannot run on one session, since what they take or give differs in dtype or shape.
 * Those may use the same weights in graphs that are not equal.
 */
export function mayShareWeights(signatureDefs: ReadonlyMap<string, SignatureDef>): boolean {
  const types = (infos: SignatureDef['inputs']) =>
    Object.values(infos)
      .map(({ dtype, tensorShape }) => {
        const dims = tensorShape?.unknownRank === true ? '?' : tensorShape?.dim.map(({ size }) => size).join();
        return `${dtype}[${dims ?? '?'}]`;
      })
      .sort()
      .join();
  const served = [...signatureDefs].filter(([name]) => !name.startsWith('__saved_model_'));
  return new Set(served.map(([, { inputs, outputs }]) => `${types(inputs)} > ${types(outputs)}`)).size > 1;
}

/** Finds a session that computes what an island does. */
export function findIsland(
  identity: IslandIdentity,
  known: ReadonlyMap<number, IslandIdentity>,
): SharedIsland['shared'] | undefined {
  for (const [number, other] of known) {
    const names = matchIslands(identity, other);
    if (names !== undefined) return { number, names };
  }
  return undefined;
}

/** A session whose inputs and outputs have other names. */
function renamed(
  session: RunnableSession,
  names: ReadonlyMap<string, string>,
  close: () => Promise<void>,
): RunnableSession {
  const nameOf = (name: string) => names.get(name) ?? name;
  const fed = (feeds: Feeds): Feeds => new Map([...feeds].map(([name, value]) => [nameOf(name), value]));
  const own = new Map([...names].map(([name, other]) => [other, name]));
  const infos = (values: readonly ValueInfo[]) =>
    values.map((value) => ({ ...value, name: own.get(value.name) ?? value.name }));
  const named = <T>(fetches: readonly string[], values: ReadonlyMap<string, T>): Map<string, T> =>
    new Map(fetches.map((name) => [name, values.get(nameOf(name)) as T]));
  return {
    inputs: infos(session.inputs),
    outputs: infos(session.outputs),
    async run(feeds: Feeds, fetches: readonly string[], options?: CallOptions): Promise<Map<string, Tensor>> {
      return named(fetches, await session.run(fed(feeds), fetches.map(nameOf), options));
    },
    async runNative(
      feeds: Feeds,
      fetches: readonly string[],
      options?: CallOptions,
    ): Promise<Map<string, NativeValue>> {
      return named(fetches, await session.runNative(fed(feeds), fetches.map(nameOf), options));
    },
    close,
  };
}
