import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ServingError } from '@servable/core';
import { type Json, modelJson } from '../effective-config.js';
import type { CliIo } from './cli-io.js';
import { configuredModels, describeProblems } from './configured-models.js';
import { flag, FlagError, flagSpecs, parseFlags } from './parse-flags.js';

const flags = flagSpecs({
  server: flag('string', '', "HOST:PORT or URL of the server's REST port."),
  'token-file': flag('string', '', 'File with the bearer token to ask with.'),
  json: flag('bool', false, 'Print JSON.'),
});

/** How long a server may take to answer. */
const timeoutMs = 10_000;

/** What a reload would do to one model; `changes` are by key. */
export interface ModelDifference {
  readonly model: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly changes: Readonly<Record<string, { readonly from: Json; readonly to: Json }>>;
}

type JsonModel = Readonly<Record<string, Json>> & { readonly name: string };

/** `servable config diff FILE --server HOST:PORT`. */
export async function configDiff(argv: readonly string[], io: CliIo, usage: string): Promise<number> {
  try {
    const { values, rest } = parseFlags(argv, flags);
    const [file, ...others] = rest;
    if (file === undefined || others.length > 0) {
      throw new FlagError(`servable config diff takes one file; got ${rest.length}`);
    }
    if (values.server === '') throw new FlagError('servable config diff needs --server');
    const wanted = await readModels(file, resolve(io.cwd, file));
    const token = values['token-file'] && (await readFile(resolve(io.cwd, values['token-file']), 'utf8')).trim();
    const running = await askModels(configUrl(values.server), token);
    const differences = compareModels(running, wanted);
    if (values.json) io.stdout(`${JSON.stringify(differences)}\n`);
    else io.stdout(differences.length === 0 ? `${file}: no changes\n` : differences.map(formatDifference).join(''));
    return differences.length === 0 ? 0 : 1;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    io.stderr(error instanceof FlagError ? `${message}\n\n${usage}` : `${message}\n`);
    return 2;
  }
}

/** What a reload from `running` to `wanted` would do, by name; the order of models means nothing. */
export function compareModels(running: readonly JsonModel[], wanted: readonly JsonModel[]): ModelDifference[] {
  const before = new Map(running.map((model) => [model.name, model]));
  const after = new Map(wanted.map((model) => [model.name, model]));
  const differences: ModelDifference[] = [];
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const from = before.get(name);
    const to = after.get(name);
    const changes: Record<string, { from: Json; to: Json }> = {};
    for (const key of [...new Set([...Object.keys(from ?? {}), ...Object.keys(to ?? {})])].sort()) {
      const change = { from: from?.[key] ?? null, to: to?.[key] ?? null };
      if (key !== 'name' && !isDeepStrictEqual(change.from, change.to)) changes[key] = change;
    }
    const kind = from === undefined ? 'added' : to === undefined ? 'removed' : 'changed';
    if (kind !== 'changed' || Object.keys(changes).length > 0) differences.push({ model: name, kind, changes });
  }
  return differences;
}

function formatDifference({ model, kind, changes }: ModelDifference): string {
  const sign = { added: '+', removed: '-', changed: '~' }[kind];
  const lines = Object.entries(changes).map(([key, { from, to }]) => {
    const change = kind === 'added' ? show(to) : kind === 'removed' ? show(from) : `${show(from)} -> ${show(to)}`;
    return `    ${key}: ${change}\n`;
  });
  return `${sign} ${model}\n${lines.join('')}`;
}

function show(value: Json): string {
  return value === null ? '(none)' : typeof value === 'string' ? value : JSON.stringify(value);
}

async function readModels(shown: string, path: string): Promise<JsonModel[]> {
  try {
    return (await configuredModels(shown, path)).map((model) => modelJson(model) as JsonModel);
  } catch (error) {
    throw new Error(describeProblems(shown, error), { cause: error });
  }
}

/** @throws FlagError for what is no address */
function configUrl(server: string): URL {
  const text = /^https?:\/\//.test(server) ? server : `http://${server}`;
  if (!URL.canParse(text)) throw new FlagError(`Flag --server needs HOST:PORT or a URL; got ${server}`);
  return new URL('/v1/config', text);
}

async function askModels(url: URL, token: string): Promise<JsonModel[]> {
  const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) }).catch((cause: unknown) => {
    const { message, cause: inner } = cause as Error;
    const why = inner instanceof Error ? inner.message || (inner as NodeJS.ErrnoException).code : message;
    throw new ServingError('UNAVAILABLE', 'SERVER_UNREACHABLE', `${url.href} does not answer: ${why}`, { cause });
  });
  const text = await answer.text();
  if (!answer.ok) {
    const what = `${url.href} answers ${answer.status}: ${text.slice(0, 500)}`;
    throw new ServingError('UNKNOWN', 'CONFIG_NOT_READABLE', what);
  }
  try {
    const { models } = JSON.parse(text) as { models: JsonModel[] };
    if (Array.isArray(models) && models.every((model) => typeof model.name === 'string')) return models;
  } catch {
    // Said below.
  }
  const what = `${url.href} is no configuration of Servable: expected a list of models, got ${text.slice(0, 100)}`;
  throw new ServingError('UNKNOWN', 'CONFIG_NOT_READABLE', what);
}
