import type * as OpenTelemetry from '@opentelemetry/api';
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { RequestRecord } from '../../servable/request-record.js';
import type { RequestSpan, RequestTracer, TracedArrival } from '../../servable/request-tracer.js';
import { statusCodeNumber, type StatusCode } from '../../servable/serving-error.js';

/** What is used of the package. */
export type OpenTelemetryApi = Pick<
  typeof OpenTelemetry,
  | 'context'
  | 'createTraceState'
  | 'isSpanContextValid'
  | 'propagation'
  | 'ROOT_CONTEXT'
  | 'SpanKind'
  | 'SpanStatusCode'
  | 'trace'
>;

/** Statuses that are errors of the server, not of its caller (OpenTelemetry's conventions for gRPC servers). */
const serverErrors: ReadonlySet<StatusCode> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

/**
 * Spans of requests through OpenTelemetry's API. The SDK that is registered decides what becomes of them. Callers'
 * contexts are read by its propagator, and as W3C trace contexts where it finds none.
 */
export function openTelemetryTracer(api: OpenTelemetryApi): RequestTracer {
  const tracer = api.trace.getTracer('servable');
  return {
    start(arrival) {
      const { entrypoint, method, requestId, startedAt } = arrival;
      const span = tracer.startSpan(
        spanName(method),
        {
          kind: api.SpanKind.SERVER,
          startTime: toEpoch(startedAt),
          attributes: {
            'rpc.system': entrypoint === 'GRPC' ? 'grpc' : 'http',
            'servable.entrypoint': entrypoint,
            'servable.request_id': requestId,
          },
        },
        callerContext(api, arrival),
      );
      return new OpenTelemetrySpan(api, tracer, span);
    },
  };
}

/** REST requests get their name once it is known what they are. */
function spanName(method: RequestRecord['method']): string {
  return method === '' ? 'HTTP' : method;
}

/** All times are those of one clock, so that a phase never lies outside of its request. */
function toEpoch(at: number): number {
  return performance.timeOrigin + at;
}

class OpenTelemetrySpan implements RequestSpan {
  readonly traceId: string | undefined;
  readonly #api: OpenTelemetryApi;
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #context: Context;
  readonly #isRecording: boolean;

  constructor(api: OpenTelemetryApi, tracer: Tracer, span: Span) {
    this.#api = api;
    this.#tracer = tracer;
    this.#span = span;
    this.#isRecording = span.isRecording();
    // Also when it is not recorded: what is called further on must know that.
    this.#context = api.trace.setSpan(api.ROOT_CONTEXT, span);
    const context = span.spanContext();
    this.traceId = api.isSpanContextValid(context) ? context.traceId : undefined;
  }

  phase(name: string, from: number, to: number): void {
    if (!this.#isRecording) return;
    this.#tracer.startSpan(name, { startTime: toEpoch(from) }, this.#context).end(toEpoch(to));
  }

  async run<T>(use: () => Promise<T>): Promise<T> {
    const { context, SpanStatusCode, trace } = this.#api;
    if (!this.#isRecording) return context.with(this.#context, use);
    const span = this.#tracer.startSpan('run', { startTime: toEpoch(performance.now()) }, this.#context);
    try {
      return await context.with(trace.setSpan(this.#context, span), use);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
      throw error;
    } finally {
      span.end(toEpoch(performance.now()));
    }
  }

  end(record: RequestRecord): void {
    const span = this.#span;
    if (this.#isRecording) {
      span.updateName(spanName(record.method));
      span.setAttributes(attributesOf(record));
      if (serverErrors.has(record.code)) {
        span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: record.message });
      }
    }
    span.end(toEpoch(performance.now()));
  }
}

function attributesOf(record: RequestRecord): Attributes {
  const { entrypoint, method, modelName, version, signatureName, code, reason } = record;
  const attributes: Attributes = { 'rpc.method': method, 'servable.status': code };
  if (entrypoint === 'GRPC') attributes['rpc.grpc.status_code'] = statusCodeNumber[code];
  if (modelName !== '') attributes['servable.model.name'] = modelName;
  if (version !== undefined) attributes['servable.model.version'] = String(version);
  if (signatureName !== undefined) attributes['servable.signature'] = signatureName;
  if (code !== 'OK') attributes['error.type'] = reason;
  return attributes;
}

/** `version-traceid-parentid-flags` (https://www.w3.org/TR/trace-context/). */
const traceParent = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

function callerContext(api: OpenTelemetryApi, { header }: TracedArrival): Context {
  const { propagation, trace, ROOT_CONTEXT } = api;
  const found = propagation.extract(ROOT_CONTEXT, header, {
    get: (from, key) => from(key.toLowerCase()),
    keys: () => [],
  });
  if (trace.getSpanContext(found) !== undefined) return found;
  const [, traceId, spanId, flags] = traceParent.exec(header('traceparent')?.trim() ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return found;
  const state = header('tracestate');
  const context = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: api.createTraceState(state) }),
  };
  return api.isSpanContextValid(context) ? trace.setSpanContext(found, context) : found;
}
