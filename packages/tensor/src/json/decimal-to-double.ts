import { exactPowersOfTen, maxPowerOfTen, multiplyByPowerOfTen, type DoubleDouble } from './power-of-ten.js';

const product: DoubleDouble = { high: 0, low: 0 };

/**
 * The double nearest to `(first * 10^secondDigits + second) * 10^exponent`, or NaN when these means cannot tell which of
 * two neighbours is nearest (about once in 2^40 times) or the exponent is far out; ask `Number(text)` then.
 *
 * Up to 2^53 with a small exponent one division or multiplication of two exact doubles is correctly rounded (W. D. Clinger,
 * "How to read floating point numbers accurately", 1990). Longer literals are worked out to twice the precision, and the
 * result stands when both ends of the error interval round to it.
 *
 * @param first - leading digits, below 10^9
 * @param second - further digits, below 10^9
 * @param secondDigits - number of digits in `second`, 0 to 9
 */
export function decimalToDouble(first: number, second: number, secondDigits: number, exponent: number): number {
  // first < 2^30 and 5^9 < 2^21, so the product is exact.
  const leading = first * exactPowersOfTen[secondDigits]!;
  const mantissa = leading + second;
  if (mantissa < 9007199254740992) {
    if (exponent === 0) return mantissa;
    if (exponent < 0 && exponent >= -22) return mantissa / exactPowersOfTen[-exponent]!;
    if (exponent > 0 && exponent <= 22) return mantissa * exactPowersOfTen[exponent]!;
    if (mantissa === 0) return 0;
  }
  // A mantissa is below 10^18, so that neither the product nor its low part can overflow or underflow here.
  if (exponent < -maxPowerOfTen || exponent > maxPowerOfTen) return Number.NaN;
  multiplyByPowerOfTen(mantissa, second - (mantissa - leading), exponent, product);
  const { high, low } = product;
  const margin = high * 2 ** -98;
  const nearest = high + (low - margin);
  return nearest === high + (low + margin) ? nearest : Number.NaN;
}

/**
 * The float32 nearest to the double nearest to a decimal, by one division, or NaN when that cannot tell. The quotient is
 * within two units of the last place of the right double, so it only matters near the middle between two float32.
 * Parameters as in {@link decimalToDouble}.
 */
export function decimalToFloat32(first: number, second: number, secondDigits: number, exponent: number): number {
  if (exponent < -22 || exponent > 0) return Number.NaN;
  const quotient = (first * exactPowersOfTen[secondDigits]! + second) / exactPowersOfTen[-exponent]!;
  const nearest = Math.fround(quotient * (1 - 2 ** -51));
  return nearest === Math.fround(quotient * (1 + 2 ** -51)) ? nearest : Number.NaN;
}
