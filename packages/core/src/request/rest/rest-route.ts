import { ServingError } from '../../servable/serving-error.js';

/** What a URL asks for. */
export interface RestRoute {
  readonly kind: 'predict' | 'classify' | 'regress' | 'status' | 'metadata' | 'list' | 'config' | 'openapi';
  /** Percent-decoded; empty when the URL names no model: for `list`, `metadata`, `config` and `openapi`. */
  readonly name: string;
  readonly version?: bigint;
  /** Percent-decoded. */
  readonly versionLabel?: string;
  /** `signature_name` of the query. */
  readonly signatureName?: string;
  /** `output_filter` of the query: aliases, one parameter each or with commas between them. */
  readonly outputFilter?: readonly string[];
}

// As in model_servers/http_rest_api_util.cc, where the query belongs to what has to match, so that nobody can send one;
// here it is cut off first.
const apiPattern = /^\/v1\/.*$/i;
const inferencePattern =
  /^\/v1\/models\/([^/:]+)(?:(?:\/versions\/(\d+))|(?:\/labels\/([^/:]+)))?:(classify|regress|predict)$/i;
const modelPattern = /^\/v1\/models(?:\/([^/:]+))?(?:(?:\/versions\/(\d+))|(?:\/labels\/([^/:]+)))?(?:\/(metadata))?$/i;

/** Whether a target belongs to the REST API at all. */
export function isApiTarget(target: string): boolean {
  return apiPattern.test(target);
}

/**
 * Finds what a request asks for (`ParseModelInfo` in model_servers/http_rest_api_util.cc and `ProcessRequest` in
 * http_rest_api_handler.cc). Query parameters other than ours are ignored.
 *
 * @returns `undefined` when the request is malformed
 * @throws ServingError INVALID_ARGUMENT `VERSION_NOT_NUMERIC` for a version beyond int64, `OUTPUT_FILTER_UNFIT` for an
 * output filter on anything but predict
 */
export function restRoute(method: string, target: string): RestRoute | undefined {
  const queryStart = target.indexOf('?');
  if (queryStart === -1) return pathRoute(method, target);
  const route = pathRoute(method, target.slice(0, queryStart));
  return route && withQuery(route, new URLSearchParams(target.slice(queryStart + 1)));
}

function pathRoute(method: string, path: string): RestRoute | undefined {
  if (method === 'POST') {
    const match = inferencePattern.exec(path);
    if (match === null) return undefined;
    const verb = match[4]!;
    const model = modelOf(match);
    // The pattern ignores case, what follows does not.
    return verb === 'predict' || verb === 'classify' || verb === 'regress' ? { kind: verb, ...model } : undefined;
  }
  if (method !== 'GET') return undefined;
  if (path === '/v1/config') return { kind: 'config', name: '' };
  if (path === '/v1/openapi.json') return { kind: 'openapi', name: '' };
  const match = modelPattern.exec(path);
  if (match === null) return undefined;
  const model = modelOf(match);
  if (match[4] === 'metadata') return { kind: 'metadata', ...model };
  return {
    kind: match[1] === undefined && match[2] === undefined && match[3] === undefined ? 'list' : 'status',
    ...model,
  };
}

function withQuery(route: RestRoute, query: URLSearchParams): RestRoute {
  const signatureName = query.get('signature_name');
  const outputFilter = query
    .getAll('output_filter')
    .flatMap((aliases) => aliases.split(','))
    .filter((alias) => alias !== '');
  if (outputFilter.length > 0 && route.kind !== 'predict') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'OUTPUT_FILTER_UNFIT',
      `output_filter is for predict; given {${outputFilter.join(',')}} on ${route.kind}`,
    );
  }
  return {
    ...route,
    ...(signatureName === null ? {} : { signatureName }),
    ...(outputFilter.length === 0 ? {} : { outputFilter }),
  };
}

function modelOf([, name, version, label]: RegExpExecArray): Omit<RestRoute, 'kind'> {
  const model = { name: name === undefined ? '' : percentDecode(name) };
  if (version !== undefined) return { ...model, version: parseVersion(version) };
  return label === undefined ? model : { ...model, versionLabel: percentDecode(label) };
}

function parseVersion(digits: string): bigint {
  // 19 digits at most after leading zeros, so that no long text is ever converted.
  const significant = digits.replace(/^0+(?=\d)/, '');
  const version = significant.length > 19 ? undefined : BigInt(significant);
  if (version === undefined || version > 2n ** 63n - 1n) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'VERSION_NOT_NUMERIC',
      `Failed to convert version: ${digits} to numeric.`,
    );
  }
  return version;
}

/** Decodes `%` escapes and nothing else: a `+` stays, and so does a `%` without two hexadecimal digits after it. */
function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  const raw = new TextEncoder().encode(text);
  for (let at = 0; at < raw.length; at++) {
    const hex = raw[at] === 0x25 ? String.fromCharCode(...raw.subarray(at + 1, at + 3)) : '';
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else bytes.push(raw[at]!);
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array(bytes));
}
