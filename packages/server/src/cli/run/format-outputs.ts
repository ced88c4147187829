import { formatShape, type Tensor } from '@servable/tensor';

/** Elements that are printed of one tensor; of greater ones those at both ends of each axis. */
const MOST_ELEMENTS = 1000;
const EDGE = 3;

/** Tensors for reading: a line with dtype and shape, and the values below it, great ones abbreviated. */
export function formatOutputs(outputs: Readonly<Record<string, Tensor>>): string {
  return Object.entries(outputs)
    .map(([alias, value]) => `${alias}  ${value.dtype} ${formatShape(value.shape)}\n${formatValues(value)}\n`)
    .join('');
}

function formatValues(value: Tensor): string {
  const short = value.size <= MOST_ELEMENTS;
  const text = (nested: unknown, indent: string): string => {
    if (typeof nested === 'number') return value.dtype === 'float32' ? shortest(nested) : String(nested);
    if (!Array.isArray(nested)) return typeof nested === 'string' ? JSON.stringify(nested) : String(nested);
    const items: string[] = [];
    for (const [index, item] of nested.entries()) {
      if (!short && nested.length > 2 * EDGE && index === EDGE) items.push('...');
      if (!short && nested.length > 2 * EDGE && index >= EDGE && index < nested.length - EDGE) continue;
      items.push(text(item, `${indent} `));
    }
    return `[${items.join(Array.isArray(nested[0]) ? `,\n${indent} ` : ', ')}]`;
  };
  return text(value.toArray(), '');
}

/** The fewest digits that tell a float32 from all others. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits += 1) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * Tensors as JSON: dtype, shape and nested values. Integers are written exactly; what JSON has no number for is a string
 * (`"NaN"`, `"Infinity"`, `"-Infinity"`), and bytes that are no UTF-8 are `{"b64": "..."}`.
 */
export function outputsToJson(outputs: Readonly<Record<string, Tensor>>): string {
  const entries = Object.entries(outputs).map(([alias, value]) => {
    const { dtype, shape } = value;
    const values = dtype === 'string' ? nest(bytesToJson(value.data as readonly Uint8Array[]), shape) : value.toArray();
    return `${JSON.stringify(alias)}:{"dtype":"${dtype}","shape":${JSON.stringify(shape)},"values":${json(values)}}`;
  });
  return `{"outputs":{${entries.join(',')}}}`;
}

function json(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(json).join(',')}]`;
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? '-0.0' : JSON.stringify(value);
}

function bytesToJson(strings: readonly Uint8Array[]): unknown[] {
  return strings.map((bytes) => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return { b64: Buffer.from(bytes).toString('base64') };
    }
  });
}

function nest(flat: readonly unknown[], shape: readonly number[]): unknown {
  const [size, ...rest] = shape;
  if (size === undefined) return flat[0];
  const stride = rest.reduce((product, dim) => product * dim, 1);
  return Array.from({ length: size }, (_, index) => nest(flat.slice(index * stride, (index + 1) * stride), rest));
}
