import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { AsyncLocalStorage } from 'node:async_hooks';
import { credentials, makeGenericClientConstructor, Metadata, type ServiceError } from '@grpc/grpc-js';
import * as api from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { grpcServiceDefinition } from '@servable/protos/grpc';
import { PredictionService } from '@servable/protos/serving';
import { encodePredictRequest, tensor } from '@servable/tensor';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AdmissionController } from '../../request/execution/admission-controller.js';
import { InFlight } from '../../request/execution/in-flight.js';
import { addPredictionServices } from '../../request/grpc/add-prediction-services.js';
import { GrpcServer } from '../../request/grpc/http2/grpc-server.js';
import { FakeProvider, FakeServable, halfPlusTwo } from '../../request/handlers/testing/fake-servables.js';
import { nodeHttpListener } from '../../request/rest/node-http-listener.js';
import { type Logger, silentLogger } from '../../servable/logger.js';
import type { RequestTracer } from '../../servable/request-tracer.js';
import { tracerOf } from './tracer-of.js';

/** The active context along promises, as SDKs for Node bring it. */
class AsyncContextManager implements api.ContextManager {
  readonly #storage = new AsyncLocalStorage<api.Context>();
  active = (): api.Context => this.#storage.getStore() ?? api.ROOT_CONTEXT;
  with: api.ContextManager['with'] = (context, run, self, ...args) =>
    this.#storage.run(context, () => run.call(self as never, ...args));
  bind = <T>(_context: api.Context, target: T): T => target;
  enable = (): this => this;
  disable = (): this => this;
}

let warnings: string[];
const logger: Logger = { ...silentLogger, warning: (message) => void warnings.push(message) };
beforeEach(() => void (warnings = []));

test('without an SDK spans are only made when they are asked for, with a warning', async () => {
  expect(await tracerOf(undefined, logger, async () => api)).toBeUndefined();
  expect(warnings).toEqual([]);
  expect(await tracerOf(true, logger, async () => api)).toBeDefined();
  expect(warnings).toEqual([expect.stringContaining('no OpenTelemetry SDK is registered')]);
});

test('without the package nothing is said, unless spans are asked for', async () => {
  const missing = () => Promise.reject(new Error('Cannot find package'));
  expect(await tracerOf(undefined, logger, missing)).toBeUndefined();
  await expect(tracerOf(true, logger, missing)).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    reason: 'PACKAGE_MISSING',
    message: expect.stringContaining('npm install @opentelemetry/api') as string,
  });
});

describe('with an SDK', () => {
  const exporter = new InMemorySpanExporter();
  let tracer: RequestTracer;
  const cleanups: (() => unknown)[] = [];
  beforeAll(async () => {
    api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    api.context.setGlobalContextManager(new AsyncContextManager());
    tracer = (await tracerOf(undefined, logger, async () => api))!;
  });
  afterAll(() => {
    api.trace.disable();
    api.context.disable();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    exporter.reset();
  });

  /** Names of spans below one another, children in the order of their starts. */
  function tree(spans: readonly ReadableSpan[], parent?: string): unknown[] {
    const at = ({ startTime: [seconds, nanos] }: ReadableSpan): number => seconds * 1e9 + nanos;
    return spans
      .filter(({ parentSpanContext }) =>
        parent === undefined
          ? !spans.some((each) => each.spanContext().spanId === parentSpanContext?.spanId)
          : parentSpanContext?.spanId === parent,
      )
      .sort((a, b) => at(a) - at(b))
      .map((span) => {
        const below = tree(spans, span.spanContext().spanId);
        return below.length === 0 ? span.name : [span.name, ...below];
      });
  }

  function rootOf(spans: readonly ReadableSpan[], name: string): ReadableSpan {
    return spans.find((span) => span.name === name)!;
  }

  const caller = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traceparent = `00-${caller}-00f067aa0ba902b7-01`;

  /** Half plus two, whose code makes a span of its own. */
  function tracedModel(): FakeServable {
    const { signatureDefs, answer } = halfPlusTwo();
    return new FakeServable(signatureDefs, async (call) => {
      await Promise.resolve();
      api.trace.getTracer('model').startSpan('kernel').end();
      return answer(call);
    });
  }

  const Client = makeGenericClientConstructor(grpcServiceDefinition(PredictionService, { raw: true }), 'Prediction');
  type Call = (request: Uint8Array, metadata: Metadata, callback: (error: ServiceError | null) => void) => void;

  async function grpc(options: { admission?: AdmissionController } = {}) {
    const server = new GrpcServer();
    const provider = new FakeProvider().add('half', 7n, tracedModel());
    addPredictionServices(server, { provider, states: provider, inFlight: new InFlight(), tracer, ...options });
    const port = await server.listen({ host: '127.0.0.1', port: 0 });
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    cleanups.push(
      () => server.destroy(),
      () => client.close(),
    );
    return (name: string, headers: Record<string, string> = {}): Promise<ServiceError | null> => {
      const modelSpec = { name, signatureName: '' };
      const request = encodePredictRequest({ modelSpec, inputs: new Map([['x', tensor([2])]]), outputFilter: ['y'] });
      const metadata = new Metadata();
      for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
      return new Promise((resolve) => (client['predict'] as Call).call(client, request, metadata, resolve));
    };
  }

  test('gRPC: receive, decode, run and encode below the request, in the trace of the caller', async () => {
    const predict = await grpc();
    expect(await predict('half', { traceparent, tracestate: 'vendor=1', 'x-request-id': 'a-request' })).toBeNull();
    const spans = exporter.getFinishedSpans();
    expect(tree(spans)).toEqual([['Predict', 'receive', 'decode', ['run', 'kernel'], 'encode']]);
    expect(spans.map((span) => span.spanContext().traceId)).toEqual(spans.map(() => caller));
    const { kind, attributes, status, parentSpanContext } = rootOf(spans, 'Predict');
    expect([kind, status.code, parentSpanContext?.spanId, parentSpanContext?.isRemote]).toEqual([
      api.SpanKind.SERVER,
      api.SpanStatusCode.UNSET,
      '00f067aa0ba902b7',
      true,
    ]);
    expect(parentSpanContext?.traceState?.serialize()).toBe('vendor=1');
    expect(attributes).toEqual({
      'rpc.system': 'grpc',
      'rpc.method': 'Predict',
      'rpc.grpc.status_code': 0,
      'servable.entrypoint': 'GRPC',
      'servable.request_id': 'a-request',
      'servable.model.name': 'half',
      'servable.model.version': '7',
      'servable.signature': 'serving_default',
      'servable.status': 'OK',
    });
  });

  test('a request that waits for admission has a span for the wait', async () => {
    const admission = new AdmissionController({ maxConcurrent: 1, maxQueued: 10 });
    const predict = await grpc({ admission });
    const held = admission.admit({});
    const waiting = predict('half');
    await expect.poll(() => admission.queued).toBe(1);
    (await held).release();
    expect(await waiting).toBeNull();
    expect(tree(exporter.getFinishedSpans())).toEqual([
      ['Predict', 'receive', 'queue', 'decode', ['run', 'kernel'], 'encode'],
    ]);
  });

  test('an error is told, and is one of the server only when it is the server’s', async () => {
    const predict = await grpc();
    expect((await predict('nobody'))?.code).toBe(5);
    const { status, attributes } = rootOf(exporter.getFinishedSpans(), 'Predict');
    expect([status.code, attributes['rpc.grpc.status_code'], attributes['servable.status']]).toEqual([
      api.SpanStatusCode.UNSET,
      5,
      'NOT_FOUND',
    ]);
    expect(attributes['error.type']).toBe('SERVABLE_NOT_FOUND');
  });

  test('REST: the same spans, in the trace of the caller', async () => {
    const provider = new FakeProvider().add('half', 7n, tracedModel());
    const server = createServer(nodeHttpListener({ provider, states: provider, tracer }));
    await new Promise<void>((bound) => server.listen(0, '127.0.0.1', bound));
    cleanups.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/v1/models/half:predict`, {
      method: 'POST',
      headers: { traceparent, connection: 'close' },
      body: '{"instances": [2]}',
    });
    expect(answer.status).toBe(200);
    await answer.text();
    const spans = exporter.getFinishedSpans();
    expect(tree(spans)).toEqual([['Predict', 'receive', 'decode', ['run', 'kernel'], 'encode']]);
    const { attributes } = rootOf(spans, 'Predict');
    expect(spans.map((span) => span.spanContext().traceId)).toEqual(spans.map(() => caller));
    expect([attributes['rpc.system'], attributes['servable.model.version'], attributes['servable.status']]).toEqual([
      'http',
      '7',
      'OK',
    ]);
  });

  test('a caller that does not sample is not recorded; one whose header is no context gets a trace of its own', async () => {
    const predict = await grpc();
    await predict('half', { traceparent: traceparent.replace(/01$/, '00') });
    expect(exporter.getFinishedSpans().filter(({ name }) => name !== 'kernel')).toEqual([]);
    await predict('half', { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` });
    const root = rootOf(exporter.getFinishedSpans(), 'Predict');
    expect(root.parentSpanContext).toBeUndefined();
    expect(root.spanContext().traceId).not.toBe(caller);
  });
});
