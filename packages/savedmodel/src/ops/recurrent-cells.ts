import { lstmSequence } from '../kernels/lstm-sequence.js';
import type { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType } from './dtypes.js';
import { hostValues } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Cells of recurrent layers in one op, as TensorFlow 1's contrib layers have them (tensorflow/core/kernels/rnn). */
export const recurrentCells = new OpFamily('recurrent cells')
  .native('LSTMBlockCell', (context) => {
    const { builder } = context;
    const [x, state, hidden, weights, wci, wcf, wco, bias] = context.inputs();
    const row = builder.concat([x!, hidden!], 1);
    const gates = gateSums(context, row, weights!, bias!);
    return lstmStep(context, gates, state!, [wci!, wcf!, wco!]);
  })
  .native('GRUBlockCell', (context) => {
    const { builder } = context;
    const [x, hidden, weights, candidates, bias, candidateBias] = context.inputs();
    const sums = gateSums(context, builder.concat([x!, hidden!], 1), weights!, bias!);
    const [r, u] = split(builder, sums, 2).map((gate) => builder.emit('Sigmoid', [gate]));
    const kept = builder.emit('Mul', [hidden, r]);
    const c = builder.emit('Tanh', [gateSums(context, builder.concat([x!, kept], 1), candidates!, candidateBias!)]);
    const left = builder.emit('Sub', [builder.scalar(c.dtype, 1), u]);
    const h = builder.emit('Add', [builder.emit('Mul', [u, hidden]), builder.emit('Mul', [left, c])]);
    return [r!, u!, c, h];
  })
  .host('BlockLSTM BlockLSTMV2', (context) => {
    const { attrs, builder } = context;
    const second = context.node.op === 'BlockLSTMV2';
    const [steps, x, state, hidden, weights, wci, wcf, wco, bias] = context.inputs();
    const width = weights!.shape?.[1];
    if (typeof width !== 'number') throw context.refuse('the size of its cells is not known before a request');
    const cells = width / 4;
    // What comes of the inputs needs no state: one product for all steps.
    const inputs = builder.emit('Sub', [builder.slice(builder.shapeOf(weights!), 0, 0, 1), builder.ints([cells])]);
    const ofInputs = builder.emit('Slice', [weights, builder.ints([0]), inputs, builder.ints([0])]);
    const ofHidden = builder.slice(weights!, 0, -cells);
    const sums = inComputeDType(builder, [x!, ofInputs, bias!], ([a, b, c]) =>
      builder.emit('Add', [builder.emit('MatMul', [a, b]), c]),
    );
    const options = {
      order: second ? ('ifco' as const) : ('icfo' as const),
      forgetBias: second ? 0 : attrs.float('forget_bias', 1),
      clip: attrs.float('cell_clip', second ? 0 : 3),
      peephole: attrs.bool('use_peephole', false),
    };
    const spec = { dtype: x!.dtype, shape: x!.shape && [...x!.shape.slice(0, 2), cells] };
    return hostValues(
      context,
      [steps!, sums, state!, hidden!, ofHidden, wci!, wcf!, wco!],
      Array.from({ length: 7 }, () => spec),
      (length, gates, c, h, w, i, f, o) => lstmSequence(length, gates, c, h, w, [i, f, o], options),
    );
  });

function gateSums(context: OpContext, row: Value, weights: Value, bias: Value): Value {
  const { builder } = context;
  if (row.dtype !== 'float32') throw context.refuse(`its cells are of ${row.dtype}; only float32 is supported`);
  return builder.emit('Add', [builder.emit('MatMul', [row, weights]), bias]);
}

function split(builder: Builder, value: Value, count: number): readonly Value[] {
  const width = value.shape?.at(-1);
  if (typeof width === 'number') {
    return Array.from({ length: count }, (_, i) =>
      builder.slice(value, 1, (i * width) / count, ((i + 1) * width) / count),
    );
  }
  throw new RangeError('the size of the cells is not known before a request');
}

/** Input gate, state, forget gate, output gate, candidate, activated state and output of one step. */
function lstmStep(
  { builder, attrs }: OpContext,
  gates: Value,
  before: Value,
  peepholes: readonly [Value, Value, Value],
): readonly Value[] {
  const emit = (op: string, ...inputs: readonly Value[]) => builder.emit(op, inputs);
  const n = (value: number) => builder.scalar(gates.dtype, value);
  const parts = split(builder, gates, 4) as [Value, Value, Value, Value];
  const sees = attrs.bool('use_peephole', false);
  const seen = (gate: Value, state: Value, weights: Value) =>
    sees ? emit('Add', gate, emit('Mul', state, weights)) : gate;
  const i = emit('Sigmoid', seen(parts[0], before, peepholes[0]));
  const ci = emit('Tanh', parts[1]);
  const forgets = emit('Add', parts[2], n(attrs.float('forget_bias', 1)));
  const f = emit('Sigmoid', seen(forgets, before, peepholes[1]));
  let cs = emit('Add', emit('Mul', ci, i), emit('Mul', before, f));
  const clip = attrs.float('cell_clip', 3);
  if (clip > 0) cs = emit('Max', emit('Min', cs, n(clip)), n(-clip));
  const o = emit('Sigmoid', seen(parts[3], cs, peepholes[2]));
  const co = emit('Tanh', cs);
  return [i, cs, f, o, ci, co, emit('Mul', co, o)];
}
