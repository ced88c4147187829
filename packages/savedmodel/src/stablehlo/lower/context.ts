import type { AttrValue } from '@servable/protos/tensorflow';
import type { DType } from '@servable/tensor';
import type { SavedModelError } from '../../diagnostics/saved-model-error.js';
import type { Builder } from '../../onnx/builder.js';
import { isResource } from '../../onnx/resource.js';
import type { Dim, Shape, Value } from '../../onnx/value.js';
import { unknownDim } from '../../onnx/known-shapes.js';
import type { OpContext } from '../../ops/registry.js';
import type { HloBlock, HloOperation, HloTensorType, HloType } from '../hlo.js';
import { isSpread, type HloLowered, type Spread } from './spread.js';
import { readIntegers } from './tensor-attribute.js';
import type { Scope } from './scope.js';

/** What lowerings need of the module that is lowered. */
export interface ModuleContext {
  /** The XlaCallModule node. */
  readonly context: OpContext;
  /** A value as a tensor of its full shape. */
  tensor(value: HloLowered, builder: Builder): Value;
  /** Lowers a call: the function's results. */
  call(name: string, args: readonly HloLowered[], builder: Builder): readonly HloLowered[];
  /** Lowers a block: its results. @param parent - what it can see around it */
  block(
    block: HloBlock,
    args: readonly HloLowered[],
    builder: Builder,
    parent: Scope | undefined,
  ): readonly HloLowered[];
  /** As {@link block}, with what the values in it stand for. */
  blockWithScope(
    block: HloBlock,
    args: readonly HloLowered[],
    builder: Builder,
    parent: Scope | undefined,
  ): { readonly all: readonly HloLowered[]; readonly scope: Scope };
  /** For messages: `stablehlo.add`. */
  nameOf(operation: HloOperation): string;
}

/** What a lowering sees of the StableHLO op that it lowers. */
export class HloContext {
  constructor(
    readonly operation: HloOperation,
    readonly builder: Builder,
    readonly module: ModuleContext,
    readonly scope: Scope,
  ) {}

  /** The XlaCallModule node around it. */
  get node(): OpContext {
    return this.module.context;
  }

  get inputCount(): number {
    return this.operation.operands.length;
  }

  /** An operand as it stands. */
  lowered(index: number): HloLowered {
    const operand = this.operation.operands[index];
    if (operand === undefined) throw this.refuse(`it has ${this.inputCount} operands, and operand ${index} is needed`);
    return this.scope.get(operand);
  }

  /** An operand as a tensor of its full shape. */
  input(index: number): Value {
    return this.tensor(this.lowered(index));
  }

  inputs(): readonly Value[] {
    return this.operation.operands.map((_, index) => this.input(index));
  }

  /** A value as a tensor of its full shape. */
  tensor(value: HloLowered): Value {
    return this.module.tensor(value, this.builder);
  }

  /** The type of an operand. */
  operandType(index: number): HloTensorType {
    return this.tensorType(this.operation.operands[index]?.type, `operand ${index}`);
  }

  /** The type of a result. */
  resultType(index = 0): HloTensorType {
    return this.tensorType(this.operation.results[index]?.type, `result ${index}`);
  }

  private tensorType(type: HloType | undefined, what: string): HloTensorType {
    if (type?.kind === 'tensor') return type;
    throw this.refuse(
      `${what} is ${type === undefined ? 'missing' : `a ${type.kind === 'other' ? type.name : type.kind}`}`,
    );
  }

  /** The shape of a result as the module declares it, with symbols for what it leaves open. */
  resultShape(index = 0): Shape {
    return this.resultType(index).shape.map((size): Dim => size ?? unknownDim());
  }

  rank(index: number): number {
    return this.operandType(index).shape.length;
  }

  /** The integers of an attribute. */
  ints(name: string, fallback?: readonly number[]): readonly number[] {
    const integers = readIntegers(this.operation.attributes.get(name)) ?? fallback;
    if (integers === undefined) throw this.refuse(`its attribute '${name}' is not a list of integers`);
    return integers;
  }

  int(name: string): number {
    const attribute = this.operation.attributes.get(name);
    if (attribute?.kind !== 'integer') throw this.refuse(`its attribute '${name}' is not an integer`);
    return Number(attribute.value);
  }

  float(name: string): number {
    const attribute = this.operation.attributes.get(name);
    if (attribute?.kind !== 'float') throw this.refuse(`its attribute '${name}' is not a number`);
    return attribute.value;
  }

  flag(name: string): boolean {
    const attribute = this.operation.attributes.get(name);
    return attribute?.kind === 'boolean' && attribute.value;
  }

  text(name: string): string {
    const attribute = this.operation.attributes.get(name);
    return attribute?.kind === 'string' ? attribute.value : '';
  }

  /** The number of a word, such as a direction. */
  choice(name: string): number {
    const attribute = this.operation.attributes.get(name);
    if (attribute?.kind !== 'enum') throw this.refuse(`its attribute '${name}' is missing`);
    return attribute.value;
  }

  /** A region. */
  region(index: number): HloBlock {
    const region = this.operation.regions[index];
    if (region === undefined) throw this.refuse(`its region ${index} is missing`);
    return region;
  }

  /** The first result of one of TensorFlow's ops, lowered in this op's place. */
  tf(op: string, inputs: readonly Value[], attrs: Readonly<Record<string, AttrValue>> = {}): Value {
    return this.tfAll(op, inputs, attrs)[0] as Value;
  }

  tfAll(op: string, inputs: readonly Value[], attrs: Readonly<Record<string, AttrValue>> = {}): readonly Value[] {
    return this.node.lowerOp(op, inputs, attrs, this.builder).map((value) => {
      if (isResource(value)) throw this.refuse(`${op} gives a ${value.kind}`);
      return value;
    });
  }

  /**
   * Lowers an op on elements. Operands that are broadcast are given as they are, which the engine broadcasts again; when
   * all are, so is the result.
   */
  elementwise(compute: (inputs: readonly Value[]) => Value): HloLowered {
    const operands = this.operation.operands.map((_, index) => this.lowered(index));
    const spreads = operands.filter(isSpread);
    const values = operands.map((operand) => (isSpread(operand) ? operand.source : this.tensor(operand)));
    const result = compute(values);
    const [first] = spreads;
    const isWhole = operands.some((operand) => !isSpread(operand) && (operand as Value).shape?.length !== 0);
    return first === undefined || isWhole ? result : this.spread(result, first.dims, first.shape);
  }

  /** A value broadcast to a shape, or the value itself when that changes nothing. */
  spread(source: Value, dims: Value, shape: Shape): HloLowered {
    const own = source.shape ?? [];
    const isSame = own.length === shape.length && own.every((dim, i) => dim === shape[i]);
    return isSame ? source : ({ kind: 'spread', source, dims, shape } satisfies Spread);
  }

  /** Lowers a block in place: its results. */
  inline(block: HloBlock, args: readonly HloLowered[], builder: Builder = this.builder): readonly HloLowered[] {
    return this.module.block(block, args, builder, this.scope);
  }

  cast(value: Value, dtype: DType): Value {
    return this.builder.cast(value, dtype);
  }

  /** The error that refuses this op. */
  refuse(why: string): SavedModelError {
    return this.node.refuse(`its StableHLO op ${this.module.nameOf(this.operation)} cannot be compiled: ${why}`);
  }
}
