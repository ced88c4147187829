import type { Combination } from '../kernels/update-variable.js';
import { combineVariable, rowIndices, scatterVariable } from '../kernels/update-variable.js';
import { isInitialized, writeVariable } from '../onnx/variable-access.js';
import type { Lowered } from '../onnx/resource.js';
import { OpFamily, type OpContext } from './registry.js';

/**
 * Variables that no signature changes are constants from the checkpoint. The others are read and written by the host, in
 * the store of the loaded model.
 */
export const variables = new OpFamily('variables')
  .compile('VarHandleOp', (context) => context.variable(context.node))
  .compile('VariableV2 Variable', (context) => {
    const variable = context.variable(context.node);
    return variable.value ?? variable;
  })
  .compile('ReadVariableOp', (context) => context.variableValue(0))
  .compile('VariableShape', (context) =>
    context.builder.cast(context.builder.shapeOf(context.variableValue(0)), context.attrs.dtype('out_type', 'int32')),
  )
  .compile('VarIsInitializedOp IsVariableInitialized', (context) => {
    const variable = context.variableAt(0);
    return variable.value === undefined ? isInitialized(context.builder, variable) : context.builder.scalar('bool', 1);
  })
  .host('AssignVariableOp Assign', (context) =>
    write(context, [1], (key, store, [value]) => {
      if (value !== undefined) store.assign(key, value);
    }),
  )
  .host('AssignAddVariableOp AssignAdd', (context) => combined(context, 'Add'))
  .host('AssignSubVariableOp AssignSub', (context) => combined(context, 'Sub'))
  .host(scatterOps(['Update', 'Add', 'Sub', 'Mul', 'Div', 'Min', 'Max']), (context) => scattered(context, 'rows'))
  .host(scatterOps(['NdUpdate', 'NdAdd', 'NdSub', 'NdMin', 'NdMax']), (context) => scattered(context, 'indices'));

type Write = (
  key: string,
  store: Parameters<Parameters<typeof writeVariable>[4]>[0],
  inputs: Parameters<Parameters<typeof writeVariable>[4]>[1],
) => void;

/** A write at this node; ops on reference variables return the reference. */
function write(context: OpContext, inputs: readonly number[], change: Write): Lowered | readonly Lowered[] {
  const variable = context.variableAt(0);
  const { builder, node } = context;
  writeVariable(
    builder,
    node.op,
    variable,
    inputs.map((index) => context.input(index)),
    (store, tensors) => change(variable.key, store, tensors),
  );
  return variable.isReference ? variable : [];
}

function combined(context: OpContext, how: 'Add' | 'Sub') {
  return write(context, [1], (key, store, [change]) => {
    if (change !== undefined) store.update(key, (value) => combineVariable(value, change, how));
  });
}

function scatterOps(kinds: readonly string[]): string {
  return kinds.flatMap((kind) => [`ResourceScatter${kind}`, `Scatter${kind}`]).join(' ');
}

function scattered(context: OpContext, by: 'rows' | 'indices') {
  const how = context.node.op.replace(/^(Resource)?Scatter(Nd)?/, '') as Combination;
  return write(context, [1, 2], (key, store, [indices, updates]) => {
    if (indices === undefined || updates === undefined) return;
    const at = by === 'rows' ? rowIndices(indices) : indices;
    store.update(key, (value) => scatterVariable(value, at, updates, how));
  });
}
