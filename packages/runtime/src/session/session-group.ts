import type { Tensor } from '@servable/tensor';
import { countDevices } from './append-providers.js';
import {
  instanceProviders,
  resolveExecutionProviders,
  resolveInstances,
  type Instances,
} from './execution-providers.js';
import type { CallOptions } from './interruption.js';
import { NativeSession, type CreateSessionOptions } from './native-session.js';
import type { NativeValue } from './native-value.js';
import type { Feeds } from './session-call.js';
import { withWeights } from './with-weights.js';

/** What runs a part of a model: a session, or several of the same model. */
export type RunnableSession = Pick<NativeSession, 'inputs' | 'outputs' | 'run' | 'runNative' | 'close'>;

/**
 * Sessions of one model, such as one on each device. A call goes to the one with the fewest calls under way. What they
 * compute depends on their inputs alone; variables and tables are outside of sessions, so that there is one of each.
 */
export class SessionGroup implements RunnableSession {
  readonly #sessions: readonly NativeSession[];
  readonly #underWay: number[];

  private constructor(sessions: readonly NativeSession[]) {
    this.#sessions = sessions;
    this.#underWay = sessions.map(() => 0);
  }

  /** Makes one session, or several that share the file of weights while they are made. */
  static async create(
    model: Uint8Array | string,
    { instances: wanted, ...options }: CreateSessionOptions & { readonly instances?: Instances | undefined },
  ): Promise<RunnableSession> {
    const instances = resolveInstances(wanted);
    const providers = resolveExecutionProviders(options.executionProviders);
    if (instances === 1) return NativeSession.create(model, options);
    const lists = instanceProviders(providers, instances, countDevices);
    const { signal, timeoutMs, initializers = new Map<string, Tensor>() } = options;
    return withWeights(options.weights, { signal, timeoutMs }, async (extra, folder) => {
      const weights = { initializers: new Map([...initializers, ...extra]), folder };
      const settled = await Promise.allSettled(
        lists.map((list) => {
          const executionProviders = list.map(({ deviceIds, ...provider }) => ({ ...provider, deviceId: deviceIds }));
          return NativeSession.create(model, {
            ...options,
            weights,
            initializers: new Map(),
            ...(executionProviders.length === 0 ? {} : { executionProviders }),
          });
        }),
      );
      const sessions = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const failed = settled.find((result) => result.status === 'rejected');
      if (failed === undefined) return new SessionGroup(sessions);
      await Promise.all(sessions.map((session) => session.close()));
      throw failed.reason;
    });
  }

  get inputs(): NativeSession['inputs'] {
    return this.#sessions[0]!.inputs;
  }

  get outputs(): NativeSession['outputs'] {
    return this.#sessions[0]!.outputs;
  }

  run(feeds: Feeds, fetches: readonly string[], options?: CallOptions): Promise<Map<string, Tensor>> {
    return this.#onLeastBusy((session) => session.run(feeds, fetches, options));
  }

  runNative(feeds: Feeds, fetches: readonly string[], options?: CallOptions): Promise<Map<string, NativeValue>> {
    return this.#onLeastBusy((session) => session.runNative(feeds, fetches, options));
  }

  async close(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.close()));
  }

  async #onLeastBusy<T>(call: (session: NativeSession) => Promise<T>): Promise<T> {
    const index = this.#underWay.indexOf(Math.min(...this.#underWay));
    this.#underWay[index]!++;
    try {
      return await call(this.#sessions[index]!);
    } finally {
      this.#underWay[index]!--;
    }
  }
}
