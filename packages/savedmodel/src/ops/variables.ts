import { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { stridedSliceUpdate } from '../kernels/scatter.js';
import type { Combination } from '../kernels/update-variable.js';
import { combineVariable, rowIndices, scatterVariable } from '../kernels/update-variable.js';
import { isInitialized, writeVariable } from '../onnx/variable-access.js';
import { isResource, type Lowered } from '../onnx/resource.js';
import type { Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';
import { masksOf } from './slicing.js';

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
  .compile('TemporaryVariable', ({ builder }) => ({ kind: 'temporary variable', owner: builder, value: undefined }))
  .compile('DestroyTemporaryVariable', (context) => context.input(0))
  .host('DestroyResourceOp', (context) => {
    const { kind } = context.resource(0);
    if (kind === 'iterator' || kind === 'tensor-array') return [];
    if (kind !== 'variable') throw context.refuse(`it destroys a ${kind} that later requests may need`);
    const ignores = context.attrs.bool('ignore_lookup_error', true);
    return write(context, [], (key, store) => {
      if (!ignores && !store.isInitialized(key)) {
        throw new SavedModelError('NOT_FOUND', 'NO_SUCH_RESOURCE', `Resource ${key} does not exist.`, { node: key });
      }
      store.destroy(key);
    });
  })
  .compile('ReadVariableOp', (context) => context.variableValue(0))
  .compile('VariableShape', (context) =>
    context.builder.cast(context.builder.shapeOf(context.variableValue(0)), context.attrs.dtype('out_type', 'int32')),
  )
  .compile('VarIsInitializedOp IsVariableInitialized', (context) => {
    const variable = context.variableAt(0);
    return variable.value === undefined ? isInitialized(context.builder, variable) : context.builder.scalar('bool', 1);
  })
  .host(
    'AssignVariableOp Assign',
    (context) =>
      onTemporary(context, (_, value) => value) ??
      write(context, [1], (key, store, [value]) => {
        if (value !== undefined) store.assign(key, value);
      }),
  )
  .host('AssignAddVariableOp AssignAdd', (context) => combined(context, 'Add'))
  .host('AssignSubVariableOp AssignSub', (context) => combined(context, 'Sub'))
  .host(scatterOps(['Update', 'Add', 'Sub', 'Mul', 'Div', 'Min', 'Max']), (context) => scattered(context, 'rows'))
  .host('ResourceStridedSliceAssign StridedSliceAssign', (context) => {
    const masks = masksOf(context);
    return write(context, [1, 2, 3, 4], (key, store, [begin, end, strides, value]) => {
      store.update(key, (old) => stridedSliceUpdate(old, begin!, end!, strides!, value!, masks));
    });
  })
  .host('ResourceCountUpTo CountUpTo', (context) => {
    const limit = BigInt(context.attrs.int('limit'));
    const variable = context.variableAt(0);
    const spec = { dtype: variable.dtype, shape: [] };
    return writeVariable(
      context.builder,
      context.node.op,
      variable,
      [],
      (store) => {
        const before = store.read(variable.key);
        store.assign(variable.key, counted(before, limit));
        return [before];
      },
      [spec],
    );
  })
  .host(scatterOps(['NdUpdate', 'NdAdd', 'NdSub', 'NdMin', 'NdMax']), (context) => scattered(context, 'indices'));

/** A change of a variable that lives no longer than a request; undefined for any other. */
function onTemporary(context: OpContext, change: (before: () => Value, operand: Value) => Value): Lowered | undefined {
  const variable = context.given(0);
  if (!isResource(variable) || variable.kind !== 'temporary variable') return undefined;
  if (variable.owner !== context.builder) throw context.refuse('it changes a temporary variable in a loop or branch');
  const before = () => {
    if (variable.value === undefined)
      throw context.refuse('it reads a temporary variable that nothing was assigned to');
    return variable.value;
  };
  variable.value = change(before, context.input(1));
  return variable;
}

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
  const temporary = onTemporary(context, (before, change) => context.builder.emit(how, [before(), change]));
  if (temporary !== undefined) return temporary;
  return write(context, [1], (key, store, [change]) => {
    if (change !== undefined) store.update(key, (value) => combineVariable(value, change, how));
  });
}

/** One more, below a limit. @throws SavedModelError OUT_OF_RANGE at the limit, as TensorFlow's kernel has it */
function counted(before: Tensor, limit: bigint): Tensor {
  const value = BigInt((before.data as Int32Array | BigInt64Array)[0] ?? 0);
  if (value >= limit) {
    throw new SavedModelError('OUT_OF_RANGE', 'COUNTED_UP', `Reached limit of ${limit}`);
  }
  return before.dtype === 'int64'
    ? new Tensor('int64', [], BigInt64Array.of(value + 1n))
    : new Tensor('int32', [], Int32Array.of(Number(value) + 1));
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
