import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { zeros } from '../../kernels/elements.js';
import type { Builder } from '../../onnx/builder.js';
import { isResource } from '../../onnx/resource.js';
import { unknownDim } from '../../onnx/known-shapes.js';
import { isStatic, type Dim, type Value } from '../../onnx/value.js';
import type { OpContext } from '../../ops/registry.js';
import type { HloBlock, HloFunction, HloModule, HloOperation, HloType } from '../hlo.js';
import { malformedModule } from '../malformed-module.js';
import { HloContext, type ModuleContext } from './context.js';
import type { HloLowering } from './registry.js';
import { Scope } from './scope.js';
import { isSpread, type HloLowered, type Spread } from './spread.js';

/** Ops after which a module is refused: calls within calls can make an exponential number of them. */
const MAX_OPERATIONS = 1_000_000;

/** Deeper calls than any exporter writes; functions of StableHLO do not call themselves. */
const MAX_CALL_DEPTH = 256;

/** Lowers the functions of one module in the place of one XlaCallModule node. */
export class ModuleLowering implements ModuleContext {
  private operations = 0;
  private callDepth = 0;
  private readonly made = new Map<Spread, Map<Builder, Value>>();

  constructor(
    readonly context: OpContext,
    readonly module: HloModule,
    private readonly find: (name: string) => HloLowering | undefined,
  ) {}

  /** @throws SavedModelError INVALID_ARGUMENT for a function that the module does not have */
  function(name: string): HloFunction {
    const found = this.module.functions.get(name);
    if (found === undefined) throw malformedModule(`expected a function '${name}', given a module without it`);
    return found;
  }

  /** Lowers a call: the function's results. */
  call(name: string, args: readonly HloLowered[], builder: Builder): readonly HloLowered[] {
    if (this.callDepth >= MAX_CALL_DEPTH) {
      throw malformedModule(`expected calls at most ${MAX_CALL_DEPTH} deep, given a function that calls itself`);
    }
    this.callDepth++;
    const results = this.block(this.function(name).body, args, builder, undefined);
    this.callDepth--;
    return results;
  }

  /** @param parent - what the block can see around it */
  block(
    block: HloBlock,
    args: readonly HloLowered[],
    builder: Builder,
    parent: Scope | undefined,
  ): readonly HloLowered[] {
    return this.blockWithScope(block, args, builder, parent).all;
  }

  /** As {@link block}, with what the values in it stand for. */
  blockWithScope(
    block: HloBlock,
    args: readonly HloLowered[],
    builder: Builder,
    parent: Scope | undefined,
  ): { readonly all: readonly HloLowered[]; readonly scope: Scope } {
    const scope = new Scope(parent);
    if (args.length !== block.arguments.length) {
      throw malformedModule(`expected ${block.arguments.length} arguments, given ${args.length}`);
    }
    block.arguments.forEach((argument, i) => scope.set(argument, declared(args[i] as HloLowered, argument.type)));
    for (const operation of block.operations) {
      if (operation.name === 'return') return { all: operation.operands.map((operand) => scope.get(operand)), scope };
      this.lower(operation, builder, scope);
    }
    throw malformedModule('expected a block that ends with a return');
  }

  private lower(operation: HloOperation, builder: Builder, scope: Scope): void {
    if (++this.operations > MAX_OPERATIONS) {
      throw new SavedModelError(
        'RESOURCE_EXHAUSTED',
        'STABLEHLO_TOO_LARGE',
        `StableHLO module: expected at most ${MAX_OPERATIONS} ops with all calls written out, given more.`,
      );
    }
    const lowering = this.find(operation.name);
    if (lowering === undefined)
      throw this.context.refuse(`it does not know the StableHLO op ${this.nameOf(operation)}`);
    const result = lowering(new HloContext(operation, builder, this, scope));
    const results: readonly HloLowered[] = Array.isArray(result)
      ? (result as readonly HloLowered[])
      : [result as HloLowered];
    operation.results.forEach((value, i) => {
      const lowered = results[i];
      if (lowered === undefined) throw malformedModule(`expected ${results.length} results of ${operation.name}`);
      scope.set(value, declared(lowered, value.type));
    });
  }

  /** For messages: `stablehlo.add`. */
  nameOf(operation: HloOperation): string {
    return operationName(operation);
  }

  /** A value as a tensor of its full shape. */
  tensor(value: HloLowered, builder: Builder): Value {
    if (isSpread(value)) return this.make(value, builder);
    if ('kind' in value) throw malformedModule(`expected a tensor, given a ${value.kind}`);
    return value;
  }

  private make(spread: Spread, builder: Builder): Value {
    let made = this.made.get(spread);
    if (made === undefined) {
      made = new Map<Builder, Value>();
      this.made.set(spread, made);
    }
    const known = made.get(builder);
    if (known !== undefined) return known;
    const { shape } = spread;
    if (isStatic(shape) && shape.includes(0)) {
      // The engine broadcasts 1 to 1 where nothing is wanted.
      const empty = builder.constant(zeros(spread.source.dtype, shape));
      made.set(builder, empty);
      return empty;
    }
    const [value] = this.context.lowerOp('BroadcastTo', [spread.source, spread.dims], {}, builder);
    if (value === undefined || isResource(value)) throw new RangeError('BroadcastTo gives a tensor');
    const shaped = withShape(value, spread.shape);
    made.set(builder, shaped);
    return shaped;
  }
}

/** `stablehlo.add`; ops of other dialects have theirs in front already. A custom call goes by what it calls. */
export function operationName({ name, attributes }: HloOperation): string {
  const target = name === 'custom_call' ? attributes.get('call_target_name') : undefined;
  const plain = name.includes('.') ? name : `stablehlo.${name}`;
  return target?.kind === 'string' ? `${plain} @${target.value}` : plain;
}

/** Adds what the module says of a value's sizes to what is known of it. */
function declared(lowered: HloLowered, type: HloType): HloLowered {
  if (isSpread(lowered) || 'kind' in lowered || type.kind !== 'tensor') return lowered;
  return withShape(lowered, type.shape);
}

function withShape(value: Value, shape: readonly (Dim | null)[]): Value {
  if (value.transposed !== undefined || value.parts !== undefined || value.constant !== undefined) return value;
  const own = value.shape;
  if (own === undefined) return { ...value, shape: shape.map((dim) => dim ?? unknownDim()) };
  if (own.length !== shape.length) return value;
  const isKnown = own.every((dim, i) => typeof dim === 'number' || typeof shape[i] !== 'number');
  if (isKnown) return value;
  return { ...value, shape: own.map((dim, i) => (typeof dim === 'number' ? dim : (shape[i] ?? dim))) };
}
