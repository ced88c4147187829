import type { RequestListener } from 'node:http';

/** Answers REST requests: every one with 501, as the REST API is not served yet. */
export function restRequestListener(): RequestListener {
  const body = JSON.stringify({ error: 'The REST API is not served yet; use gRPC' });
  return (_request, response) => {
    response.writeHead(501, { 'Content-Type': 'application/json' }).end(body);
  };
}
