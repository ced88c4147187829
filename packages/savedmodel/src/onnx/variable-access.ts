import { Tensor } from '@servable/tensor';
import type { HostContext } from '../plan/plan.js';
import type { VariableStore } from '../plan/variable-store.js';
import type { Lowered, Variable } from '../ops/registry.js';
import type { Builder } from './builder.js';
import type { Value } from './value.js';

/** A tensor without elements: what stands for "this has run" between steps that have to keep their order. */
export const MARK = new Tensor('bool', [0], new Uint8Array());

/**
 * The order of what one graph does to variables. Nodes are lowered in an order that respects the model's control
 * dependencies, and each access is made to wait for those before it that it must not overtake: a read for the last write,
 * a write for the last write, the reads since, and the assertions.
 */
export class VariableOrder {
  private readonly writes = new Map<string, Value>();
  private readonly reads = new Map<string, Value[]>();
  /** Values read since the last write. */
  readonly current = new Map<string, Value>();
  private readonly checks: Value[] = [];
  /** Variables that are read or written here, or in a body inside. */
  readonly touched = new Set<string>();

  beforeRead(key: string): readonly Value[] {
    const write = this.writes.get(key);
    return write === undefined ? [] : [write];
  }

  afterRead(key: string, value: Value, mark: Value): void {
    this.touched.add(key);
    this.current.set(key, value);
    this.reads.set(key, [...(this.reads.get(key) ?? []), mark]);
  }

  beforeWrite(key: string): readonly Value[] {
    return [...this.beforeRead(key), ...(this.reads.get(key) ?? []), ...this.checks];
  }

  afterWrite(key: string, mark: Value): void {
    this.touched.add(key);
    this.current.delete(key);
    this.reads.delete(key);
    this.writes.set(key, mark);
  }

  afterCheck(mark: Value): void {
    this.checks.push(mark);
  }
}

const MARK_SPEC = { dtype: 'bool', shape: [0] } as const;

/** What a variable holds at this point of the graph. */
export function readVariable(builder: Builder, variable: Variable): Value {
  const { value, key, dtype, shape } = variable;
  if (value !== undefined) return value;
  // Inside what the engine runs a variable cannot be read, but then nothing there writes it either.
  const host = builder.hostAncestor;
  const known = host.order.current.get(key);
  if (known !== undefined) return known;
  const [read, mark] = host.host(
    'ReadVariableOp',
    host.order.beforeRead(key),
    [{ dtype, shape }, MARK_SPEC],
    (_, context) => [storeOf(context).read(key), MARK],
  );
  if (read === undefined || mark === undefined) throw new RangeError('a read has two outputs');
  host.order.afterRead(key, read, mark);
  return read;
}

/** What an edge hands on where a value is wanted: a reference variable is read. */
export function valueOf(builder: Builder, lowered: Lowered): Lowered {
  const isReference = 'kind' in lowered && lowered.kind === 'variable' && lowered.isReference;
  return isReference ? readVariable(builder, lowered) : lowered;
}

/** Changes a variable as one step. */
export function writeVariable(
  builder: Builder,
  op: string,
  { key }: Variable,
  inputs: readonly Value[],
  write: (store: VariableStore, inputs: readonly Tensor[]) => void,
): void {
  const waits = builder.order.beforeWrite(key);
  const [mark] = builder.host(op, [...inputs, ...waits], [MARK_SPEC], (tensors, context) => {
    write(storeOf(context), tensors);
    return [MARK];
  });
  if (mark === undefined) throw new RangeError('a write has one output');
  builder.order.afterWrite(key, mark);
  builder.effects.push(mark);
}

/** Runs `check` on every request, before what is written after it. */
export function emitCheck(
  builder: Builder,
  op: string,
  inputs: readonly Value[],
  check: (inputs: readonly Tensor[]) => void,
): void {
  const [mark] = builder.host(op, inputs, [MARK_SPEC], (tensors) => {
    check(tensors);
    return [MARK];
  });
  if (mark === undefined) throw new RangeError('a check has one output');
  builder.order.afterCheck(mark);
  builder.effects.push(mark);
}

function storeOf(context: HostContext): VariableStore {
  if (context.variables === undefined) throw new RangeError('a plan with variables runs with a store of them');
  return context.variables;
}
