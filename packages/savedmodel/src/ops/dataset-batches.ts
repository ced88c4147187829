import type { Builder } from '../onnx/builder.js';
import { choose, nextIf, open, placeholder, type Component, type Dataset } from '../onnx/dataset.js';
import { knownIntegers } from '../onnx/known-shapes.js';
import type { Value } from '../onnx/value.js';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { emitCheck } from '../onnx/emit-check.js';
import { HostOpInBody } from '../onnx/host-op-in-body.js';
import { requireAll } from './guard.js';
import type { OpContext } from './registry.js';
import { valueLoop } from './value-loop.js';

function checkedSize(context: OpContext, size: Value): Value {
  const { builder } = context;
  const known = knownIntegers(size)?.[0];
  if (known !== undefined && known > 0) return size;
  return requireAll(
    builder,
    builder.emit('Greater', [size, builder.int(0)]),
    size,
    'Batch size must be greater than zero.',
  );
}

/** Whether a batch of `count` elements is given out. */
function isWhole(builder: Builder, count: Value, size: Value, drops: Value | undefined): Value {
  const some = builder.emit('Greater', [count, builder.int(0)]);
  if (drops === undefined) return some;
  const full = builder.emit('Equal', [count, size]);
  return builder.emit('And', [some, builder.emit('Or', [full, builder.emit('Not', [drops])])]);
}

/** Elements of one shape stacked, `size` at a time. */
export function batched(
  context: OpContext,
  input: Dataset,
  givenSize: Value,
  drops: Value | undefined,
  components: readonly Component[],
): Dataset {
  const size = checkedSize(context, givenSize);
  return {
    components,
    start: (builder) => input.start(builder),
    next: (builder, state) => {
      // The first element is taken in front of the loop, and the next at the end of each iteration: all stack alike.
      const first = input.next(builder, state);
      const width = first.state.length;
      const initial = [...first.state, builder.int(0), ...first.elements];
      const { values, stacked } = valueLoop(builder, initial, { first: first.has }, (inner, carried) => {
        const [before, elements] = [carried.slice(0, width), carried.slice(width + 1)];
        const count = inner.emit('Add', [carried[width], inner.int(1)]);
        const result = nextIf(inner, inner.emit('Less', [count, size]), input, before);
        return { goesOn: result.has, next: [...result.state, count, ...result.elements], stacked: elements };
      });
      const count = values[width] as Value;
      return { has: isWhole(builder, count, size, drops), elements: stacked, state: values.slice(0, width) };
    },
  };
}

/** Sizes that elements are padded to, -1 for that of the largest, and what they are padded with. */
export interface Padding {
  readonly shapes: readonly Value[];
  readonly values: readonly Value[];
}

/** Elements of one rank stacked, each padded to the largest sizes of its batch. */
export function paddedBatch(
  context: OpContext,
  input: Dataset,
  givenSize: Value,
  drops: Value | undefined,
  components: readonly Component[],
  { shapes, values: fillings }: Padding,
): Dataset {
  const size = checkedSize(context, givenSize);
  const { builder: outer } = context;
  const targets = shapes.map((shape) => outer.cast(shape, 'int64'));
  const padTo = (builder: Builder, value: Value, dims: Value, filling: Value): Value => {
    // The engine pads no strings.
    if (value.dtype === 'string' && !builder.runsHostOps) throw new HostOpInBody('Pad', builder.origin);
    const missing = builder.emit('Sub', [dims, builder.shapeOf(value)]);
    const pads = builder.concat([builder.emit('Mul', [missing, builder.int(0)]), missing], 0);
    return builder.emit(
      'Pad',
      [value, pads, filling],
      { mode: 'constant' },
      { dtype: value.dtype, shape: open(value).shape },
    );
  };
  return {
    components,
    start: (builder) => input.start(builder),
    next: (builder, state) => {
      const width = state.length;
      const initial = [...state, builder.int(0), ...components.map((component) => placeholder(builder, component))];
      const { values } = valueLoop(builder, initial, { first: builder.scalar('bool', 1) }, (inner, carried) => {
        const [before, stacks] = [carried.slice(0, width), carried.slice(width + 1)];
        const count = carried[width] as Value;
        const { has, elements, state: after } = input.next(inner, before);
        const grown = choose(
          inner,
          has,
          components,
          (side) =>
            elements.map((element, i) => {
              const [target, stack, filling] = [targets[i]!, stacks[i]!, fillings[i]!];
              const rank = input.components[i]?.shape?.length;
              if (rank === undefined) throw context.refuse('the rank of its elements is not known before a request');
              if (rank === 0) {
                return appended(side, count, stack, side.unsqueeze(element, [0]));
              }
              const own = side.shapeOf(element);
              const isOpen = side.emit('Less', [target, side.int(0)]);
              const fits = side.emit('Or', [isOpen, side.emit('LessOrEqual', [own, target])]);
              emitCheck(side, {
                op: context.node.op,
                holds: side.emit('Equal', [
                  side.emit('ReduceSum', [side.cast(side.emit('Not', [fits]), 'int64'), side.ints([0])], {
                    keepdims: 0,
                  }),
                  side.int(0),
                ]),
                inputs: [],
                fail: () => {
                  throw new SavedModelError(
                    'DATA_LOSS',
                    'PADDED_TO_LESS',
                    'Attempted to pad to a smaller size than the input element.',
                    { node: context.node.name },
                  );
                },
              });
              const stackDims = side.slice(side.shapeOf(stack), 0, 1);
              const isFirst = side.emit('Equal', [count, side.int(0)]);
              const large = side.emit('Max', [
                own,
                side.emit('Where', [isFirst, side.emit('Mul', [own, side.int(0)]), stackDims]),
              ]);
              const dims = side.emit('Where', [isOpen, large, target]);
              const row = side.unsqueeze(padTo(side, element, dims, filling), [0]);
              const [joined] = choose(
                side,
                isFirst,
                [{ dtype: element.dtype, shape: undefined }],
                () => [row],
                (inside) => {
                  const rows = inside.slice(inside.shapeOf(stack), 0, 0, 1);
                  const wide = padTo(inside, stack, inside.concat([rows, dims], 0), filling);
                  return [inside.concat([wide, row], 0)];
                },
              );
              return joined as Value;
            }),
          () => stacks,
        );
        const total = inner.emit('Add', [count, inner.cast(has, 'int64')]);
        const goesOn = inner.emit('And', [has, inner.emit('Less', [total, size])]);
        return { goesOn, next: [...after, total, ...grown] };
      });
      const count = values[width] as Value;
      return {
        has: isWhole(builder, count, size, drops),
        elements: values.slice(width + 1),
        state: values.slice(0, width),
      };
    },
  };
}

/** A stack with one more row. */
function appended(builder: Builder, count: Value, stack: Value, row: Value): Value {
  const isFirst = builder.emit('Equal', [count, builder.int(0)]);
  const [joined] = choose(
    builder,
    isFirst,
    [{ dtype: row.dtype, shape: undefined }],
    () => [row],
    (inner) => [inner.concat([stack, row], 0)],
  );
  return joined as Value;
}
