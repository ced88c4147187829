const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
const form = /^(\d{1,8})\s*([HMSmun])$/;

/** Milliseconds of a `grpc-timeout` header; `undefined` for one that is malformed. */
export function timeoutMs(header: string): number | undefined {
  const match = form.exec(header);
  return match === null ? undefined : Number(match[1]) * unitMs[match[2]!]!;
}
