import { Tensor } from '@servable/tensor';
import type { HostContext } from '../plan/plan.js';
import type { VariableStore } from '../plan/variable-store.js';
import type { LookupTable } from '../kernels/lookup-table.js';
import type { OutputSpec } from './known-shapes.js';
import type { Builder } from './builder.js';
import { MARK, MARK_SPEC } from './mark.js';
import type { Lowered, Variable } from './resource.js';
import type { Value } from './value.js';

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
  host.order.afterRead(key, mark, read);
  return read;
}

/** Whether anything has given a variable a value: a bool scalar. */
export function isInitialized(builder: Builder, { key }: Variable): Value {
  const host = builder.hostAncestor;
  const specs = [{ dtype: 'bool', shape: [] }, MARK_SPEC] as const;
  const [known, mark] = host.host('VarIsInitializedOp', host.order.beforeRead(key), specs, (_, context) => [
    new Tensor('bool', [], Uint8Array.of(storeOf(context).isInitialized(key) ? 1 : 0)),
    MARK,
  ]);
  if (known === undefined || mark === undefined) throw new RangeError('a read has two outputs');
  host.order.afterRead(key, mark);
  return known;
}

/** What an edge hands on where a value is wanted: a reference variable is read. */
export function valueOf(builder: Builder, lowered: Lowered): Lowered {
  if ('kind' in lowered && lowered.kind === 'temporary variable' && lowered.value !== undefined) return lowered.value;
  const isReference = 'kind' in lowered && lowered.kind === 'variable' && lowered.isReference;
  return isReference ? readVariable(builder, lowered) : lowered;
}

/** Changes a variable as one step, which may have results, `specs`, of its own. */
export function writeVariable(
  builder: Builder,
  op: string,
  { key }: Variable,
  inputs: readonly Value[],
  write: (store: VariableStore, inputs: readonly Tensor[]) => readonly Tensor[] | void,
  specs: readonly OutputSpec[] = [],
): readonly Value[] {
  const waits = builder.order.beforeWrite(key);
  const outputs = builder.host(op, [...inputs, ...waits], [...specs, MARK_SPEC], (tensors, context) => [
    ...(write(storeOf(context), tensors) ?? []),
    MARK,
  ]);
  const mark = outputs.at(-1);
  if (mark === undefined) throw new RangeError('a write has one output');
  builder.order.afterWrite(key, mark);
  builder.effects.push(mark);
  return outputs.slice(0, -1);
}

/**
 * Reads or changes a lookup table that requests change, in the order of the graph.
 *
 * @param specs - of what `use` returns
 */
export function accessTable(
  builder: Builder,
  op: string,
  table: { readonly key: string; readonly make: (store: VariableStore) => LookupTable },
  how: 'read' | 'write',
  inputs: readonly Value[],
  specs: readonly OutputSpec[],
  use: (table: LookupTable, inputs: readonly Tensor[]) => readonly Tensor[],
): readonly Value[] {
  const { key, make } = table;
  const waits = how === 'read' ? builder.order.beforeRead(key) : builder.order.beforeWrite(key);
  const outputs = builder.host(op, [...inputs, ...waits], [...specs, MARK_SPEC], (tensors, context) => [
    ...use(storeOf(context).table(key, make), tensors),
    MARK,
  ]);
  const mark = outputs.at(-1);
  if (mark === undefined) throw new RangeError('an access has a mark');
  if (how === 'read') builder.order.afterRead(key, mark);
  else {
    builder.order.afterWrite(key, mark);
    builder.effects.push(mark);
  }
  return outputs.slice(0, -1);
}

function storeOf(context: HostContext): VariableStore {
  if (context.variables === undefined) throw new RangeError('a plan with variables runs with a store of them');
  return context.variables;
}
