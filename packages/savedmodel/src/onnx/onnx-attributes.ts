import type { Tensor } from '@servable/tensor';
import type { OnnxAttribute, OnnxAttributes, Subgraph } from './lowered-graph.js';

/** Plain values for attributes: integers become ints, `float()` makes the others explicit. */
export type AttributeInput = OnnxAttribute | number | bigint | string | readonly number[] | undefined;

export const float = (value: number): OnnxAttribute => ({ kind: 'float', value });
export const tensorAttribute = (value: Tensor): OnnxAttribute => ({ kind: 'tensor', value });
export const graphAttribute = (value: Subgraph): OnnxAttribute => ({ kind: 'graph', value });

export function toAttributes(attrs: Readonly<Record<string, AttributeInput>>): OnnxAttributes {
  const result: Record<string, OnnxAttribute> = {};
  for (const [name, value] of Object.entries(attrs)) {
    if (value === undefined) continue;
    if (typeof value === 'number' || typeof value === 'bigint') result[name] = { kind: 'int', value };
    else if (typeof value === 'string') result[name] = { kind: 'string', value };
    else if (Array.isArray(value)) result[name] = { kind: 'ints', value: value as readonly number[] };
    else result[name] = value as OnnxAttribute;
  }
  return result;
}

/** The value of an integer attribute. */
export function intAttribute(attrs: OnnxAttributes, name: string, fallback: number): number {
  const attr = attrs[name];
  return attr?.kind === 'int' ? Number(attr.value) : fallback;
}

/** The value of an attribute that lists integers. */
export function intsAttribute(attrs: OnnxAttributes, name: string): readonly number[] | undefined {
  const attr = attrs[name];
  return attr?.kind === 'ints' ? attr.value : undefined;
}
