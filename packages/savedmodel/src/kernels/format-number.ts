/** How C's `printf` writes a number; `flags` is one of '', '0', '-', '+', ' ', '#'. */
export interface NumberFormat {
  readonly conversion: 'f' | 'e' | 'g' | 'd';
  /** Digits behind the point (`f`, `e`) or significant digits (`g`). */
  readonly precision: number;
  /** 0 for none. */
  readonly width: number;
  readonly flags: string;
}

/** A double as `printf("%…f")`, `e` or `g` writes it: exact digits, ties to even. */
export function formatDouble(value: number, format: NumberFormat): string {
  const negative = value < 0 || Object.is(value, -0);
  const { conversion, precision, flags } = format;
  if (!Number.isFinite(value)) {
    return padded(negative, Number.isNaN(value) ? 'nan' : 'inf', { ...format, flags: flags === '0' ? '' : flags });
  }
  const magnitude = Math.abs(value);
  const keepsZeros = flags === '#';
  let digits: string;
  if (conversion === 'e') digits = exponential(magnitude, precision, keepsZeros);
  else if (conversion === 'g') digits = general(magnitude, Math.max(1, precision), keepsZeros);
  else digits = fixed(magnitude, precision) + (precision === 0 && keepsZeros ? '.' : '');
  return padded(negative, digits, format);
}

/** An integer as `printf("%…d")` writes it; `unsigned` ones take no sign. */
export function formatInteger(value: number | bigint, format: NumberFormat, unsigned: boolean): string {
  const negative = value < 0;
  const digits = String(value).slice(negative ? 1 : 0);
  const { flags } = format;
  return padded(negative, digits, unsigned && (flags === '+' || flags === ' ') ? { ...format, flags: '' } : format);
}

/** Text in a field of the given width, as `printf("%…s")` writes it. */
export function padText(text: string, width: number, flags: string): string {
  return flags === '-' ? text.padEnd(width) : text.padStart(width);
}

function padded(negative: boolean, digits: string, { width, flags }: NumberFormat): string {
  const sign = negative ? '-' : flags === '+' || flags === ' ' ? flags : '';
  if (flags === '0') return sign + digits.padStart(width - sign.length, '0');
  return padText(sign + digits, width, flags);
}

const bits = new DataView(new ArrayBuffer(8));

/** A finite magnitude as mantissa · 2^exponent. */
function decompose(value: number): readonly [mantissa: bigint, exponent: number] {
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const biased = Number(raw >> 52n) & 0x7ff;
  const fraction = raw & 0xfffffffffffffn;
  return biased === 0 ? [fraction, -1074] : [fraction | 0x10000000000000n, biased - 1075];
}

/** value · 10^power as an integer, ties to even. */
function scaled(value: number, power: number): bigint {
  const [mantissa, exponent] = decompose(value);
  let numerator = mantissa * (power > 0 ? 10n ** BigInt(power) : 1n);
  let denominator = power < 0 ? 10n ** BigInt(-power) : 1n;
  if (exponent > 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

function fixed(value: number, precision: number): string {
  const digits = scaled(value, precision)
    .toString()
    .padStart(precision + 1, '0');
  return precision === 0 ? digits : `${digits.slice(0, -precision)}.${digits.slice(-precision)}`;
}

/** The first `precision + 1` digits and the decimal exponent that they start at. */
function significant(value: number, precision: number): readonly [digits: string, exponent: number] {
  if (value === 0) return ['0'.repeat(precision + 1), 0];
  let exponent = Math.floor(Math.log10(value));
  // The logarithm may be off by one, and rounding may carry into one more digit.
  for (;;) {
    const digits = scaled(value, precision - exponent).toString();
    if (digits.length === precision + 1) return [digits, exponent];
    exponent += digits.length > precision + 1 ? 1 : -1;
  }
}

function exponential(value: number, precision: number, keepsPoint: boolean): string {
  const [digits, exponent] = significant(value, precision);
  return withExponent(precision > 0 || keepsPoint ? `${digits[0]}.${digits.slice(1)}` : digits, exponent);
}

function withExponent(digits: string, exponent: number): string {
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function general(value: number, precision: number, keepsZeros: boolean): string {
  const [digits, exponent] = significant(value, precision - 1);
  const trim = (text: string) =>
    keepsZeros || !text.includes('.') ? text : text.replace(/0+$/, '').replace(/\.$/, '');
  if (exponent < -4 || exponent >= precision) {
    return withExponent(trim(precision > 1 ? `${digits[0]}.${digits.slice(1)}` : digits), exponent);
  }
  return trim(fixed(value, precision - 1 - exponent));
}

/** The digits that TensorFlow's `StrCat` gives a float: 6 where they are enough to read it back, else 9. */
export function shortFloat(value: number): string {
  const format: NumberFormat = { conversion: 'g', precision: 6, width: 0, flags: '' };
  const short = formatDouble(value, format);
  return Object.is(Math.fround(Number(short)), value) || !Number.isFinite(value)
    ? short
    : formatDouble(value, { ...format, precision: 9 });
}

/** The digits that TensorFlow's `StrCat` gives a double: 15 where they are enough to read it back, else 17. */
export function shortDouble(value: number): string {
  const format: NumberFormat = { conversion: 'g', precision: 15, width: 0, flags: '' };
  const short = formatDouble(value, format);
  return Object.is(Number(short), value) || !Number.isFinite(value)
    ? short
    : formatDouble(value, { ...format, precision: 17 });
}
