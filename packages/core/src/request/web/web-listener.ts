import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRegistry } from '@bufbuild/protobuf';
import { cors, createConnectRouter, createContextValues } from '@connectrpc/connect';
import type { Compression, UniversalHandler } from '@connectrpc/connect/protocol';
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node';
import { SignatureDefMapSchema } from '@servable/protos/serving';
import { clientCertificate } from '../access/client-certificate.js';
import { REQUEST_ID_HEADER } from '../execution/request-id.js';
import { allowedOrigin, varyByOrigin } from '../rest/cors.js';
import type { ResolvedRestOptions } from '../rest/rest-options.js';
import { receiveMessage } from './receive-message.js';
import { setWebPeer } from './web-call.js';
import type { WebOptions } from './web-options.js';
import { addWebServices } from './web-services.js';

/** The part of a REST server that speaks gRPC-Web and Connect. */
export interface WebListener {
  /** Whether a request target is a method of a service. */
  owns(target: string): boolean;
  listen(request: IncomingMessage, response: ServerResponse): void;
}

/** Seconds that browsers keep the answer to a preflight; Chromium keeps none for longer. */
const PREFLIGHT_SECONDS = 7200;

/**
 * Serves PredictionService, ModelService (status) and health to browsers, in gRPC-Web and in the Connect protocol, each as
 * protobuf or JSON, over HTTP/1.1. The limits are those of the REST handler, and its budget of bytes is shared.
 */
export function webListener(rest: ResolvedRestOptions, options: WebOptions): WebListener {
  const router = createConnectRouter({
    grpc: false,
    connect: true,
    grpcWeb: true,
    acceptCompression: [boundedGzip(rest.maxInflatedBytes)],
    readMaxBytes: rest.maxBodyBytes,
    jsonOptions: { registry: createRegistry(SignatureDefMapSchema) },
  });
  const services = addWebServices(router, { ...rest, ...options });
  const prefixes = services.map(({ typeName }) => `/${typeName}/`);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return {
    owns: (target) => prefixes.some((prefix) => target.startsWith(prefix)),
    listen: (request, response) => {
      const { origin } = request.headers;
      const page = allowedOrigin(rest.enableCors, origin);
      for (const [name, value] of Object.entries(varyByOrigin(rest.enableCors))) response.setHeader(name, value);
      if (page !== undefined) response.setHeader('access-control-allow-origin', page);
      if (request.method === 'OPTIONS') return answerPreflight(response, page !== undefined);
      if (page !== undefined) response.setHeader('access-control-expose-headers', exposedHeaders);
      const handler = handlers.get(request.url!.replace(/\?.*$/s, ''));
      if (handler === undefined) {
        response.writeHead(404, { 'content-length': 0 }).end();
        request.resume();
        return;
      }
      void answer(handler, request, response, rest);
    },
  };
}

/** The limit on what gzip makes of a message is one of its own. */
function boundedGzip(maxInflatedBytes: number): Compression {
  const { decompress, ...gzip } = compressionGzip;
  return { ...gzip, decompress: (bytes, limit) => decompress(bytes, Math.min(limit, maxInflatedBytes)) };
}

const exposedHeaders = [...cors.exposedHeaders, REQUEST_ID_HEADER, 'WWW-Authenticate'].join(', ');
const preflightHeaders = {
  'access-control-allow-methods': cors.allowedMethods.join(', '),
  'access-control-allow-headers': [...cors.allowedHeaders, 'Authorization', REQUEST_ID_HEADER].join(', '),
  'access-control-max-age': String(PREFLIGHT_SECONDS),
};

/** Without the headers the browser keeps the page from calling. */
function answerPreflight(response: ServerResponse, isAllowed: boolean): void {
  response.writeHead(204, isAllowed ? preflightHeaders : {}).end();
}

async function answer(
  handler: UniversalHandler,
  request: IncomingMessage,
  response: ServerResponse,
  rest: ResolvedRestOptions,
): Promise<void> {
  const { remoteAddress } = request.socket;
  const peer = { address: remoteAddress, certificate: () => clientCertificate(request.socket) };
  try {
    // HTTP/1.0 may come without a host, which Connect makes a URL of; nothing looks at it.
    request.headers.host ??= 'localhost';
    const values = setWebPeer(createContextValues(), peer);
    const universal = universalRequestFromNodeRequest(request, response, undefined, values);
    const body = await receiveMessage(request, response, rest);
    await universalResponseToNodeResponse(await handler({ ...universal, body }), response);
  } catch {
    // A host that makes no URL, or a caller that went away while it was answered.
    if (!response.headersSent) response.writeHead(400, { connection: 'close', 'content-length': 0 });
    response.end();
  }
}
