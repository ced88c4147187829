import type { CallLimits, Dispatch, ModelSpec } from '../transport/transport.js';
import { modelMetadata, type ModelMetadata } from './model-metadata.js';
import { SharedCall } from './shared-call.js';

/** Metadata and whether it was fetched for this very call, so that asking again cannot bring anything new. */
export interface CachedMetadata {
  readonly metadata: ModelMetadata;
  readonly fresh: boolean;
}

/** Remembers the metadata of one model, an entry for each version, each label and the latest version. */
export class MetadataCache {
  readonly #dispatch: Dispatch;
  readonly #known = new Map<string, ModelMetadata>();
  readonly #fetching = new Map<string, SharedCall<ModelMetadata>>();

  constructor(dispatch: Dispatch) {
    this.#dispatch = dispatch;
  }

  /** From memory, or else from the server; callers at the same time share one round trip. */
  async get(spec: ModelSpec, limits: CallLimits): Promise<CachedMetadata> {
    const metadata = this.#known.get(keyOf(spec));
    if (metadata !== undefined) return { metadata, fresh: false };
    return { metadata: await this.fetch(spec, limits), fresh: true };
  }

  /** From the server, joining a round trip that is under way; replaces what was remembered. */
  async fetch(spec: ModelSpec, limits: CallLimits): Promise<ModelMetadata> {
    const key = keyOf(spec);
    let call = this.#fetching.get(key);
    if (call === undefined || call.abandoned) {
      const started = new SharedCall((signal) => this.#fetch(key, spec, signal));
      const forget = () => {
        if (this.#fetching.get(key) === started) this.#fetching.delete(key);
      };
      this.#fetching.set(key, started);
      started.settled.then(forget, forget);
      call = started;
    }
    return call.wait(limits);
  }

  async #fetch(key: string, spec: ModelSpec, signal: AbortSignal): Promise<ModelMetadata> {
    const request = { modelSpec: { ...spec, signatureName: '' } };
    const metadata = modelMetadata(await this.#dispatch('getModelMetadata', request, { signal }));
    this.#known.set(key, metadata);
    return metadata;
  }
}

function keyOf({ version, versionLabel }: ModelSpec): string {
  if (version !== undefined) return `version ${version}`;
  return versionLabel === undefined ? 'latest' : `label ${versionLabel}`;
}
