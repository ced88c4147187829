import type { AttrValue, TensorProto } from '@servable/protos/tensorflow';
import { dtypeFromEnum, tensorFromProto, type DType, type Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { GraphNode } from './graph.js';

/** `null` where a dimension is unknown. */
export type AttributeShape = readonly (number | null)[];

/** Typed reading of a node's attributes; TensorFlow leaves attributes at their default out of stripped graphs. */
export class Attributes {
  constructor(
    private readonly node: Pick<GraphNode, 'name' | 'op'>,
    private readonly attrs: Readonly<Record<string, AttrValue>>,
  ) {}

  has(name: string): boolean {
    return this.attrs[name]?.value.case !== undefined;
  }

  int(name: string, fallback?: number): number {
    const value = this.read(name, 'i', fallback);
    return typeof value === 'bigint' ? Number(value) : value;
  }

  /** An integer that need not be below 2^53. */
  bigint(name: string, fallback?: bigint): bigint {
    return this.read(name, 'i', fallback);
  }

  bigints(name: string, fallback?: readonly bigint[]): readonly bigint[] {
    return this.list(name, (list) => list.i, fallback);
  }

  float(name: string, fallback?: number): number {
    return this.read(name, 'f', fallback);
  }

  bool(name: string, fallback?: boolean): boolean {
    return this.read(name, 'b', fallback);
  }

  string(name: string, fallback?: string): string {
    const value = this.read<Uint8Array | string>(name, 's', fallback);
    return typeof value === 'string' ? value : new TextDecoder().decode(value);
  }

  /** A string attribute as it stands, for text that need not be UTF-8. */
  bytes(name: string, fallback?: Uint8Array): Uint8Array {
    return this.read<Uint8Array>(name, 's', fallback);
  }

  dtype(name: string, fallback?: DType): DType {
    const value = this.read<number | DType>(name, 'type', fallback);
    return typeof value === 'number' ? dtypeFromEnum(value) : value;
  }

  tensor(name: string): Tensor {
    return tensorFromProto(this.read<TensorProto>(name, 'tensor'));
  }

  /** The name of a function attribute. */
  func(name: string): string {
    return this.read<{ readonly name: string }>(name, 'func').name;
  }

  /** The names of a list of functions. */
  funcs(name: string): readonly string[] {
    return this.list(name, (list) => list.func.map((func) => func.name));
  }

  shape(name: string): AttributeShape | undefined {
    const value = this.attrs[name]?.value;
    if (value?.case !== 'shape' || value.value.unknownRank) return undefined;
    return value.value.dim.map((dim) => (dim.size < 0n ? null : Number(dim.size)));
  }

  ints(name: string, fallback?: readonly number[]): readonly number[] {
    return this.list(name, (list) => list.i.map(Number), fallback);
  }

  floats(name: string, fallback?: readonly number[]): readonly number[] {
    return this.list(name, (list) => list.f, fallback);
  }

  strings(name: string, fallback?: readonly string[]): readonly string[] {
    return this.list(name, (list) => list.s.map((bytes) => new TextDecoder().decode(bytes)), fallback);
  }

  dtypes(name: string, fallback?: readonly DType[]): readonly DType[] {
    return this.list(name, (list) => list.type.map((type) => dtypeFromEnum(type)), fallback);
  }

  /** How many types a list of types has, of whatever kind. */
  listLength(name: string): number {
    return this.list(name, (list) => list.type.length, 0);
  }

  shapes(name: string): readonly (AttributeShape | undefined)[] {
    return this.list(name, (list) =>
      list.shape.map((shape) =>
        shape.unknownRank ? undefined : shape.dim.map((dim) => (dim.size < 0n ? null : Number(dim.size))),
      ),
    );
  }

  private read<T>(name: string, kind: AttrValue['value']['case'], fallback?: T): T {
    const value = this.attrs[name]?.value;
    if (value === undefined || value.case === undefined) {
      if (fallback !== undefined) return fallback;
      throw this.refuse(name, `a value of kind '${kind}'`, 'none');
    }
    if (value.case !== kind) throw this.refuse(name, `kind '${kind}'`, `kind '${value.case}'`);
    return value.value as T;
  }

  private list<T>(name: string, pick: (list: AttrList) => T, fallback?: T): T {
    const value = this.attrs[name]?.value;
    if (value?.case === 'list') return pick(value.value);
    if (value === undefined || value.case === undefined) {
      if (fallback !== undefined) return fallback;
      throw this.refuse(name, 'a list', 'none');
    }
    throw this.refuse(name, 'a list', `kind '${value.case}'`);
  }

  private refuse(name: string, expected: string, given: string): SavedModelError {
    return new SavedModelError(
      'INVALID_ARGUMENT',
      'BAD_ATTRIBUTE',
      `Attribute '${name}' of node '${this.node.name}' (op ${this.node.op}): expected ${expected}, got ${given}.`,
    );
  }
}

type AttrList = Extract<AttrValue['value'], { case: 'list' }>['value'];
