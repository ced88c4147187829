import { Tensor, type DType } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { isComplex } from '../kernels/elements.js';
import { STORAGE } from '../kernels/quantized-numbers.js';
import type { HostStep, Weight } from '../plan/plan.js';
import type { Check } from './check.js';
import { emitComplex, putTogether, realParts, splitComplex } from './complex-parts.js';
import { scalarTensor, vectorTensor } from './constant-tensors.js';
import { foldNode, knownTensor, unchangedOperand } from './fold-node.js';
import { emitExactIntegers } from './exact-integers.js';
import { hostKernel } from './host-evaluation.js';
import { HostOpInBody } from './host-op-in-body.js';
import { inferOutputs } from './infer-shapes.js';
import { knownIntegers, normalizeAxis, unknownDim, type OutputSpec } from './known-shapes.js';
import { asTransposed, pushThroughTranspose } from './lazy-transpose.js';
import type { ControlNode, LoweredNode } from './lowered-graph.js';
import { toAttributes, type AttributeInput } from './onnx-attributes.js';
import { inferredTarget, movedOnes, sameTarget, writtenTarget, type InferredTarget } from './reshape-target.js';
import type { ComplexParts, Dim, Shape, Value } from './value.js';
import { VariableOrder } from './variable-order.js';

type HostRun = HostStep['run'];

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
  /** The names that are taken, with the number to try next behind each. */
  private readonly names: Map<string, number>;
  private readonly materialized = new Map<Value, Value>();
  private readonly constants = new Map<string, Value>();
  /** Values that have to be computed though no output needs them. */
  readonly effects: Value[] = [];
  /** What a body that the engine runs leaves to be checked after it. */
  readonly checks: Check[] = [];
  readonly order = new VariableOrder();

  /**
   * @param parent - the builder of the graph around this one, when this builds the body of a loop or branch
   * @param place - who runs the body: the engine, as part of a node, or the plan, which can run host ops in it
   */
  constructor(
    private readonly parent?: Builder,
    readonly place: 'engine' | 'host' = 'host',
  ) {
    this.names = parent?.names ?? new Map<string, number>();
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
    const plain = asTransposed(operands, (value) => this.materializedBefore(value));
    const inputs = op.startsWith('Reduce') ? this.withPositiveAxes(plain) : plain;
    const attributes = toAttributes(attrs);
    const same = given === undefined ? unchangedOperand(op, inputs) : undefined;
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
    const folded = specs.length === 1 ? foldNode(this, op, inputs, attributes, specs[0]) : undefined;
    if (folded !== undefined) return [folded];
    const exact = given === undefined ? emitExactIntegers(this, op, inputs, attributes) : undefined;
    if (exact !== undefined) return [exact];
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
  host(op: string, inputs: readonly Value[], specs: readonly OutputSpec[], run: HostRun): readonly Value[] {
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
      run: withQuantizedInputs(inputs, run),
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
    if (known || of.dtype === 'string' || of.elements !== undefined) return this.emit('Transpose', [of], { perm });
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

  private uniqueName(hint: string): string {
    const base = hint === '' ? 'value' : hint;
    let name = base;
    let number = this.names.get(base) ?? 1;
    while (this.names.has(name)) name = `${base}:${number++}`;
    this.names.set(name, 1).set(base, number);
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
    if (written === undefined || written.includes(-1)) {
      const ones = value.shape && known && movedOnes(value.shape, known);
      if (ones !== undefined) return this.unsqueeze(this.squeeze(value, ones.dropped), ones.added);
    }
    // Of a tensor without elements the engine infers a -1 only if no other size is 0.
    const isOpen = known !== undefined && written?.includes(-1) === true && written.includes(0);
    if (written !== undefined && !isOpen) {
      // What is written -1 may be known as the size of something else.
      const shape = known?.every(isSizeSymbolOrNumber) === true && !known.includes(-1) ? known : undefined;
      const spec = shape && { dtype: value.dtype, shape };
      return this.emit('Reshape', [value, this.ints(written)], {}, written.includes(-1) ? spec : undefined);
    }
    const inferred = known && inferredTarget(value.shape, known);
    if (inferred !== undefined) return this.reshapeToInferred(value, inferred);
    // What is not known now may contain zeros that mean zero; a -1 beside them is refused here as in TensorFlow.
    const mayBeZero = known?.some((dim) => typeof dim === 'object') !== false;
    const allowzero = mayBeZero || (known.includes(0) && !known.includes(-1));
    return this.emit('Reshape', [value, this.cast(target, 'int64')], allowzero ? { allowzero: 1 } : {});
  }

  private reshapeToInferred(value: Value, { sizes, axes, divisor }: InferredTarget): Value {
    const left = this.emit('Gather', [this.shapeOf(value), this.ints(axes)], { axis: 0 });
    const count = this.emit('ReduceProd', [left, this.ints([0])], { keepdims: 1 });
    const rest = divisor === 1 ? count : this.emit('Div', [count, this.ints([divisor])]);
    const target = sizes.map((size) => {
      if (size === 'left') return rest;
      return typeof size === 'number' ? this.ints([size]) : this.dims([{ of: value, axis: size.axis }]);
    });
    return this.emit('Reshape', [value, this.concat(target, 0)], { allowzero: 1 });
  }

  unsqueeze(value: Value, axes: readonly number[]): Value {
    return axes.length === 0 ? value : this.emit('Unsqueeze', [value, this.ints(axes)]);
  }

  squeeze(value: Value, axes: readonly number[]): Value {
    return axes.length === 0 ? value : this.emit('Squeeze', [value, this.ints(axes)]);
  }

  concat(values: readonly Value[], axis: number): Value {
    // What is known to be empty adds nothing; one is left of those that all are.
    const parts = values.filter((value) => value.shape?.length !== 1 || value.shape[0] !== 0);
    const [only] = parts.length === 0 ? values : parts;
    return parts.length <= 1 && only !== undefined ? only : this.emit('Concat', parts, { axis });
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

const isSizeSymbolOrNumber = (dim: Dim): boolean => typeof dim === 'number' || dim.kind === 'size';

/** The engine hands on quantized integers as plain ones, which they become again. */
function withQuantizedInputs(inputs: readonly Value[], run: HostRun): HostRun {
  const dtypes = inputs.map(({ dtype }) => (STORAGE[dtype] === undefined ? undefined : dtype));
  if (dtypes.every((dtype) => dtype === undefined)) return run;
  const typed = (tensor: Tensor, i: number) =>
    dtypes[i] === undefined || tensor.dtype === dtypes[i] ? tensor : new Tensor(dtypes[i], tensor.shape, tensor.data);
  return (tensors, context) => run(tensors.map(typed), context);
}

/** Optional inputs that are left out at the end are not written at all. */
function withoutTrailingGaps(inputs: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
  return inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1);
}
