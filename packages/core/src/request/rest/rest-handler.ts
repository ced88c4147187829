import {
  formatClassifyResponseJson,
  formatErrorJson,
  formatPredictResponseJson,
  formatRegressResponseJson,
  parseExampleRequestJson,
  parsePredictRequestJson,
} from '@servable/tensor';
import type { InferenceServable } from '../../servable/inference-servable.js';
import type { ServableHandle } from '../../servable/servable-handle.js';
import { ServingError, type StatusCode } from '../../servable/serving-error.js';
import { classify } from '../handlers/classify.js';
import { getModelMetadata, SIGNATURE_DEF_FIELD } from '../handlers/get-model-metadata.js';
import { getModelStatus } from '../handlers/get-model-status.js';
import type { RequestOptions } from '../handlers/handler-dependencies.js';
import type { ModelSpec } from '../handlers/model-spec.js';
import { predictOnHandle } from '../handlers/predict.js';
import { regress } from '../handlers/regress.js';
import { DEFAULT_SIGNATURE_NAME } from '../signature/tensor-spec.js';
import { httpStatus } from './http-status.js';
import { formatMetadataJson, formatStatusJson } from './protobuf-json.js';
import { inflateBody } from './rest-body.js';
import type { RestHandler, RestRequest, RestResponse } from './rest-message.js';
import {
  resolveRestOptions,
  type ResolvedRestOptions,
  type RestObservation,
  type RestOptions,
} from './rest-options.js';
import { isApiTarget, restRoute, type RestRoute } from './rest-route.js';

const json = { 'content-type': 'application/json' };
const plainText = { 'content-type': 'text/plain' };
const page = { 'content-type': 'text/html' };
/** What libevent sends where the handler has set no type. */
const untyped = { 'content-type': 'text/html; charset=ISO-8859-1' };
const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST, GET',
  'access-control-allow-headers': 'Content-Type',
};
/** Other methods never reach upstream's handlers (net_http's evhttp_server.cc). */
const allowedMethods = new Set(['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
const nothing = new Uint8Array(0);
const encoder = new TextEncoder();

/**
 * Makes the handler of everything `tensorflow_model_server` answers on its REST port (model_servers/http_server.cc and
 * http_rest_api_handler.cc): predict in the row and columnar formats, classify, regress, model status and metadata.
 *
 * @throws ServingError INVALID_ARGUMENT `BAD_OPTION`
 */
export function createRestHandler(options: RestOptions): RestHandler {
  const resolved = resolveRestOptions(options);
  return (request) => answer(resolved, request);
}

async function answer(options: ResolvedRestOptions, request: RestRequest): Promise<RestResponse> {
  const { method, target } = request;
  if (!allowedMethods.has(method)) return htmlPage(501, 'Not Implemented');
  const { prometheus } = options;
  if (prometheus !== undefined && target.replace(/[?#].*$/s, '') === prometheus.path) {
    return metricsPage(prometheus, target);
  }
  if (!isApiTarget(target)) return htmlPage(404, 'Not Found');
  const start = performance.now();
  const call: ApiCall = { modelName: '', api: '', code: 'OK' };
  const response = await answerApi(options, request, call);
  options.observe?.({ ...call, latencyMicros: Math.round((performance.now() - start) * 1000) });
  return options.enableCors === true ? { ...response, headers: { ...response.headers, ...corsHeaders } } : response;
}

/** What is found out about a call on the way. */
type ApiCall = { -readonly [K in keyof Omit<RestObservation, 'latencyMicros'>]: RestObservation[K] };

async function answerApi(options: ResolvedRestOptions, request: RestRequest, call: ApiCall): Promise<RestResponse> {
  const { method, target, header, body } = request;
  if (method === 'OPTIONS') {
    const allowed = /https?:\/\//.test(header('origin') ?? '');
    call.code = allowed ? 'OK' : 'FAILED_PRECONDITION';
    return { status: httpStatus[call.code], headers: untyped, body: nothing };
  }
  let leave: (() => void) | undefined;
  try {
    leave = options.inFlight?.enter();
    if (body.length > options.maxBodyBytes) {
      call.code = 'RESOURCE_EXHAUSTED';
      return bodyTooLarge(options.maxBodyBytes, body.length);
    }
    const route = restRoute(method, target);
    if (route === undefined) {
      throw new ServingError('INVALID_ARGUMENT', 'MALFORMED_REQUEST', `Malformed request: ${method} ${target}`);
    }
    call.modelName = route.name;
    if (route.kind === 'status' || route.kind === 'metadata') {
      return { status: 200, headers: json, body: encoder.encode(await describeModel(options, route)) };
    }
    call.api = route.kind;
    const inflated = await inflateBody(body, header('content-encoding'), options.maxInflatedBytes);
    return { status: 200, headers: json, body: await infer(options, route, inflated, request.signal) };
  } catch (thrown) {
    const error = ServingError.from(thrown);
    call.code = error.code;
    // Upstream returns from this one before it has written the error.
    const silent = error.reason === 'VERSION_NOT_NUMERIC';
    return { status: httpStatus[error.code], headers: json, body: silent ? nothing : formatErrorJson(error.message) };
  } finally {
    leave?.();
  }
}

/** The answer to a body over the limit; transports that stop reading at the limit send it themselves. */
export function bodyTooLarge(limit: number, given: number | undefined): RestResponse {
  const size = given === undefined ? 'more' : `${given}`;
  const message = `Request body is too large: expected at most ${limit} bytes, given ${size}`;
  return { status: 413, headers: json, body: formatErrorJson(message) };
}

async function describeModel(options: ResolvedRestOptions, route: RestRoute): Promise<string> {
  if (route.name === '') {
    throw new ServingError('INVALID_ARGUMENT', 'NAME_MISSING', 'Missing model name in request.');
  }
  const modelSpec = specOf(route, '');
  if (route.kind === 'status') return formatStatusJson(getModelStatus(options, modelSpec));
  return formatMetadataJson(await getModelMetadata(options, { modelSpec, metadataFields: [SIGNATURE_DEF_FIELD] }));
}

async function infer(
  options: ResolvedRestOptions,
  route: RestRoute,
  body: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const requestOptions: RequestOptions = { signal, timeoutMs: options.timeoutMs };
  if (route.kind === 'predict') return predictJson(options, route, body, requestOptions);
  const { signatureName, input } = parseExampleRequestJson(body);
  const call = { modelSpec: specOf(route, signatureName), input };
  if (route.kind === 'classify') {
    return formatClassifyResponseJson((await classify(options, call, requestOptions)).classifications);
  }
  return formatRegressResponseJson((await regress(options, call, requestOptions)).values);
}

/** Predict needs the servable while it reads the body: the values go into tensors of the signature's dtypes. */
async function predictJson(
  options: ResolvedRestOptions,
  route: RestRoute,
  body: Uint8Array,
  requestOptions: RequestOptions,
): Promise<Uint8Array> {
  let handle: ServableHandle<InferenceServable> | undefined;
  try {
    const { signatureName, format, inputs } = parsePredictRequestJson(body, (asked) => {
      const { name, version, versionLabel: label } = route;
      handle ??= options.provider.getServableHandle({ name, version, label });
      const key = asked === '' ? DEFAULT_SIGNATURE_NAME : asked;
      const signature = handle.servable.signatureDefs.get(key);
      if (signature === undefined) {
        throw new ServingError(
          'INVALID_ARGUMENT',
          'SIGNATURE_NOT_FOUND',
          `Serving signature name: "${key}" not found in signature def`,
        );
      }
      return signature.inputs;
    });
    const call = { modelSpec: specOf(route, signatureName), inputs, outputFilter: [] };
    const { outputs } = await predictOnHandle(options, handle!, call, requestOptions);
    return formatPredictResponseJson(outputs, format);
  } finally {
    handle?.release();
  }
}

function specOf({ name, version, versionLabel }: RestRoute, signatureName: string): ModelSpec {
  return { name, version, versionLabel, signatureName };
}

async function metricsPage(
  { path, render }: NonNullable<RestOptions['prometheus']>,
  target: string,
): Promise<RestResponse> {
  if (target !== path) {
    const message = `Unexpected path: ${target}. Should be ${path}`;
    return { status: 400, headers: plainText, body: encoder.encode(message) };
  }
  try {
    return { status: 200, headers: plainText, body: encoder.encode(await render()) };
  } catch (thrown) {
    const { code, message } = ServingError.from(thrown);
    return { status: httpStatus[code as StatusCode], headers: plainText, body: encoder.encode(message) };
  }
}

/** libevent's page for requests that nobody handles. */
function htmlPage(status: number, phrase: string): RestResponse {
  const text = `<HTML><HEAD>\n<TITLE>${status} ${phrase}</TITLE>\n</HEAD><BODY>\n<H1>${phrase}</H1>\n</BODY></HTML>\n`;
  return { status, headers: page, body: encoder.encode(text) };
}
