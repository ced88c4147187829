import { expect, it } from 'vitest';
import { NEVER_MS, serverSettings } from './channel-arguments.js';

it('has the defaults of gRPC, and a wider window', () => {
  expect(serverSettings({ 'grpc.unheard_of': 1 })).toEqual({
    maxReceiveBytes: 4 * 2 ** 20,
    maxSendBytes: -1,
    maxConcurrentStreams: undefined,
    keepaliveMs: NEVER_MS,
    keepaliveTimeoutMs: 20_000,
    maxConnectionIdleMs: NEVER_MS,
    maxConnectionAgeMs: NEVER_MS,
    maxConnectionAgeGraceMs: NEVER_MS,
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
    windowBytes: 2 ** 20,
  });
});

it('takes numbers and texts of numbers', () => {
  const settings = serverSettings({ 'grpc.max_receive_message_length': -1, 'grpc.keepalive_time_ms': '250' });
  expect([settings.maxReceiveBytes, settings.keepaliveMs]).toEqual([-1, 250]);
});

it.each([
  [{ 'grpc.keepalive_time_ms': 0 }, 'grpc.keepalive_time_ms must be a whole number from 1 to 2147483647; got 0'],
  [{ 'grpc.max_concurrent_streams': 'many' }, 'grpc.max_concurrent_streams must be a whole number from 0 to'],
  [{ 'grpc.max_send_message_length': '' }, 'grpc.max_send_message_length must be a whole number from -1 to'],
])('refuses %j', (given, message) => {
  expect(() => serverSettings(given)).toThrow(message);
});
