import {
  formatClassifyResponseJson,
  formatErrorJson,
  formatRegressResponseJson,
  parseExampleRequestJson,
} from '@servable/tensor';
import type { SignatureDef } from '@servable/protos/tensorflow';
import type { InferenceServable } from '../../servable/inference-servable.js';
import type { ServableHandle } from '../../servable/servable-handle.js';
import type { RequestMethod } from '../../servable/request-record.js';
import { challenge } from '../access/challenge.js';
import { ServingError } from '../../servable/serving-error.js';
import type { Credentials } from '../access/access-policy.js';
import { OpenRequest } from '../execution/open-request.js';
import type { RequestDraft } from '../execution/request-draft.js';
import { REQUEST_ID_HEADER, requestId } from '../execution/request-id.js';
import { classify } from '../handlers/classify.js';
import { getModelMetadata, SIGNATURE_DEF_FIELD } from '../handlers/get-model-metadata.js';
import { getModelStatus } from '../handlers/get-model-status.js';
import type { RequestOptions } from '../handlers/handler-dependencies.js';
import { listModels } from '../handlers/list-models.js';
import type { ModelSpec } from '../handlers/model-spec.js';
import { predictOnHandle } from '../handlers/predict.js';
import { regress } from '../handlers/regress.js';
import { answerOip } from '../oip/oip-rest.js';
import { isOipTarget } from '../oip/oip-route.js';
import { openApiDocument } from '../openapi/openapi-document.js';
import { signatureViolation } from '../signature/signature-violation.js';
import { DEFAULT_SIGNATURE_NAME } from '../signature/tensor-spec.js';
import { restCorsHeaders } from './cors.js';
import { httpStatus } from './http-status.js';
import { mediaType, requestMedia, responseMedia } from './media-type.js';
import { readPredictBody, writePredictBody } from './predict-body.js';
import { formatListJson, formatMetadataJson, formatStatusJson } from './protobuf-json.js';
import { inflateBody } from './rest-body.js';
import type { RestHandler, RestRequest, RestResponse } from './rest-message.js';
import { resolveRestOptions, type ResolvedRestOptions, type RestOptions } from './rest-options.js';
import { isApiTarget, restRoute, type RestRoute } from './rest-route.js';
import { withBody } from './with-body.js';

const json = { 'content-type': 'application/json' };
const plainText = { 'content-type': 'text/plain' };
const page = { 'content-type': 'text/html' };
/** What libevent sends where the handler has set no type. */
const untyped = { 'content-type': 'text/html; charset=ISO-8859-1' };
/** Other methods never reach upstream's handlers (net_http's evhttp_server.cc). */
const allowedMethods = new Set(['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
const nothing = new Uint8Array(0);
const encoder = new TextEncoder();

/** A handler, and the options that it goes by. */
export interface RestApi {
  readonly options: ResolvedRestOptions;
  readonly handle: RestHandler;
}

/** The handler with its options, for transports that hold bodies to the same limits. */
export function createRestApi(options: RestOptions): RestApi {
  const resolved = resolveRestOptions(options);
  return { options: resolved, handle: (request) => answer(resolved, request) };
}

/**
 * Makes the handler of everything `tensorflow_model_server` answers on its REST port (model_servers/http_server.cc and
 * http_rest_api_handler.cc): predict in the row and columnar formats, classify, regress, model status and metadata.
 *
 * @throws ServingError INVALID_ARGUMENT `BAD_OPTION`
 */
export function createRestHandler(options: RestOptions): RestHandler {
  return createRestApi(options).handle;
}

async function answer(options: ResolvedRestOptions, request: RestRequest): Promise<RestResponse> {
  const { method, target } = request;
  if (!allowedMethods.has(method)) return htmlPage(501, 'Not Implemented');
  const { prometheus } = options;
  if (prometheus !== undefined && target.replace(/[?#].*$/s, '') === prometheus.path) {
    return metricsPage(options, prometheus, request);
  }
  const isKnown = isApiTarget(target) || (options.purpose !== 'admin' && isOipTarget(target));
  if (!isKnown) return htmlPage(404, 'Not Found');
  const id = requestId(request.header(REQUEST_ID_HEADER));
  const arrival = { requestId: id, entrypoint: 'REST', method: '', requestBytes: request.body.length } as const;
  const { header, startedAt } = request;
  const open = new OpenRequest(options, arrival, credentialsOf(request), options.tracer && { header, startedAt });
  const { response, error } = await answerApi(options, request, open);
  open.end(error, response.body.length);
  const cors = restCorsHeaders(options.enableCors, request.header('origin'), options.access !== undefined);
  return { ...response, headers: { ...response.headers, [REQUEST_ID_HEADER]: id, ...cors } };
}

/** An answer, and the error that it tells of. */
interface ApiAnswer {
  readonly response: RestResponse;
  readonly error?: ServingError;
}

async function answerApi(options: ResolvedRestOptions, request: RestRequest, open: OpenRequest): Promise<ApiAnswer> {
  const { method, target, header, body } = request;
  if (method === 'OPTIONS') return preflight(header('origin'));
  try {
    open.enter();
    if (body.length > options.maxBodyBytes) {
      const error = new ServingError(
        'RESOURCE_EXHAUSTED',
        'BODY_TOO_LARGE',
        tooLarge(options.maxBodyBytes, body.length),
      );
      return { response: bodyTooLarge(options.maxBodyBytes, body.length), error };
    }
    if (isOipTarget(target)) return { response: await answerOip(options, request, open) };
    const route = restRoute(method, target);
    if (route === undefined) {
      throw new ServingError('INVALID_ARGUMENT', 'MALFORMED_REQUEST', `Malformed request: ${method} ${target}`);
    }
    open.record.method = methodOf[route.kind];
    open.record.useModel(route.name);
    if (isDescription(route)) {
      const text = await describeModel(options, route, open.record);
      return { response: { status: 200, headers: json, body: encoder.encode(text) } };
    }
    if (options.purpose === 'admin') throw inferenceElsewhere();
    const use = (inflated: Uint8Array, requestOptions: RequestOptions): Promise<RestResponse> =>
      infer(options, route, inflated, header, requestOptions);
    return { response: await withBody(options, request, open, inflateBody, use) };
  } catch (thrown) {
    const error = ServingError.from(thrown);
    return { response: errorResponse(error), error };
  }
}

function inferenceElsewhere(): ServingError {
  const message = 'This port is for the configuration, states and metrics; models are called on the REST port';
  return new ServingError('PERMISSION_DENIED', 'INFERENCE_ON_REST_PORT', message);
}

/** Whether a route is answered without running a model. */
function isDescription({ kind }: RestRoute): boolean {
  return kind !== 'predict' && kind !== 'classify' && kind !== 'regress';
}

export const methodOf = {
  predict: 'Predict',
  classify: 'Classify',
  regress: 'Regress',
  status: 'GetModelStatus',
  metadata: 'GetModelMetadata',
  list: 'ListModels',
  config: 'GetConfig',
  openapi: 'GetOpenApi',
} as const satisfies Record<RestRoute['kind'], RequestMethod>;

function preflight(origin: string | undefined): ApiAnswer {
  if (/https?:\/\//.test(origin ?? '')) return { response: { status: 200, headers: untyped, body: nothing } };
  const message = 'Origin header is missing in CORS preflight';
  const error = new ServingError('FAILED_PRECONDITION', 'ORIGIN_MISSING', message);
  return { response: { status: httpStatus[error.code], headers: untyped, body: nothing }, error };
}

export function errorResponse(error: ServingError): RestResponse {
  const { code, reason, retryAfterMs } = error;
  // Upstream returns from this one before it has written the error.
  const body = reason === 'VERSION_NOT_NUMERIC' ? nothing : formatErrorJson(error.message);
  const headers: Record<string, string> = { ...json };
  // Retry-After counts whole seconds, and 0 would mean at once.
  if (retryAfterMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  if (code === 'UNAUTHENTICATED') headers['www-authenticate'] = challenge(reason);
  return { status: httpStatus[code], headers, body };
}

export function credentialsOf({ header, certificate }: Pick<RestRequest, 'header' | 'certificate'>): Credentials {
  return { authorization: header('authorization'), certificate };
}

/** The answer to a body over the limit; transports that stop reading at the limit send it themselves. */
export function bodyTooLarge(limit: number, given: number | undefined): RestResponse {
  return { status: 413, headers: json, body: formatErrorJson(tooLarge(limit, given)) };
}

function tooLarge(limit: number, given: number | undefined): string {
  return `Request body is too large: expected at most ${limit} bytes, given ${given ?? 'more'}`;
}

async function describeModel(options: ResolvedRestOptions, route: RestRoute, record: RequestDraft): Promise<string> {
  if (route.kind === 'list') return formatListJson(listModels(options, record));
  if (route.kind === 'openapi') return formatDocument(openApiDocument(options, record));
  if (route.kind === 'config') {
    record.useAllModels();
    if (options.config !== undefined) return formatDocument(options.config());
    const message = 'This server does not tell its configuration';
    throw options.configRefusal ?? new ServingError('UNIMPLEMENTED', 'CONFIG_UNAVAILABLE', message);
  }
  if (route.name === '') {
    throw new ServingError('INVALID_ARGUMENT', 'NAME_MISSING', 'Missing model name in request.');
  }
  const modelSpec = specOf(route, '');
  if (route.kind === 'status') return formatStatusJson(getModelStatus(options, modelSpec, record));
  const asked = { modelSpec, metadataFields: [SIGNATURE_DEF_FIELD] };
  return formatMetadataJson(await getModelMetadata(options, asked, record));
}

function formatDocument(document: unknown): string {
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

async function infer(
  options: ResolvedRestOptions,
  route: RestRoute,
  body: Uint8Array,
  header: RestRequest['header'],
  requestOptions: RequestOptions,
): Promise<RestResponse> {
  if (route.kind === 'predict') return predictRest(options, route, body, header, requestOptions);
  const { signatureName, input } = parseExampleRequestJson(body, options.jsonLimits);
  const call = { modelSpec: specOf(route, chooseSignature(route, signatureName)), input };
  if (route.kind === 'classify') {
    const { classifications } = await classify(options, call, requestOptions);
    return { status: 200, headers: json, body: formatClassifyResponseJson(classifications) };
  }
  const { values } = await regress(options, call, requestOptions);
  return { status: 200, headers: json, body: formatRegressResponseJson(values) };
}

/** Predict needs the servable while it reads the body: the values go into tensors of the signature's dtypes. */
async function predictRest(
  options: ResolvedRestOptions,
  route: RestRoute,
  body: Uint8Array,
  header: RestRequest['header'],
  requestOptions: RequestOptions,
): Promise<RestResponse> {
  let handle: ServableHandle<InferenceServable> | undefined;
  const { provider } = options;
  const { name, version, versionLabel: label } = route;
  const open = (): ServableHandle<InferenceServable> => {
    handle ??= provider.getServableHandle({ name, version, label });
    if (requestOptions.record !== undefined) requestOptions.record.version = handle.id.version;
    return handle;
  };
  const lookup = (asked: string): SignatureDef => {
    const { servable } = open();
    const chosen = chooseSignature(route, asked);
    const key = chosen === '' ? DEFAULT_SIGNATURE_NAME : chosen;
    const signature = servable.signatureDefs.get(key);
    if (signature !== undefined) return signature;
    throw new ServingError(
      'INVALID_ARGUMENT',
      'SIGNATURE_NOT_FOUND',
      `Serving signature name: "${key}" not found in signature def`,
      { fieldViolations: [signatureViolation(servable, key)] },
    );
  };
  try {
    const given = requestMedia(header('content-type'));
    const wanted = responseMedia(header('accept'), given);
    // Bodies are read against the signature, which one that has to be loaded first does not have yet.
    if (provider.openServableHandle) {
      handle = await provider.openServableHandle({ name, version, label }, requestOptions);
    }
    const { signatureName, inputs, outputFilter, format } = readPredictBody(given, body, lookup, options.jsonLimits);
    // Forms that name their tensors and dtypes have not asked for the signature yet.
    lookup(signatureName);
    const call = {
      modelSpec: specOf(route, chooseSignature(route, signatureName)),
      inputs,
      outputFilter: route.outputFilter ?? outputFilter,
    };
    const result = await predictOnHandle(options, open(), call, requestOptions);
    return {
      status: 200,
      headers: wanted === 'json' ? json : { 'content-type': mediaType[wanted] },
      body: writePredictBody(wanted, result, format),
    };
  } finally {
    handle?.release();
  }
}

/** @throws ServingError INVALID_ARGUMENT when query and body name different signatures */
function chooseSignature({ signatureName: inQuery = '' }: RestRoute, inBody: string): string {
  if (inQuery !== '' && inBody !== '' && inQuery !== inBody) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'SIGNATURE_AMBIGUOUS',
      `The query names signature "${inQuery}" and the body "${inBody}"`,
    );
  }
  return inBody === '' ? inQuery : inBody;
}

function specOf({ name, version, versionLabel }: RestRoute, signatureName: string): ModelSpec {
  return { name, version, versionLabel, signatureName };
}

async function metricsPage(
  { access }: ResolvedRestOptions,
  { path, render }: NonNullable<RestOptions['prometheus']>,
  request: RestRequest,
): Promise<RestResponse> {
  const { target } = request;
  try {
    access?.open(credentialsOf(request)).require('metrics', 'The metrics page', undefined);
  } catch (thrown) {
    return errorResponse(ServingError.from(thrown));
  }
  if (target !== path) {
    const message = `Unexpected path: ${target}. Should be ${path}`;
    return { status: 400, headers: plainText, body: encoder.encode(message) };
  }
  try {
    return { status: 200, headers: plainText, body: encoder.encode(await render()) };
  } catch (thrown) {
    const { code, message } = ServingError.from(thrown);
    return { status: httpStatus[code], headers: plainText, body: encoder.encode(message) };
  }
}

/** libevent's page for requests that nobody handles. */
function htmlPage(status: number, phrase: string): RestResponse {
  const text = `<HTML><HEAD>\n<TITLE>${status} ${phrase}</TITLE>\n</HEAD><BODY>\n<H1>${phrase}</H1>\n</BODY></HTML>\n`;
  return { status, headers: page, body: encoder.encode(text) };
}
