import { formatOipInferResponse, type OipInferRequest, parseOipInferRequest } from '@servable/tensor';
import { ServingError } from '../../servable/serving-error.js';
import type { RequestMethod } from '../../servable/request-record.js';
import type { OpenRequest } from '../execution/open-request.js';
import type { RestRequest, RestResponse } from '../rest/rest-message.js';
import type { ResolvedRestOptions } from '../rest/rest-options.js';
import { withBody } from '../rest/with-body.js';
import {
  oipModelMetadata,
  oipRepositoryIndex,
  oipRequireReady,
  oipServerMetadata,
  oipServerReady,
} from './describe.js';
import { oipInfer } from './infer.js';
import { decodeOipBody, headerLength } from './oip-body.js';
import { oipRoute, type OipRoute } from './oip-route.js';

/** Says how much of a body is JSON, in both directions. */
const HEADER_LENGTH = 'inference-header-content-length';

const methodOf = {
  live: '',
  ready: '',
  server: '',
  index: 'ListModels',
  model: 'GetModelMetadata',
  modelReady: 'GetModelStatus',
  infer: 'Predict',
} as const satisfies Record<OipRoute['kind'], RequestMethod>;

/**
 * Answers a request to `/v2`: the Open Inference Protocol over REST, with binary tensor data and the index of the
 * repository.
 *
 * @throws ServingError; NOT_FOUND for a URL that is none of the protocol's
 */
export async function answerOip(
  options: ResolvedRestOptions,
  request: RestRequest,
  open: OpenRequest,
): Promise<RestResponse> {
  const { method, target } = request;
  const match = oipRoute(target);
  if (match === undefined) {
    throw new ServingError('NOT_FOUND', 'ROUTE_NOT_FOUND', `Not found: ${method} ${target.slice(0, 200)}`);
  }
  if (method !== match.method) return methodNotAllowed(match.method, method);
  const { route } = match;
  const { record } = open;
  record.method = methodOf[route.kind];
  record.useModel('model' in route ? route.model.name : '');
  switch (route.kind) {
    case 'live':
      return json({ live: true });
    case 'ready': {
      const ready = oipServerReady(options);
      return json({ ready }, ready ? 200 : 503);
    }
    case 'server':
      return json(oipServerMetadata(options));
    case 'index':
      return json(oipRepositoryIndex(options, onlyReady(request.body), record));
    case 'modelReady':
      oipRequireReady(options, route.model, record);
      return json({ name: route.model.name, ready: true });
    case 'model':
      return json(await oipModelMetadata(options, route.model, route.signatureName, record));
    case 'infer':
      return withBody(options, request, open, decodeOipBody, async (body, requestOptions) => {
        const asked = parseOipInferRequest(body, {
          headerLength: headerLength(request.header(HEADER_LENGTH)),
          limits: options.jsonLimits,
        });
        const answer = await oipInfer(options, route.model, asked, requestOptions, route.signatureName);
        return inferResponse(formatOipInferResponse(answer, wantsBinary(asked)));
      });
  }
}

function inferResponse({ body, headerLength: length }: ReturnType<typeof formatOipInferResponse>): RestResponse {
  if (length === undefined) return { status: 200, headers: { 'content-type': 'application/json' }, body };
  const headers = { 'content-type': 'application/octet-stream', [HEADER_LENGTH]: String(length) };
  return { status: 200, headers, body };
}

/** `binary_data` of an output goes before `binary_data_output` of the request. */
function wantsBinary({ parameters, outputs }: OipInferRequest): (name: string) => boolean {
  const all = parameters.get('binary_data_output') === true;
  const own = new Map(outputs.map((output) => [output.name, output.parameters.get('binary_data')]));
  return (name) => {
    const wanted = own.get(name);
    return wanted === undefined ? all : wanted === true;
  };
}

/** The body of an index request may be left out. */
function onlyReady(body: Uint8Array): boolean {
  if (body.length === 0) return false;
  let asked: unknown;
  try {
    asked = JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw new ServingError('INVALID_ARGUMENT', 'JSON_SYNTAX', `The body is not JSON: ${(cause as Error).message}`);
  }
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) {
    throw new ServingError('INVALID_ARGUMENT', 'BODY_TYPE', 'Expected the body to be an object');
  }
  const { ready = false } = asked as { ready?: unknown };
  if (typeof ready === 'boolean') return ready;
  throw new ServingError('INVALID_ARGUMENT', 'MEMBER_TYPE', 'Expected "ready" to be true or false');
}

function methodNotAllowed(allowed: string, given: string): RestResponse {
  return { ...json({ error: `Method ${given} is not allowed here; use ${allowed}` }, 405, { allow: allowed }) };
}

function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): RestResponse {
  const body = new TextEncoder().encode(JSON.stringify(value));
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}
