import type { OipModel } from './oip-model.js';

/** What a URL of the Open Inference Protocol asks for. */
export type OipRoute =
  | { readonly kind: 'live' | 'ready' | 'server' | 'index' }
  | {
      readonly kind: 'modelReady' | 'model' | 'infer';
      readonly model: OipModel;
      /** `signature_name` of the query; empty when there is none. */
      readonly signatureName: string;
    };

/** A URL, and the one method that it takes. */
export interface OipMatch {
  readonly method: 'GET' | 'POST';
  readonly route: OipRoute;
}

const modelPattern = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(ready|infer))?$/;

/** Whether a target belongs to the Open Inference Protocol: `/v2` and all below it. */
export function isOipTarget(target: string): boolean {
  return /^\/v2(?:[/?#]|$)/.test(target);
}

/** Finds what a target asks for; `undefined` when there is nothing there. A slash at the end does not count. */
export function oipRoute(target: string): OipMatch | undefined {
  const [, path = '', query = ''] = /^([^?#]*?)\/?(?:\?([^#]*))?(?:#.*)?$/s.exec(target) ?? [];
  switch (path) {
    case '/v2':
      return { method: 'GET', route: { kind: 'server' } };
    case '/v2/health/live':
      return { method: 'GET', route: { kind: 'live' } };
    case '/v2/health/ready':
      return { method: 'GET', route: { kind: 'ready' } };
    case '/v2/repository/index':
      return { method: 'POST', route: { kind: 'index' } };
  }
  const match = modelPattern.exec(path);
  const name = decode(match?.[1] ?? '');
  const version = decode(match?.[2] ?? '');
  if (match === null || name === undefined || version === undefined) return undefined;
  const signatureName = new URLSearchParams(query).get('signature_name') ?? '';
  const model = { name, version };
  if (match[3] === 'infer') return { method: 'POST', route: { kind: 'infer', model, signatureName } };
  return { method: 'GET', route: { kind: match[3] === 'ready' ? 'modelReady' : 'model', model, signatureName } };
}

/** `undefined` for escapes that are no UTF-8. */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
