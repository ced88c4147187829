import { connect, type ClientHttp2Stream } from 'node:http2';
import { expect, onTestFinished, test } from 'vitest';
import type { RequestRecord } from '../../servable/request-record.js';
import { AccessControl } from '../access/access-control.js';
import { AccessPolicy } from '../access/access-policy.js';
import { AdmissionController } from '../execution/admission-controller.js';
import { FakeProvider, halfPlusTwo } from '../handlers/testing/fake-servables.js';
import type { GrpcDependencies } from './add-prediction-services.js';
import { RawGrpc } from './testing/raw-grpc.js';

const PREDICT = '/tensorflow.serving.PredictionService/Predict';
const STATUS = '/tensorflow.serving.ModelService/GetModelStatus';
const provider = new FakeProvider().add('half', 7n, halfPlusTwo());
const token = 'token-of-the-status-page';
const access = () =>
  new AccessControl(
    new AccessPolicy({
      tokens: [{ name: 'page', token }],
      rules: [{ callers: ['page'], methods: ['status'] }],
    }),
  );

type Answer = Readonly<Record<string, string | number | undefined>>;

/** A server, and calls of it that send their headers and no message. */
async function serve(dependencies: Partial<GrpcDependencies> = {}) {
  const records: RequestRecord[] = [];
  const server = await RawGrpc.serve({
    provider,
    states: provider,
    observers: [(record) => void records.push(record)],
    ...dependencies,
  });
  const session = connect(`http://127.0.0.1:${server.port}`);
  onTestFinished(async () => {
    session.destroy();
    await server[Symbol.asyncDispose]();
  });
  const begin = (path: string, headers: Record<string, string> = {}): ClientHttp2Stream =>
    session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
  return { server, records, begin };
}

/** The headers of the answer, and that it came though the message did not. */
function refused(stream: ClientHttp2Stream): Promise<Answer> {
  return new Promise((resolve, reject) => {
    stream.once('response', (headers) => resolve(headers as unknown as Answer)).once('error', reject);
  });
}

test('without credentials a call is refused before its message is sent', async () => {
  const { begin, records } = await serve({ access: access() });
  const answer = await refused(begin(PREDICT, { 'x-request-id': 'abc' }));
  expect(answer).toMatchObject({ ':status': 200, 'grpc-status': '16', 'x-request-id': 'abc' });
  expect(answer['grpc-message']).toMatch(/Predict needs credentials that are allowed inference/);
  expect(records).toMatchObject([{ requestId: 'abc', method: 'Predict', code: 'UNAUTHENTICATED', requestBytes: 0 }]);
});

test('a caller is refused the methods that no rule gives it on any model, and not the others', async () => {
  const { begin, records } = await serve({ access: access() });
  const headers = { authorization: `Bearer ${token}` };
  expect(await refused(begin(PREDICT, headers))).toMatchObject({ 'grpc-status': '7' });
  const allowed = begin(STATUS, headers);
  const answer = refused(allowed);
  allowed.end(Buffer.from([0, 0, 0, 0, 0]));
  // Let in, and answered as the empty message that it is.
  expect(await answer).toMatchObject({ 'grpc-status': '3', 'grpc-message': 'Missing ModelSpec' });
  expect(records.map(({ code, caller }) => [code, caller])).toEqual([
    ['PERMISSION_DENIED', 'page'],
    ['INVALID_ARGUMENT', 'page'],
  ]);
});

test('a call for which there is no room is refused before its message is sent', async () => {
  const admission = new AdmissionController({ maxConcurrent: 1, maxQueued: 0 });
  const { begin, records } = await serve({ admission });
  const ticket = await admission.admit();
  const answer = await refused(begin(PREDICT));
  expect(answer).toMatchObject({ 'grpc-status': '14', 'grpc-retry-pushback-ms': '1' });
  expect(answer['grpc-message']).toMatch(/queue .* is full/);
  expect(records).toMatchObject([{ code: 'UNAVAILABLE', reason: 'QUEUE_FULL', requestBytes: 0 }]);
  // What runs no model needs no room.
  const status = begin(STATUS);
  const told = refused(status);
  status.end(Buffer.from([0, 0, 0, 0, 0]));
  expect(await told).toMatchObject({ 'grpc-status': '3' });
  ticket.release();
});

test('a call that is let in holds no place while its message is on its way', async () => {
  const admission = new AdmissionController({ maxConcurrent: 1, maxQueued: 0 });
  const { server, begin } = await serve({ admission });
  const slow = begin(PREDICT);
  slow.on('error', () => undefined);
  // The server has seen the headers of the slow call once it answers one that came after them.
  await refused(begin('/no.Service/Method'));
  expect([admission.running, server.inFlight.count]).toEqual([0, 0]);
});

test('a draining server refuses calls by their headers', async () => {
  const { server, begin, records } = await serve();
  await server.inFlight.drain();
  expect(await refused(begin(PREDICT))).toMatchObject({ 'grpc-status': '14' });
  expect(records).toMatchObject([{ code: 'UNAVAILABLE', reason: 'SERVER_DRAINING' }]);
});
