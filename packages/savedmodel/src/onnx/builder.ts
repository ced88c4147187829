import { float32ToBfloat16, float32ToFloat16, Tensor, type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { HostContext, Weight } from '../plan/plan.js';
import { isComplex } from '../kernels/elements.js';
import { transposeInto } from '../kernels/transpose.js';
import { emitComplex, putTogether, realParts, splitComplex } from './complex-parts.js';
import { foldConstants } from './fold-constants.js';
import { hostKernel } from './host-evaluation.js';
import { inferOutputs, knownIntegers, normalizeAxis, unknownDim, type OutputSpec } from './infer-shapes.js';
import { pushThroughTranspose } from './lazy-transpose.js';
import type { ControlNode, LoweredNode, OnnxAttribute, OnnxAttributes, Subgraph } from './lowered-graph.js';
import { VariableOrder } from './variable-order.js';
import { isStatic, sameDim, type ComplexParts, type Dim, type Shape, type Value } from './value.js';
import { derivedWeight } from './weight.js';

/** Plain values for attributes: integers become ints, `float()` makes the others explicit. */
export type AttributeInput = OnnxAttribute | number | bigint | string | readonly number[] | undefined;

export const float = (value: number): OnnxAttribute => ({ kind: 'float', value });
export const floats = (value: readonly number[]): OnnxAttribute => ({ kind: 'floats', value });
export const tensorAttribute = (value: Tensor): OnnxAttribute => ({ kind: 'tensor', value });
export const graphAttribute = (value: Subgraph): OnnxAttribute => ({ kind: 'graph', value });

/** Ops that keep every element as it is. */
const LAYOUT_OPS = new Set(['Identity', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze']);

/** Ops of ONNX Runtime's own domain that the lowerings use. */
const CONTRIB_OPS = new Set(['FastGelu', 'QuickGelu', 'BiasGelu', 'SkipLayerNormalization', 'FusedMatMul']);

/**
 * Emits ONNX nodes. Whatever can be known now is: constants are folded, shapes, dtypes and the elements of shape vectors
 * are followed, and transpositions are put off until an op needs them.
 */
export class Builder {
  readonly nodes: LoweredNode[] = [];
  /** The TensorFlow node whose lowering is at work, for names and messages. */
  origin = '';
  private readonly names: Set<string>;
  private readonly materialized = new Map<Value, Value>();
  private readonly constants = new Map<string, Value>();
  /** Values that have to be computed though no output needs them. */
  readonly effects: Value[] = [];
  readonly order = new VariableOrder();

  /**
   * @param parent - the builder of the graph around this one, when this builds the body of a loop or branch
   * @param place - who runs the body: the engine, as part of a node, or the plan, which can run host ops in it
   */
  constructor(
    private readonly parent?: Builder,
    readonly place: 'engine' | 'host' = 'host',
  ) {
    this.names = parent?.names ?? new Set();
    this.origin = parent?.origin ?? '';
  }

  /** Builds the body of a loop or branch. */
  child(place: 'engine' | 'host'): Builder {
    return new Builder(this, place);
  }

  /** The innermost builder around that may contain ops that JavaScript runs. */
  get hostAncestor(): Builder {
    return this.runsHostOps || this.parent === undefined ? this : this.parent.hostAncestor;
  }

  /** Whether what is built here may contain ops that JavaScript runs. */
  get runsHostOps(): boolean {
    return this.place === 'host';
  }

  // Values without a node

  input(name: string, dtype: DType, shape: Shape | undefined): Value {
    return { name: this.uniqueName(name), dtype, shape };
  }

  constant(tensor: Tensor, name = this.origin): Value {
    return { name: this.uniqueName(name), dtype: tensor.dtype, shape: tensor.shape, constant: tensor };
  }

  /** A constant that stays where it is until the engine is given it. */
  weight(weight: Weight, name = this.origin): Value {
    return { name: this.uniqueName(name), dtype: weight.dtype, shape: weight.shape, weight };
  }

  /** An int64 vector; equal ones are shared. */
  ints(values: readonly number[]): Value {
    return this.shared(
      `ints:${values.join()}`,
      () => new Tensor('int64', [values.length], BigInt64Array.from(values, BigInt)),
    );
  }

  /** An int64 scalar. */
  int(value: number): Value {
    return this.shared(`int:${value}`, () => new Tensor('int64', [], BigInt64Array.of(BigInt(value))));
  }

  /** A scalar of any numeric dtype that constants are made of. */
  scalar(dtype: DType, value: number): Value {
    return this.shared(`${dtype}:${Object.is(value, -0) ? '-0' : value}`, () => scalarTensor(dtype, value));
  }

  /** A vector of any numeric dtype that constants are made of. */
  constantVector(dtype: DType, values: readonly number[]): Value {
    return this.shared(`${dtype}[${values.join()}]`, () => vectorTensor(dtype, values));
  }

  private shared(key: string, make: () => Tensor): Value {
    const known = this.sharedBefore(key);
    if (known !== undefined) return known;
    const value = this.constant(make(), 'constant');
    this.constants.set(key, value);
    return value;
  }

  private sharedBefore(key: string): Value | undefined {
    return this.constants.get(key) ?? this.parent?.sharedBefore(key);
  }

  // Nodes

  /** Emits a node with one output, or folds it. */
  emit(
    op: string,
    inputs: readonly (Value | undefined)[],
    attrs: Readonly<Record<string, AttributeInput>> = {},
    output?: OutputSpec,
  ): Value {
    const [value] = this.emitAll(op, inputs, attrs, output && [output]);
    if (value === undefined) throw new RangeError(`${op} has no output`);
    return value;
  }

  /** Emits a node with any number of outputs. */
  emitAll(
    op: string,
    operands: readonly (Value | undefined)[],
    attrs: Readonly<Record<string, AttributeInput>> = {},
    given?: readonly OutputSpec[],
  ): readonly Value[] {
    const inputs = op.startsWith('Reduce') ? this.withPositiveAxes(operands) : operands;
    const attributes = toAttributes(attrs);
    const same = given === undefined ? unchanged(op, inputs) : undefined;
    if (same !== undefined) return [same];
    const pushed = given === undefined ? pushThroughTranspose(this, op, inputs, attributes) : undefined;
    if (pushed !== undefined) return [pushed];
    if (inputs.some((input) => input !== undefined && isComplex(input.dtype))) {
      const outputs = emitComplex(this, op, inputs, attributes, given);
      if (outputs === undefined) throw this.unsupported(op, 'complex numbers');
      return outputs;
    }
    const specs = given ?? inferOutputs(op, inputs, attributes);
    if (specs === undefined) throw new RangeError(`no shape rule for ${op}`);
    const folded = specs.length === 1 ? this.fold(op, inputs, attributes, specs[0]) : undefined;
    if (folded !== undefined) return [folded];
    const onHost = this.runsHostOps
      ? hostKernel(
          op,
          inputs.map((input) => input?.dtype),
        )
      : undefined;
    if (onHost !== undefined && inputs.every((input) => input !== undefined)) {
      const constants = inputs.map((input) => input.constant ?? knownTensor(input)).filter((x) => x !== undefined);
      if (constants.length === inputs.length) return onHost(constants, attributes).map((x) => this.constant(x));
      return this.host(op, inputs, specs, (tensors) => onHost(tensors, attributes));
    }
    const outputs: Value[] = specs.map((spec) => ({ name: this.uniqueName(this.origin), ...spec }));
    const node: LoweredNode = {
      kind: 'native',
      op,
      domain: CONTRIB_OPS.has(op) ? 'com.microsoft' : '',
      attrs: attributes,
      inputs: withoutTrailingGaps(inputs).map((input) => input && this.materialize(input)),
      outputs,
      origin: this.origin,
    };
    this.nodes.push(node);
    return outputs;
  }

  /** The engine gives a wrong shape for negative axes of a tensor without elements. */
  private withPositiveAxes([x, axes]: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
    const known = knownIntegers(axes);
    if (x?.shape === undefined || known === undefined || known.every((axis) => axis >= 0)) return [x, axes];
    return [x, this.ints(known.map((axis) => this.axis(axis, x)))];
  }

  /** Emits an op that JavaScript runs. */
  host(
    op: string,
    inputs: readonly Value[],
    specs: readonly OutputSpec[],
    run: (inputs: readonly Tensor[], context: HostContext) => readonly Tensor[] | Promise<readonly Tensor[]>,
  ): readonly Value[] {
    if (!this.runsHostOps) throw new HostOpInBody(op, this.origin);
    const outputs: Value[] = specs.map(({ dtype, shape, elements }) => ({
      name: this.uniqueName(this.origin),
      dtype,
      shape,
      elements,
    }));
    const node: LoweredNode = {
      kind: 'host',
      op,
      inputs: inputs.map((input) => this.materialize(input)),
      outputs,
      origin: this.origin,
      run,
    };
    this.nodes.push(node);
    return outputs;
  }

  /** Emits a loop or branch that the plan runs. */
  control(
    inputs: readonly Value[],
    specs: readonly OutputSpec[],
    bodies: readonly Builder[],
    make: (inputs: Value[], outputs: readonly Value[], origin: string) => ControlNode,
  ): readonly Value[] {
    if (!this.runsHostOps) throw new HostOpInBody('a loop or branch with host ops', this.origin);
    const touched = new Set(bodies.flatMap((body) => [...body.order.touched]));
    const hasEffects = bodies.some((body) => body.effects.length > 0);
    const waits = new Set([...touched].flatMap((key) => this.order.beforeWrite(key)));
    const outputs: Value[] = specs.map((spec) => ({ name: this.uniqueName(this.origin), ...spec }));
    const mark: Value = { name: this.uniqueName(`${this.origin}/ran`), dtype: 'bool', shape: [0] };
    if (hasEffects) this.effects.push(mark);
    for (const key of touched) this.order.afterWrite(key, mark);
    const node = make([...inputs.map((input) => this.materialize(input)), ...waits], [...outputs, mark], this.origin);
    this.nodes.push(node);
    return outputs;
  }

  /** A value that is `of` with permuted dimensions; the Transpose is emitted only if something needs it. */
  lazyTranspose(of: Value, perm: readonly number[]): Value {
    if (perm.every((axis, i) => axis === i)) return of;
    if (isComplex(of.dtype)) {
      const { re, im } = splitComplex(this, of);
      return this.complex({ re: this.lazyTranspose(re, perm), im: this.lazyTranspose(im, perm) });
    }
    if (of.transposed !== undefined) {
      const inner = of.transposed;
      return this.lazyTranspose(
        inner.of,
        perm.map((axis) => inner.perm[axis] ?? axis),
      );
    }
    const known = of.constant !== undefined || of.weight !== undefined;
    if (known || of.dtype === 'string') return this.emit('Transpose', [of], { perm });
    return {
      name: this.uniqueName(this.origin),
      dtype: of.dtype,
      shape: perm.map((axis) => of.shape?.[axis] ?? unknownDim()),
      transposed: { of, perm },
    };
  }

  /** A complex value of its real and imaginary part; it becomes one tensor only where something needs it as one. */
  complex(parts: ComplexParts): Value {
    const dtype = parts.re.dtype === 'float64' ? 'complex128' : 'complex64';
    return { name: this.uniqueName(this.origin), dtype, shape: parts.re.shape, parts };
  }

  /** The real and imaginary part of a complex value. */
  complexParts(value: Value): ComplexParts {
    return splitComplex(this, value);
  }

  /** The value as a node's input: a put-off transposition is emitted now, once, and complex parts are put together. */
  materialize(value: Value): Value {
    if (value.transposed === undefined && value.parts === undefined) return value;
    const known = this.materializedBefore(value);
    if (known !== undefined) return known;
    if (value.parts !== undefined) {
      const { dtype, shape, parts } = value;
      const [whole] = this.host('Complex', [parts.re, parts.im], [{ dtype, shape }], ([re, im]) => [
        putTogether(dtype, re as Tensor, im as Tensor),
      ]);
      this.materialized.set(value, whole as Value);
      return whole as Value;
    }
    if (value.transposed === undefined) return value;
    const { of, perm } = value.transposed;
    const output: Value = { name: value.name, dtype: value.dtype, shape: value.shape, elements: value.elements };
    const node: LoweredNode = {
      kind: 'native',
      op: 'Transpose',
      domain: '',
      attrs: { perm: { kind: 'ints', value: perm } },
      inputs: [of],
      outputs: [output],
      origin: this.origin,
    };
    this.nodes.push(node);
    this.materialized.set(value, output);
    return output;
  }

  private unsupported(op: string, what: string): SavedModelError {
    return new SavedModelError(
      'UNIMPLEMENTED',
      'UNSUPPORTED_DTYPE',
      `Node '${this.origin}' needs ${op} on ${what}, which the compiler does not have.`,
      { op, node: this.origin },
    );
  }

  private materializedBefore(value: Value): Value | undefined {
    return this.materialized.get(value) ?? this.parent?.materializedBefore(value);
  }

  private fold(
    op: string,
    inputs: readonly (Value | undefined)[],
    attrs: OnnxAttributes,
    spec: OutputSpec | undefined,
  ): Value | undefined {
    if (spec === undefined) return undefined;
    const weight = inputs[0]?.weight;
    if (weight !== undefined) return this.foldLayout(op, weight, inputs.slice(1), attrs, spec);
    const constants = inputs.map((input) => input && (input.constant ?? knownTensor(input)));
    // Optional inputs that are left out keep their place only at the end of the ops that are folded.
    if (inputs.length > 0 && inputs.every((input, i) => input === undefined || constants[i] !== undefined)) {
      const gap = inputs.findIndex((input) => input === undefined);
      if (gap < 0 || inputs.slice(gap).every((input) => input === undefined)) {
        const tensors = constants.filter((tensor) => tensor !== undefined);
        const tensor = foldConstants(op, tensors, attrs, spec.dtype);
        if (tensor !== undefined) return this.constant(tensor);
      }
    }
    const { elements, shape, dtype } = spec;
    if (elements !== undefined && shape !== undefined && shape.length <= 1 && isStatic(elements)) {
      if (dtype === 'int64' || dtype === 'int32') return this.constant(integerTensor(dtype, shape.length, elements));
    }
    return undefined;
  }

  /** What only moves a weight's elements is done when the weight is read. */
  private foldLayout(
    op: string,
    weight: Weight,
    others: readonly (Value | undefined)[],
    attrs: OnnxAttributes,
    { shape }: OutputSpec,
  ): Value | undefined {
    const constants = others.map((input) => input?.constant).filter((tensor) => tensor !== undefined);
    if (!LAYOUT_OPS.has(op) || constants.length !== others.length || !isStatic(shape)) return undefined;
    const perm = attrs['perm'];
    if (op === 'Transpose' && perm?.kind !== 'ints') return undefined;
    if (perm?.kind !== 'ints') return this.weight(derivedWeight(weight, shape));
    const apply = (from: Tensor, to: Tensor) => transposeInto(from, to, perm.value);
    return this.weight(derivedWeight(weight, shape, { kind: 'move', apply }));
  }

  private uniqueName(hint: string): string {
    const base = hint === '' ? 'value' : hint;
    let name = base;
    for (let i = 1; this.names.has(name); i++) name = `${base}:${i}`;
    this.names.add(name);
    return name;
  }

  // Conveniences that pick the op or leave it out

  cast(value: Value, dtype: DType): Value {
    if (value.dtype === dtype) return value;
    if (isComplex(dtype) && !isComplex(value.dtype)) return this.complex(realParts(this, value, dtype));
    return this.emit('Cast', [value], { to: dtype });
  }

  transpose(value: Value, perm: readonly number[]): Value {
    return this.lazyTranspose(value, perm);
  }

  /** The shape as an int64 vector. */
  shapeOf(value: Value): Value {
    if (value.transposed === undefined) return this.emit('Shape', [value]);
    const { of, perm } = value.transposed;
    return this.emit('Gather', [this.shapeOf(of), this.ints(perm)], { axis: 0 });
  }

  /** Reshapes to dimensions known now; at most one may be -1. */
  reshape(value: Value, shape: readonly number[]): Value {
    return this.reshapeTo(value, this.ints(shape));
  }

  /** Reshapes to a target whose zeros mean zero, as TensorFlow has it. */
  reshapeTo(value: Value, target: Value): Value {
    const known = target.elements ?? knownIntegers(target);
    if (known !== undefined && value.shape !== undefined && sameTarget(value.shape, known)) return value;
    const written = known && writtenTarget(value.shape, known);
    if (written !== undefined) return this.emit('Reshape', [value, this.ints(written)]);
    // What is not known now may contain zeros that mean zero; a -1 beside them is refused here as in TensorFlow.
    const allowzero = known === undefined || (known.includes(0) && !known.includes(-1));
    return this.emit('Reshape', [value, this.cast(target, 'int64')], allowzero ? { allowzero: 1 } : {});
  }

  unsqueeze(value: Value, axes: readonly number[]): Value {
    return axes.length === 0 ? value : this.emit('Unsqueeze', [value, this.ints(axes)]);
  }

  squeeze(value: Value, axes: readonly number[]): Value {
    return axes.length === 0 ? value : this.emit('Squeeze', [value, this.ints(axes)]);
  }

  concat(values: readonly Value[], axis: number): Value {
    const [only] = values;
    return values.length === 1 && only !== undefined ? only : this.emit('Concat', values, { axis });
  }

  /** One element of a vector (or slice along an axis), that axis gone. */
  pick(value: Value, index: number, axis = 0): Value {
    return this.emit('Gather', [value, this.int(index)], { axis });
  }

  slice(value: Value, axis: number, start: number, end = Number.MAX_SAFE_INTEGER): Value {
    return this.emit('Slice', [value, this.ints([start]), this.ints([end]), this.ints([axis])]);
  }

  /** Dimensions as an int64 vector, from sizes and, for unknown ones, the run-time shape of `source`. */
  dims(entries: readonly (number | { readonly of: Value; readonly axis: number })[]): Value {
    if (entries.length === 0) return this.ints([]);
    return this.concat(
      entries.map((entry) =>
        typeof entry === 'number'
          ? this.ints([entry])
          : this.slice(this.shapeOf(entry.of), 0, entry.axis, entry.axis + 1),
      ),
      0,
    );
  }

  unknownDim(): Dim {
    return unknownDim();
  }

  axis(axis: number, value: Value): number {
    return value.shape === undefined ? axis : normalizeAxis(axis, value.shape.length);
  }
}

/** A host op where the engine runs everything; a loop or branch around it is then run by the plan. */
export class HostOpInBody extends SavedModelError {
  constructor(op: string, origin: string) {
    super(
      'UNIMPLEMENTED',
      'HOST_OP_IN_LOOP',
      `Op ${op} at node '${origin}' runs on the host and stands inside a loop or branch, which runs in the engine.`,
      { op, node: origin },
    );
  }
}

function sameTarget(shape: Shape, target: readonly Dim[]): boolean {
  if (shape.length !== target.length) return false;
  const different = target.filter((dim, i) => !sameDim(dim, shape[i]));
  return different.length === 0 || (different.length === 1 && different[0] === -1);
}

/**
 * A reshape target as constants: a size that the input has in the same place is written 0, one other unknown size -1.
 * This spares the nodes that would compute the shape.
 */
function writtenTarget(shape: Shape | undefined, target: readonly Dim[]): readonly number[] | undefined {
  if (target.includes(0)) return undefined;
  const written = target.map((dim, i) => {
    if (typeof dim === 'number') return dim;
    return dim.kind === 'size' && shape !== undefined && sameDim(dim, shape[i]) ? 0 : undefined;
  });
  const holes = written.filter((dim) => dim === undefined).length + (target.includes(-1) ? 1 : 0);
  const unknown = target.find((dim, i) => written[i] === undefined);
  if (holes > 1 || (typeof unknown === 'object' && unknown.kind === 'integer')) return undefined;
  return written.map((dim) => dim ?? -1);
}

function knownTensor(value: Value): Tensor | undefined {
  const { elements, shape, dtype } = value;
  if (elements === undefined || shape === undefined || shape.length > 1 || !isStatic(elements)) return undefined;
  return dtype === 'int64' || dtype === 'int32' ? integerTensor(dtype, shape.length, elements) : undefined;
}

function integerTensor(dtype: 'int64' | 'int32', rank: number, elements: readonly number[]): Tensor {
  const shape = rank === 0 ? [] : [elements.length];
  return dtype === 'int64'
    ? new Tensor('int64', shape, BigInt64Array.from(elements, BigInt))
    : new Tensor('int32', shape, Int32Array.from(elements));
}

export function scalarTensor(dtype: DType, value: number): Tensor {
  switch (dtype) {
    case 'float32':
      return new Tensor('float32', [], Float32Array.of(value));
    case 'float64':
      return new Tensor('float64', [], Float64Array.of(value));
    case 'int32':
      return new Tensor('int32', [], Int32Array.of(value));
    case 'int64':
      return new Tensor('int64', [], BigInt64Array.of(BigInt(value)));
    case 'uint8':
      return new Tensor('uint8', [], Uint8Array.of(value));
    case 'int8':
      return new Tensor('int8', [], Int8Array.of(value));
    case 'int16':
      return new Tensor('int16', [], Int16Array.of(value));
    case 'uint16':
      return new Tensor('uint16', [], Uint16Array.of(value));
    case 'uint32':
      return new Tensor('uint32', [], Uint32Array.of(value));
    case 'uint64':
      return new Tensor('uint64', [], BigUint64Array.of(BigInt(value)));
    case 'bool':
      return new Tensor('bool', [], Uint8Array.of(value ? 1 : 0));
    case 'float16':
      return new Tensor('float16', [], Uint16Array.of(float32ToFloat16(value)));
    case 'bfloat16':
      return new Tensor('bfloat16', [], Uint16Array.of(float32ToBfloat16(value)));
    default:
      throw new RangeError(`no scalar constants of dtype ${dtype}`);
  }
}

/** A vector whose elements are made as {@link scalarTensor} makes them. */
export function vectorTensor(dtype: DType, values: readonly number[]): Tensor {
  const parts = values.map((value) => scalarTensor(dtype, value).data as Float32Array);
  const empty = scalarTensor(dtype, 0).data as Float32Array;
  const data = new (empty.constructor as Float32ArrayConstructor)(values.length);
  parts.forEach((part, i) => (data[i] = part[0] as number));
  return new Tensor(dtype, [values.length], data as never);
}

/** Optional inputs that are left out at the end are not written at all. */
function withoutTrailingGaps(inputs: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
  return inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1);
}

/** The operand that a multiplication or division by one, or a subtraction of zero, leaves as it is. */
function unchanged(op: string, [a, b, ...others]: readonly (Value | undefined)[]): Value | undefined {
  if (a === undefined || b === undefined || others.length > 0) return undefined;
  const is = (value: Value, number: number, other: Value) =>
    value.constant?.size === 1 &&
    value.constant.rank <= (other.shape?.length ?? 0) &&
    isReal(value.dtype) &&
    Number((value.constant.data as ArrayLike<number | bigint>)[0]) === number;
  if ((op === 'Mul' || op === 'Div') && is(b, 1, a)) return a;
  if (op === 'Mul' && is(a, 1, b)) return b;
  // Adding zero is not among them: it turns a negative zero into a positive one.
  return op === 'Sub' && is(b, 0, a) && !Object.is((b.constant?.data as ArrayLike<number>)[0], -0) ? a : undefined;
}

/** Dtypes whose elements are the numbers in their typed array. */
const isReal = (dtype: DType) => dtype === 'float32' || dtype === 'float64' || dtype === 'int32' || dtype === 'int64';

function toAttributes(attrs: Readonly<Record<string, AttributeInput>>): OnnxAttributes {
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
