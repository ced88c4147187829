import { ServingError } from '@servable/core';

const factors: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/**
 * A number of bytes: a number, or digits with K, M, G or T behind them, powers of 1024 each: `512M`, `1.5G`, `2Gi`.
 *
 * @param name - the option, as the user knows it
 * @throws ServingError INVALID_ARGUMENT for anything else, and for what is less than one byte
 */
export function byteSize(name: string, value: number | string): number {
  const parts = /^(\d+(?:\.\d+)?)([kmgt]?)i?$/i.exec(String(value).trim());
  const bytes = parts ? Math.floor(Number(parts[1]) * factors[parts[2]!.toLowerCase()]!) : NaN;
  if (bytes >= 1 && Number.isSafeInteger(bytes)) return bytes;
  throw new ServingError(
    'INVALID_ARGUMENT',
    'OPTION_INVALID',
    `${name} must be a number of bytes of at least 1, or one with K, M, G or T behind it; got '${value}'`,
  );
}
