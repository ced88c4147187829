import { OpFamily } from './registry.js';

/** Variables that the signature only reads are constants from the checkpoint. */
export const variables = new OpFamily('variables')
  .compile('VarHandleOp', (context) => ({
    kind: 'variable',
    node: context.node,
    value: context.variable(context.node),
  }))
  .compile('VariableV2 Variable', (context) => context.variable(context.node))
  .compile('ReadVariableOp', (context) => context.variableValue(0))
  .compile('VariableShape', (context) =>
    context.builder.cast(context.builder.shapeOf(context.variableValue(0)), context.attrs.dtype('out_type', 'int32')),
  );
