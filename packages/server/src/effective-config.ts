import type { ServedModel } from './models/served-model.js';
import type { ResolvedServerOptions } from './server-options.js';
import { version } from './version.js';

/** Anything that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** What stands in place of a secret. */
const REDACTED = '[redacted]';

/** Options whose texts are secrets, by their names; the path of a file with a secret in it is none. */
const secretName = /key$|token|secret|password|passphrase|credential|authorization|cookie/i;
const pathName = /(file|path|dir|directory)$/i;

/** Parts of the server that come in as options, and what depends on them. */
const partNames: ReadonlySet<string> = new Set(['models', 'platforms', 'logger', 'clock', 'optionNames']);

/**
 * The configuration that counts now, for `GET /v1/config`: the models as they are configured at the moment and every
 * option with its default filled in. Secrets are left out: texts under a name that tells of a key, a token or a password,
 * private keys, and what URLs carry of users and queries.
 */
export function effectiveConfig(options: ResolvedServerOptions, models: readonly ServedModel[]): Json {
  const own = Object.entries(options).filter(([name]) => !partNames.has(name));
  return {
    version,
    models: models.map(modelJson),
    platforms: options.platforms.map(({ name }) => name),
    options: toJson(Object.fromEntries(own), false),
  };
}

/** One model as `GET /v1/config` shows it. */
export function modelJson({ fixed, basePath, ...model }: ServedModel): Json {
  const place = fixed === undefined ? { basePath } : { directory: fixed.directory, version: fixed.version };
  return toJson({ ...place, ...model }, false);
}

function toJson(value: unknown, isSecret: boolean): Json {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return isSecret ? REDACTED : withoutSecrets(value);
  // JSON has neither infinities nor integers of 64 bits.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return String(value);
  if (ArrayBuffer.isView(value)) return isSecret ? REDACTED : `${value.byteLength} bytes`;
  if (Array.isArray(value) || value instanceof Set)
    return [...(value as Iterable<unknown>)].map((each) => toJson(each, isSecret));
  if (typeof value !== 'object') return null;
  const entries = value instanceof Map ? [...(value as ReadonlyMap<unknown, unknown>)] : Object.entries(value);
  const json: Record<string, Json> = {};
  for (const [key, member] of entries) {
    if (member === undefined || typeof member === 'function') continue;
    const name = String(key);
    // A list of tokens says whose they are.
    const hides = (isSecret && name !== 'name') || (secretName.test(name) && !pathName.test(name));
    json[name] = toJson(member, hides);
  }
  return json;
}

function withoutSecrets(text: string): string {
  if (text.includes('PRIVATE KEY-----')) return REDACTED;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  return text.replace(/:\/\/[^/?#]*@/, `://${REDACTED}@`).replace(/\?.*$/s, `?${REDACTED}`);
}
