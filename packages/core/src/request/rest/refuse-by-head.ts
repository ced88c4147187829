import type { RequestMethod } from '../../servable/request-record.js';
import { ServingError } from '../../servable/serving-error.js';
import { checkCaller, checkHead } from '../execution/check-head.js';
import { OpenRequest } from '../execution/open-request.js';
import { REQUEST_ID_HEADER, requestId } from '../execution/request-id.js';
import { isOipTarget, oipRoute } from '../oip/oip-route.js';
import { restCorsHeaders } from './cors.js';
import { credentialsOf, errorResponse, methodOf } from './rest-handler.js';
import type { RestHead, RestResponse } from './rest-message.js';
import type { ResolvedRestOptions } from './rest-options.js';
import { isApiTarget, restRoute } from './rest-route.js';

/**
 * The refusal of an inference request whose body need not be read for it: the server drains, the caller is not known or
 * may not use the model that the URL names, or there is no room. All else is decided when the body is there, and all of
 * this again.
 */
export function refuseByHead(options: ResolvedRestOptions, head: RestHead): RestResponse | undefined {
  const route = inferenceRoute(options, head);
  if (route === undefined) return undefined;
  const { header, startedAt, caller } = head;
  const { method, model } = route;
  const credentials = credentialsOf(head);
  let name: string | undefined;
  let isCallerKnown = false;
  try {
    const access = checkCaller(options, credentials);
    name = access?.callerName;
    isCallerKnown = true;
    checkHead(options, access, { method, model, admitted: true, caller, timeoutMs: options.timeoutMs });
    return undefined;
  } catch (thrown) {
    const error = ServingError.from(thrown);
    const id = requestId(header(REQUEST_ID_HEADER));
    const arrival = {
      requestId: id,
      entrypoint: 'REST',
      method: isCallerKnown ? method : '',
      requestBytes: 0,
    } as const;
    const open = new OpenRequest(options, arrival, credentials, options.tracer && { header, startedAt });
    open.record.caller = name;
    if (isCallerKnown) open.record.useModel(model);
    const response = errorResponse(error);
    open.end(error, response.body.length);
    const cors = restCorsHeaders(options.enableCors, header('origin'), options.access !== undefined);
    return { ...response, headers: { ...response.headers, [REQUEST_ID_HEADER]: id, ...cors } };
  }
}

/** What runs a model, and the URL says which. */
function inferenceRoute(
  { purpose }: ResolvedRestOptions,
  { method, target }: RestHead,
): { readonly method: RequestMethod; readonly model: string } | undefined {
  if (method !== 'POST' || purpose === 'admin') return undefined;
  if (isOipTarget(target)) {
    const route = oipRoute(target)?.route;
    return route?.kind === 'infer' ? { method: 'Predict', model: route.model.name } : undefined;
  }
  if (!isApiTarget(target)) return undefined;
  try {
    const route = restRoute(method, target);
    return route && { method: methodOf[route.kind], model: route.name };
  } catch {
    // A bad query is told of when the body is there.
    return undefined;
  }
}
