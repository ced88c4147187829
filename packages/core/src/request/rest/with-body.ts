import { ServingError } from '../../servable/serving-error.js';
import type { OpenRequest } from '../execution/open-request.js';
import type { RequestOptions } from '../handlers/handler-dependencies.js';
import type { RestRequest, RestResponse } from './rest-message.js';
import type { ResolvedRestOptions } from './rest-options.js';

/** Undoes the Content-Encoding of a body, up to a number of bytes. */
export type BodyDecoder = (
  body: Uint8Array,
  contentEncoding: string | undefined,
  maxInflatedBytes: number,
) => Promise<Uint8Array>;

/** Has a request that runs a model admitted, and its body decoded within the budget; then answers with `use`. */
export async function withBody(
  options: ResolvedRestOptions,
  { body, header, signal, caller }: RestRequest,
  open: OpenRequest,
  decode: BodyDecoder,
  use: (body: Uint8Array, requestOptions: RequestOptions) => Promise<RestResponse>,
): Promise<RestResponse> {
  const left = await open.admit({ signal, timeoutMs: options.timeoutMs }, caller);
  const inflated = await decode(body, header('content-encoding'), options.maxInflatedBytes);
  // The transport holds the body itself; what decoding makes of it comes on top.
  const more = inflated === body ? 0 : inflated.length;
  if (!options.bodyBudget.take(more)) throw bodiesOverBudget(options);
  try {
    return await use(inflated, { ...left, record: open.record });
  } finally {
    options.bodyBudget.give(more);
  }
}

/** The error of a body that there is no room for at the moment. */
export function bodiesOverBudget({ bodyBudget }: Pick<ResolvedRestOptions, 'bodyBudget'>): ServingError {
  return new ServingError(
    'UNAVAILABLE',
    'BODY_BUDGET_SPENT',
    `No room for the request body: at most ${bodyBudget.limit} bytes of bodies are held at once, ${bodyBudget.held} are`,
    { retryAfterMs: 1000 },
  );
}
