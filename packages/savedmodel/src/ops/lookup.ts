import { int64s } from '../kernels/byte-strings.js';
import type { LookupTable } from '../kernels/lookup-table.js';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { emptyTable, isMutableTable, TABLE_OPS } from '../tables/table-nodes.js';
import { OpFamily, type OpContext } from './registry.js';
import { hostValue, hostValues } from './host-value.js';

/** Lookup tables, which are filled before the first request and only read by requests. */
export const lookup = new OpFamily('lookup tables')
  .compile(TABLE_OPS.join(' '), (context) => ({
    kind: 'table',
    node: context.node,
    table: context.table(context.node),
  }))
  .host('LookupTableFindV2 LookupTableFind', (context) => {
    const { node, table } = tableOf(context);
    const [keys, fallback] = [context.input(1), context.input(2)];
    const { valueDtype, valueShape } = table ?? emptyTable(node);
    const shape = keys.shape && [...keys.shape, ...valueShape];
    const read = initialized(table, node.name);
    return hostValue(context, [keys, fallback], { dtype: valueDtype, shape }, (k, d) => read().find(k, d));
  })
  .host('LookupTableSizeV2 LookupTableSize', (context) => {
    const { node, table } = tableOf(context);
    if (table !== undefined) return context.builder.constant(int64s([table.size], []));
    return hostValue(context, [], { dtype: 'int64', shape: [] }, () =>
      int64s([initialized(table, node.name)().size], []),
    );
  })
  .host('LookupTableExportV2 LookupTableExport', (context) => {
    const { node, table } = tableOf(context);
    if (table !== undefined) return table.export().map((tensor) => context.builder.constant(tensor));
    const { keyDtype, valueDtype } = emptyTable(node);
    const specs = [
      { dtype: keyDtype, shape: undefined },
      { dtype: valueDtype, shape: undefined },
    ];
    return hostValues(context, [], specs, () => initialized(table, node.name)().export());
  });

function tableOf(context: OpContext) {
  const resource = context.resource(0);
  if (resource.kind !== 'table') throw context.refuse(`its input 0 is a ${resource.kind}, not a table`);
  return {
    node: resource.node,
    table: resource.table ?? (isMutableTable(resource.node) ? emptyTable(resource.node) : undefined),
  };
}

/** The table, or TensorFlow's error of the request that reads it. */
function initialized(table: LookupTable | undefined, name: string): () => LookupTable {
  return () => {
    if (table !== undefined) return table;
    throw new SavedModelError('FAILED_PRECONDITION', 'UNINITIALIZED_TABLE', `Table not initialized. (${name})`);
  };
}
