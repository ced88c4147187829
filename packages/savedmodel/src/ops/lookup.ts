import type { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { int64s } from '../kernels/byte-strings.js';
import type { LookupTable } from '../kernels/lookup-table.js';
import type { OutputSpec } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import { accessTable } from '../onnx/variable-access.js';
import type { VariableStore } from '../plan/variable-store.js';
import { emptyTable, isMutableTable, TABLE_OPS, tableContents } from '../tables/table-nodes.js';
import { hostValue, hostValues } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Lookup tables, which are filled before the first request. Those that requests change live in the store of the model. */
export const lookup = new OpFamily('lookup tables')
  .compile(TABLE_OPS.join(' '), (context) => ({
    kind: 'table',
    node: context.node,
    table: context.table(context.node),
    changing: context.changingTable(context.node),
  }))
  .host('LookupTableFindV2 LookupTableFind', (context) => {
    const { node, table, changing } = tableOf(context);
    const [keys, fallback] = [context.input(1), context.input(2)];
    const { valueDtype, valueShape } = table ?? emptyTable(node);
    const shape = keys.shape && [...keys.shape, ...valueShape];
    const spec = { dtype: valueDtype, shape };
    if (changing !== undefined) {
      return read(context, [keys, fallback], [spec], (contents, [k, d]) => [contents.find(k!, d!)]);
    }
    const ready = initialized(table, node.name);
    return hostValue(context, [keys, fallback], spec, (k, d) => ready().find(k, d));
  })
  .host('LookupTableSizeV2 LookupTableSize', (context) => {
    const { node, table, changing } = tableOf(context);
    const spec = { dtype: 'int64', shape: [] } as const;
    if (changing !== undefined) return read(context, [], [spec], ({ size }) => [int64s([size], [])]);
    if (table !== undefined) return context.builder.constant(int64s([table.size], []));
    return hostValue(context, [], spec, () => int64s([initialized(table, node.name)().size], []));
  })
  .host('LookupTableExportV2 LookupTableExport', (context) => {
    const { node, table, changing } = tableOf(context);
    const { keyDtype, valueDtype, valueShape } = table ?? emptyTable(node);
    const specs = [
      { dtype: keyDtype, shape: [context.builder.unknownDim()] },
      { dtype: valueDtype, shape: [context.builder.unknownDim(), ...valueShape] },
    ];
    if (changing !== undefined) return read(context, [], specs, (contents) => contents.export());
    if (table !== undefined) return table.export().map((tensor) => context.builder.constant(tensor));
    return hostValues(context, [], specs, () => initialized(table, node.name)().export());
  })
  .host('LookupTableInsertV2 LookupTableInsert', (context) =>
    change(context, [1, 2], (table, [keys, values]) => table.write(keys!, values!)),
  )
  .host('LookupTableImportV2 LookupTableImport', (context) =>
    change(context, [1, 2], (table, [keys, values]) => table.write(keys!, values!, true)),
  )
  .host('LookupTableRemoveV2', (context) => change(context, [1], (table, [keys]) => table.remove(keys!)));

function tableOf(context: OpContext, index = 0) {
  const resource = context.resource(index);
  if (resource.kind !== 'table') throw context.refuse(`its input ${index} is a ${resource.kind}, not a table`);
  const { node, table, changing } = resource;
  return { node, table: table ?? (isMutableTable(node) ? emptyTable(node) : undefined), changing };
}

/** The table in the store, made of what the plan seeds the store with. */
function stored(context: OpContext, index = 0) {
  const { node, changing } = tableOf(context, index);
  if (changing === undefined) throw context.refuse(`its table at '${node.name}' cannot be found before a request`);
  const names = tableContents(changing);
  const make = (store: VariableStore) => {
    const table = emptyTable(node);
    table.insert(store.read(names.keys), store.read(names.values), 'replace');
    return table;
  };
  return { key: changing, make };
}

/**
 * What an op does with the contents of the table at an input: those of the time of the request when requests change it.
 *
 * @param index - of the table's handle
 */
export function useTable(
  context: OpContext,
  index: number,
  inputs: readonly Value[],
  specs: readonly OutputSpec[],
  use: Use,
): readonly Value[] {
  const { node, table, changing } = tableOf(context, index);
  if (changing !== undefined) return read(context, inputs, specs, use, index);
  const ready = initialized(table, node.name);
  return hostValues(context, inputs, specs, (...tensors) => use(ready(), tensors));
}

type Use = (table: LookupTable, inputs: readonly Tensor[]) => readonly Tensor[];

function read(
  context: OpContext,
  inputs: readonly Value[],
  specs: readonly OutputSpec[],
  use: Use,
  index = 0,
): readonly Value[] {
  return accessTable(context.builder, context.node.op, stored(context, index), 'read', inputs, specs, use);
}

function change(
  context: OpContext,
  inputs: readonly number[],
  use: (table: LookupTable, inputs: readonly Tensor[]) => void,
): readonly Value[] {
  if (!isMutableTable(tableOf(context).node)) throw context.refuse('its table is filled once, and not by requests');
  const values = inputs.map((index) => context.input(index));
  return accessTable(context.builder, context.node.op, stored(context), 'write', values, [], (table, tensors) => {
    use(table, tensors);
    return [];
  });
}

/** The table, or TensorFlow's error of the request that reads it. */
function initialized(table: LookupTable | undefined, name: string): () => LookupTable {
  return () => {
    if (table !== undefined) return table;
    throw new SavedModelError('FAILED_PRECONDITION', 'UNINITIALIZED_TABLE', `Table not initialized. (${name})`);
  };
}
