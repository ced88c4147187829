/** `true`: the pages of any web site; a list: those of these origins, such as `https://app.example.com`; else none. */
export type CorsOrigins = boolean | readonly string[];

/** The value of `access-control-allow-origin` for a request; `undefined` when the page may not read the answer. */
export function allowedOrigin(origins: CorsOrigins | undefined, origin: string | undefined): string | undefined {
  if (origins === true) return '*';
  if (origins === undefined || origins === false || origin === undefined) return undefined;
  return origins.includes(origin) ? origin : undefined;
}

/** What every answer has once it depends on the origin: caches must not give it to other pages. */
export function varyByOrigin(origins: CorsOrigins | undefined): Readonly<Record<string, string>> {
  return typeof origins === 'object' ? { vary: 'Origin' } : {};
}

/**
 * Upstream's CORS headers (`kCORSAllowHeaders` in model_servers/http_server.cc); with access control, pages may send
 * their token too.
 */
export function restCorsHeaders(
  origins: CorsOrigins | undefined,
  origin: string | undefined,
  withToken: boolean,
): Readonly<Record<string, string>> {
  const allowed = allowedOrigin(origins, origin);
  const vary = varyByOrigin(origins);
  if (allowed === undefined) return vary;
  return {
    ...vary,
    'access-control-allow-origin': allowed,
    'access-control-allow-methods': 'POST, GET',
    'access-control-allow-headers': withToken ? 'Content-Type, Authorization' : 'Content-Type',
    // The first says where the JSON of an Open Inference Protocol answer ends and its tensors begin.
    'access-control-expose-headers': 'Inference-Header-Content-Length, X-Request-Id',
  };
}
