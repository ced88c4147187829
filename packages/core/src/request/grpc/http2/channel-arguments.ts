import { ServingError } from '../../../servable/serving-error.js';

/** Channel arguments by gRPC's names; those that are not known here have no effect, as everywhere in gRPC. */
export type ChannelArguments = Readonly<Record<string, string | number | undefined>>;

const MIB = 2 ** 20;
/** Longest delay of Node's timers: not in a lifetime. */
export const NEVER_MS = 2 ** 31 - 1;
const MAX_WINDOW = 2 ** 31 - 1;

/** {@link ChannelArguments}, resolved; times in milliseconds, `NEVER_MS` for never. */
export interface ServerSettings {
  /** Bytes; -1 for no limit. Default 4 MiB, as everywhere in gRPC. */
  readonly maxReceiveBytes: number;
  /** Bytes; -1, the default, for no limit. */
  readonly maxSendBytes: number;
  readonly maxConcurrentStreams: number | undefined;
  /** Time between pings that look whether a peer is still there. */
  readonly keepaliveMs: number;
  /** Time for the answer to such a ping. */
  readonly keepaliveTimeoutMs: number;
  readonly maxConnectionIdleMs: number;
  readonly maxConnectionAgeMs: number;
  /** Time that calls get once their connection is too old. */
  readonly maxConnectionAgeGraceMs: number;
  /** MB that node:http2 may use for one connection. */
  readonly maxSessionMemory: number;
  /**
   * Bytes that a caller may send on one stream before it has to wait for us; a connection has four times as much. With
   * HTTP/2's own 64 KiB an image of 600 KB is sent in ten goes.
   */
  readonly windowBytes: number;
}

const known = {
  maxReceiveBytes: ['grpc.max_receive_message_length', -1, 2 ** 32 - 1, 4 * MIB],
  maxSendBytes: ['grpc.max_send_message_length', -1, 2 ** 32 - 1, -1],
  maxConcurrentStreams: ['grpc.max_concurrent_streams', 0, 2 ** 32 - 1, undefined],
  keepaliveMs: ['grpc.keepalive_time_ms', 1, NEVER_MS, NEVER_MS],
  keepaliveTimeoutMs: ['grpc.keepalive_timeout_ms', 1, NEVER_MS, 20_000],
  maxConnectionIdleMs: ['grpc.max_connection_idle_ms', 1, NEVER_MS, NEVER_MS],
  maxConnectionAgeMs: ['grpc.max_connection_age_ms', 1, NEVER_MS, NEVER_MS],
  maxConnectionAgeGraceMs: ['grpc.max_connection_age_grace_ms', 1, NEVER_MS, NEVER_MS],
  maxSessionMemory: ['grpc-node.max_session_memory', 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  windowBytes: ['grpc-node.flow_control_window', 65_535, MAX_WINDOW / 4, MIB],
} as const satisfies Record<keyof ServerSettings, readonly [string, number, number, number | undefined]>;

/** @throws ServingError INVALID_ARGUMENT `OPTION_INVALID` for a value that is no whole number in the argument's range */
export function serverSettings(given: ChannelArguments): ServerSettings {
  const settings = Object.entries(known).map(([key, [name, least, most, otherwise]]) => {
    const value = given[name];
    if (value === undefined) return [key, otherwise];
    const number = Number(value);
    if (value === '' || !Number.isInteger(number) || number < least || number > most) {
      const message = `${name} must be a whole number from ${least} to ${most}; got ${value}`;
      throw new ServingError('INVALID_ARGUMENT', 'OPTION_INVALID', message);
    }
    return [key, number];
  });
  return Object.fromEntries(settings) as { [K in keyof ServerSettings]: never };
}
