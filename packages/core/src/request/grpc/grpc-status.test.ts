import { expect, it } from 'vitest';
import { ServingError } from '../../servable/serving-error.js';
import { grpcStatus } from './grpc-status.js';

const internal = (message: string) => grpcStatus(new ServingError('INTERNAL', 'TEST', message)).details;

it('keeps the code and the text of canonical errors, whoever threw them', () => {
  expect(grpcStatus(new ServingError('NOT_FOUND', 'X', 'gone'))).toMatchObject({ code: 5, details: 'gone' });
  const foreign = Object.assign(new Error('no space'), { code: 'RESOURCE_EXHAUSTED' });
  expect(grpcStatus(foreign)).toMatchObject({ code: 8, details: 'no space' });
  expect(grpcStatus(new TypeError('bug'))).toMatchObject({ code: 13, details: 'bug' });
  expect(grpcStatus('text')).toMatchObject({ code: 13, details: 'text' });
});

it('takes the errors of abort signals for what they are', () => {
  expect(grpcStatus(AbortSignal.abort().reason).code).toBe(1);
  expect(grpcStatus(new DOMException('late', 'TimeoutError')).code).toBe(4);
});

it('cuts texts after 1024 bytes and says so', () => {
  expect(internal('a'.repeat(1024))).toBe('a'.repeat(1024));
  expect(internal('a'.repeat(1025))).toBe(`${'a'.repeat(1024)}...TRUNCATED`);
});

it('cuts between characters', () => {
  expect(internal('é'.repeat(600))).toBe(`${'é'.repeat(512)}...TRUNCATED`);
  expect(internal(`a${'é'.repeat(600)}`)).toBe(`a${'é'.repeat(511)}...TRUNCATED`);
  expect(internal(`ab${'😀'.repeat(300)}`)).toBe(`ab${'😀'.repeat(255)}...TRUNCATED`);
});

it('sends no half characters, which percent-encoding would choke on', () => {
  expect(internal('bad \ud800 name')).toBe('bad \ufffd name');
  expect(encodeURI(internal('\udc00'.repeat(400)))).toContain('%EF%BF%BD');
});
