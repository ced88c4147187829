import { equals, fromBinary } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  ModelProtoSchema,
  TensorProtoSchema,
  TypeProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '@servable/protos/onnx';
import type { NativeIsland } from '@servable/savedmodel';

/** What a native island computes, without the weights themselves: enough to find out that another one does the same. */
export interface IslandIdentity {
  /** The serialised ONNX model. */
  readonly model: Uint8Array;
  /** Where the weights come from, by the names that the model gives them. */
  readonly origins: ReadonlyMap<string, string | undefined>;
}

export function identityOf({ model, weights }: NativeIsland): IslandIdentity {
  return { model, origins: new Map([...weights.weights].map(([name, { weight }]) => [name, weight.origin])) };
}

/**
 * Compares islands of one model, values' names aside: signatures that were exported of one function are equal but for them.
 *
 * @returns the names in `other` of the inputs and outputs of `island`; `undefined` when they are not known to be equal
 */
export function matchIslands(island: IslandIdentity, other: IslandIdentity): ReadonlyMap<string, string> | undefined {
  if (island.origins.size !== other.origins.size) return undefined;
  const [a, b] = [graphOf(island), graphOf(other)];
  if (a === undefined || b === undefined) return undefined;
  const comparison = new Comparison(island.origins, other.origins);
  if (!comparison.graphs(a, b)) return undefined;
  return new Map([...a.input, ...a.output].map(({ name }) => [name, comparison.names.get(name) ?? name]));
}

function graphOf({ model }: IslandIdentity): GraphProto | undefined {
  return fromBinary(ModelProtoSchema, model).graph;
}

/** Goes through two graphs side by side; a name of the one stands for the same name of the other wherever it is. */
class Comparison {
  readonly names = new Map<string, string>();
  private readonly taken = new Map<string, string>();

  constructor(
    private readonly origins: ReadonlyMap<string, string | undefined>,
    private readonly otherOrigins: ReadonlyMap<string, string | undefined>,
  ) {}

  graphs(a: GraphProto, b: GraphProto): boolean {
    return (
      each(a.input, b.input, (x, y) => this.valueInfos(x, y)) &&
      each(a.initializer, b.initializer, (x, y) => this.initializers(x, y)) &&
      each(a.node, b.node, (x, y) => this.nodes(x, y)) &&
      each(a.output, b.output, (x, y) => this.valueInfos(x, y))
    );
  }

  private same(a: string, b: string): boolean {
    const known = this.names.get(a);
    if (known !== undefined || this.taken.has(b)) return known === b && this.taken.get(b) === a;
    this.names.set(a, b);
    this.taken.set(b, a);
    return true;
  }

  private valueInfos(a: ValueInfoProto, b: ValueInfoProto): boolean {
    if (a.type === undefined || b.type === undefined) return false;
    return this.same(a.name, b.name) && equals(TypeProtoSchema, a.type, b.type);
  }

  private initializers(a: TensorProto, b: TensorProto): boolean {
    const isExternal = a.externalData.length > 0;
    if (!this.same(a.name, b.name) || isExternal !== b.externalData.length > 0) return false;
    if (isExternal && !this.sameOrigin(this.origins.get(a.name), this.otherOrigins.get(b.name))) return false;
    const bare = (tensor: TensorProto): TensorProto => ({ ...tensor, name: '', externalData: [] });
    return equals(TensorProtoSchema, bare(a), bare(b));
  }

  private sameOrigin(a: string | undefined, b: string | undefined): boolean {
    return a !== undefined && a === b;
  }

  private nodes(a: NodeProto, b: NodeProto): boolean {
    return (
      a.opType === b.opType &&
      a.domain === b.domain &&
      each(a.input, b.input, (x, y) => this.same(x, y)) &&
      each(a.output, b.output, (x, y) => this.same(x, y)) &&
      each(a.attribute, b.attribute, (x, y) => this.attributes(x, y))
    );
  }

  private attributes(a: AttributeProto, b: AttributeProto): boolean {
    if (a.g === undefined || b.g === undefined) return equals(AttributeProtoSchema, a, b);
    return a.name === b.name && this.graphs(a.g, b.g);
  }
}

function each<T>(a: readonly T[], b: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((value, i) => isSame(value, b[i] as T));
}
