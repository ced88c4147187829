import { choose, nextIf, onlyIf, open, placeholder, type Component, type Dataset } from '../onnx/dataset.js';
import type { Builder } from '../onnx/builder.js';
import { knownIntegers, unknownDim } from '../onnx/known-shapes.js';
import { isResource, type Lowered, type Resource } from '../onnx/resource.js';
import type { Value } from '../onnx/value.js';
import { WRITES } from '../graph/written-variables.js';
import { requireAll } from './guard.js';
import { OpFamily, type OpContext } from './registry.js';
import { batched, paddedBatch } from './dataset-batches.js';
import { flatMapped, unbatched } from './dataset-nesting.js';
import { valueLoop } from './value-loop.js';

/** Datasets that a function makes and consumes itself, which become loops. */
export const datasets = new OpFamily('datasets')
  .compile('TensorDataset', (context) => {
    const values = context.inputs().map((value) => context.builder.materialize(value));
    return made({
      components: values.map(({ dtype, shape }) => ({ dtype, shape })),
      start: (builder) => [builder.scalar('bool', 1)],
      next: (builder, [has]) => ({ has: has as Value, elements: values, state: [builder.scalar('bool', 0)] }),
    });
  })
  .compile('TensorSliceDataset', (context) => {
    if (context.attrs.bool('is_files', false)) throw context.refuse('its elements are names of files');
    return made(slicesOf(context, context.inputs()));
  })
  .compile('RangeDataset', (context) => {
    const { builder, attrs } = context;
    const [start, stop, given] = [0, 1, 2].map((i) => builder.cast(context.input(i), 'int64')) as [Value, Value, Value];
    const isStep = builder.emit('Not', [builder.emit('Equal', [given, builder.int(0)])]);
    const step = requireAll(builder, isStep, given, 'step must be a non-zero integer');
    const [dtype = 'int64'] = attrs.dtypes('output_types');
    const rises = builder.emit('Greater', [step, builder.int(0)]);
    return made({
      components: [{ dtype, shape: [] }],
      start: () => [start],
      next: (inner, [at]) => {
        const current = at as Value;
        const isBelow = inner.emit('And', [rises, inner.emit('Less', [current, stop])]);
        const isAbove = inner.emit('And', [inner.emit('Not', [rises]), inner.emit('Greater', [current, stop])]);
        const has = inner.emit('Or', [isBelow, isAbove]);
        return { has, elements: [inner.cast(current, dtype)], state: [inner.emit('Add', [current, step])] };
      },
    });
  })
  .compile('ZipDataset', (context) => {
    const parts = Array.from({ length: context.inputCount }, (_, i) => datasetAt(context, i));
    const components = parts.flatMap((part) => part.components);
    return made({
      components,
      start: (builder) => parts.flatMap((part) => part.start(builder)),
      next: (builder, state) => {
        const sizes = parts.map((part) => part.start(scratch(builder)).length);
        let [has, at] = [builder.scalar('bool', 1), 0];
        const results = parts.map((part, i) => {
          // What stands behind the first end is not asked for.
          const result = nextIf(builder, has, part, state.slice(at, (at += sizes[i]!)));
          has = result.has;
          return result;
        });
        return { has, elements: results.flatMap(({ elements }) => elements), state: results.flatMap((r) => r.state) };
      },
    });
  })
  .compile('ConcatenateDataset', (context) => {
    const [a, b] = [datasetAt(context, 0), datasetAt(context, 1)];
    const components = componentsOf(context);
    return made({
      components,
      start: (builder) => [...a.start(builder), ...b.start(builder)],
      next: (builder, state) => {
        const size = a.start(scratch(builder)).length;
        const first = a.next(builder, state.slice(0, size));
        const second = nextIf(builder, builder.emit('Not', [first.has]), b, state.slice(size));
        const elements = choose(
          builder,
          first.has,
          components,
          () => first.elements,
          () => second.elements,
        );
        return { has: builder.emit('Or', [first.has, second.has]), elements, state: [...first.state, ...second.state] };
      },
    });
  })
  .compile('TakeDataset', (context) => {
    const input = datasetAt(context, 0);
    const count = scalarAt(context, 1);
    return made({
      components: input.components,
      start: (builder) => [count, ...input.start(builder)],
      next: (builder, [left, ...state]) => {
        const wants = builder.emit('Not', [builder.emit('Equal', [left, builder.int(0)])]);
        const result = nextIf(builder, wants, input, state);
        // Below zero there is no end.
        return { ...result, state: [builder.emit('Sub', [left, builder.int(1)]), ...result.state] };
      },
    });
  })
  .compile('SkipDataset', (context) => {
    const input = datasetAt(context, 0);
    const count = scalarAt(context, 1);
    return made({
      components: input.components,
      start: (builder) => {
        const initial = [count, ...input.start(builder)];
        const first = builder.emit('Not', [builder.emit('Equal', [count, builder.int(0)])]);
        return valueLoop(builder, initial, { first }, (inner, [left, ...state]) => {
          const { has, state: next } = input.next(inner, state);
          const rest = inner.emit('Sub', [left, inner.int(1)]);
          const goesOn = inner.emit('And', [has, inner.emit('Not', [inner.emit('Equal', [rest, inner.int(0)])])]);
          return { goesOn, next: [rest, ...next] };
        }).values.slice(1);
      },
      next: (builder, state) => input.next(builder, state),
    });
  })
  .compile('RepeatDataset', (context) => {
    const input = datasetAt(context, 0);
    const count = scalarAt(context, 1);
    return made({
      components: input.components,
      start: (builder) => [count, ...input.start(builder)],
      next: (builder, [left, ...state]) => {
        const wants = builder.emit('Not', [builder.emit('Equal', [left, builder.int(0)])]);
        const first = nextIf(builder, wants, input, state);
        const isLast = builder.emit('Equal', [left, builder.int(1)]);
        const again = builder.emit('And', [wants, builder.emit('Not', [builder.emit('Or', [first.has, isLast])])]);
        const restart = choose(
          builder,
          again,
          [...state.map(open)],
          (inner) => input.start(inner),
          () => first.state,
        );
        const second = nextIf(builder, again, input, restart);
        const elements = choose(
          builder,
          first.has,
          input.components,
          () => first.elements,
          () => second.elements,
        );
        const rest = builder.emit('Sub', [left, builder.cast(again, 'int64')]);
        return { has: builder.emit('Or', [first.has, second.has]), elements, state: [rest, ...second.state] };
      },
    });
  })
  .compile('MapDataset ParallelMapDataset ParallelMapDatasetV2', (context) => {
    inOrder(context);
    const input = datasetAt(context, 0);
    const components = componentsOf(context);
    const apply = functionOf(context, 'f', 1);
    return made({
      components,
      start: (builder) => input.start(builder),
      next: (builder, state) => {
        const { has, elements, state: after } = input.next(builder, state);
        return { has, elements: onlyIf(builder, has, components, (inner) => apply(inner, elements)), state: after };
      },
    });
  })
  .compile('FilterDataset', (context) => {
    const input = datasetAt(context, 0);
    const { components } = input;
    const keeps = functionOf(context, 'predicate', 1);
    return made({
      components,
      start: (builder) => input.start(builder),
      next: (builder, state) => {
        const size = state.length;
        const initial = [...state, builder.scalar('bool', 0), ...components.map((c) => placeholder(builder, c))];
        const { values } = valueLoop(builder, initial, { first: builder.scalar('bool', 1) }, (inner, carried) => {
          const { has, elements, state: after } = input.next(inner, carried.slice(0, size));
          const [kept] = onlyIf(inner, has, [{ dtype: 'bool', shape: [] }], (side) => keeps(side, elements));
          const goesOn = inner.emit('And', [has, inner.emit('Not', [kept])]);
          return { goesOn, next: [...after, has, ...elements] };
        });
        return { has: values[size] as Value, elements: values.slice(size + 1), state: values.slice(0, size) };
      },
    });
  })
  .compile('TakeWhileDataset', (context) => {
    const input = datasetAt(context, 0);
    const keeps = functionOf(context, 'predicate', 1);
    return made({
      components: input.components,
      start: (builder) => [builder.scalar('bool', 1), ...input.start(builder)],
      next: (builder, [goesOn, ...state]) => {
        const result = nextIf(builder, goesOn as Value, input, state);
        const [kept] = onlyIf(builder, result.has, [{ dtype: 'bool', shape: [] }], (inner) =>
          keeps(inner, result.elements),
        );
        return { has: kept as Value, elements: result.elements, state: [kept as Value, ...result.state] };
      },
    });
  })
  .compile('ScanDataset', (context) => {
    const input = datasetAt(context, 0);
    const components = componentsOf(context);
    const count = context.attrs.listLength('Tstate');
    const initial = tensorsFrom(context, 1, count);
    const apply = functionOf(context, 'f', 1 + count);
    return made({
      components,
      start: (builder) => [...initial, ...input.start(builder)],
      next: (builder, carried) => {
        const before = carried.slice(0, count);
        const { has, elements, state } = input.next(builder, carried.slice(count));
        const results = choose(
          builder,
          has,
          [...before.map(open), ...components],
          (inner) => apply(inner, [...before, ...elements]),
          (inner) => [...before, ...components.map((component) => placeholder(inner, component))],
        );
        return { has, elements: results.slice(count), state: [...results.slice(0, count), ...state] };
      },
    });
  })
  .compile('BatchDataset BatchDatasetV2 ParallelBatchDataset', (context) => {
    inOrder(context);
    const drops = context.node.op === 'BatchDataset' ? undefined : context.input(context.inputCount - 1);
    return made(batched(context, datasetAt(context, 0), scalarAt(context, 1), drops, componentsOf(context)));
  })
  .compile('PaddedBatchDataset PaddedBatchDatasetV2', (context) => {
    const count = context.attrs.int('N');
    const drops = context.node.op === 'PaddedBatchDataset' ? undefined : context.input(2 + 2 * count);
    const padding = { shapes: tensorsFrom(context, 2, count), values: tensorsFrom(context, 2 + count, count) };
    const input = datasetAt(context, 0);
    return made(paddedBatch(context, input, scalarAt(context, 1), drops, paddedComponents(context), padding));
  })
  .compile('FlatMapDataset', (context) => {
    const make = datasetFunction(context, 1);
    return made(flatMapped(datasetAt(context, 0), componentsOf(context), make));
  })
  .compile('InterleaveDataset', (context) => {
    const [cycle] = knownIntegers(context.input(context.inputCount - 2)) ?? [];
    if (cycle !== 1) throw context.refuse(`it takes elements of ${cycle ?? 'any number of'} datasets in turn`);
    return made(flatMapped(datasetAt(context, 0), componentsOf(context), datasetFunction(context, 1)));
  })
  .compile('UnbatchDataset', (context) =>
    made(unbatched(datasetAt(context, 0), componentsOf(context), (builder, rows) => slicesIn(builder, context, rows))),
  )
  .compile(
    'PrefetchDataset CacheDataset CacheDatasetV2 OptionsDataset ModelDataset RewriteDataset AssertCardinalityDataset',
    (context) => context.resource(0),
  )
  .compile('DummyMemoryCache DummySeedGenerator', ({ builder }) => builder.scalar('bool', 0))
  .compile('ShuffleDataset ShuffleDatasetV2 ShuffleDatasetV3', (context) => {
    throw context.refuse('it puts elements into an order of chance');
  })
  .native('ReduceDataset', (context) => {
    const { builder } = context;
    const input = datasetAt(context, 0);
    const count = context.attrs.listLength('Tstate');
    const initial = tensorsFrom(context, 1, count);
    const apply = functionOf(context, 'f', 1 + count);
    const all = [...initial, ...input.start(builder)];
    const { values } = valueLoop(builder, all, { first: builder.scalar('bool', 1) }, (inner, carried) => {
      const before = carried.slice(0, count);
      const { has, elements, state } = input.next(inner, carried.slice(count));
      const after = choose(
        inner,
        has,
        before.map(open),
        (side) => apply(side, [...before, ...elements]),
        () => before,
      );
      return { goesOn: has, next: [...after, ...state] };
    });
    return values.slice(0, count);
  });

export const made = (dataset: Dataset): Resource => ({ kind: 'dataset', dataset });

export function datasetAt(context: OpContext, index: number): Dataset {
  const resource = context.resource(index);
  if (resource.kind === 'dataset') return resource.dataset;
  throw context.refuse(`its input ${index} is a ${resource.kind}, where a dataset is expected`);
}

/** A builder whose nodes nobody wants: to see how many values a state has. */
const scratch = (builder: Builder): Builder => builder.child('host');

/** What the op says of its elements. */
export function componentsOf(context: OpContext): readonly Component[] {
  const shapes = context.attrs.shapes('output_shapes');
  return context.attrs
    .dtypes('output_types')
    .map((dtype, i) => ({ dtype, shape: shapes[i]?.map((dim) => dim ?? unknownDim()) }));
}

function paddedComponents(context: OpContext): readonly Component[] {
  const shapes = context.attrs.shapes('output_shapes');
  return context.attrs
    .dtypes('Toutput_types')
    .map((dtype, i) => ({ dtype, shape: shapes[i]?.map((dim) => dim ?? unknownDim()) }));
}

function scalarAt(context: OpContext, index: number): Value {
  return context.builder.reshape(context.builder.cast(context.input(index), 'int64'), []);
}

function tensorsFrom(context: OpContext, first: number, count: number): readonly Value[] {
  return Array.from({ length: count }, (_, i) => context.builder.materialize(context.input(first + i)));
}

/** What the engine need not keep to an order is in order unless the model says that it may not be. */
function inOrder(context: OpContext): void {
  const isSloppy = context.attrs.bool('sloppy', false) || context.attrs.string('deterministic', 'default') === 'false';
  if (isSloppy) throw context.refuse('its elements may come in any order');
}

/** The arguments of a function behind the elements: those inputs from `first` on that the function was made with. */
function capturedFrom(context: OpContext, first: number): readonly Lowered[] {
  const count = context.attrs.has('Targuments') ? context.attrs.listLength('Targuments') : 0;
  return Array.from({ length: count }, (_, i) => {
    const arg = context.given(first + i);
    return isResource(arg) ? arg : context.builder.materialize(arg);
  });
}

/** A function of elements. @param first - the input at which the values begin that it was made with */
function functionOf(context: OpContext, attribute: string, first: number) {
  const body = context.body(attribute);
  const captured = capturedFrom(context, first);
  return (builder: Builder, elements: readonly Value[]): readonly Value[] =>
    context.lowerBody(body, [...elements, ...captured], builder).map((result) => {
      if (!isResource(result)) return result;
      throw context.refuse(`its function returns a ${result.kind}, where a tensor is expected`);
    });
}

/** A function that makes a dataset of an element. */
function datasetFunction(context: OpContext, first: number) {
  const body = context.body('f');
  // It is run anew for every element of the dataset that it makes.
  const changing = body.nodes.find(({ op }) => WRITES.has(op) || /Random|Multinomial|^Print/.test(op));
  if (changing !== undefined) throw context.refuse(`its function does not make the same each time (${changing.op})`);
  const captured = capturedFrom(context, first);
  return (builder: Builder, elements: readonly Value[]): Dataset => {
    const [result] = context.lowerBody(body, [...elements, ...captured], builder);
    if (result !== undefined && isResource(result) && result.kind === 'dataset') return result.dataset;
    throw context.refuse('its function does not return a dataset');
  };
}

function slicesOf(context: OpContext, tensors: readonly Value[]): Dataset {
  return slicesIn(context.builder, context, tensors);
}

/** The rows of tensors that have as many of them. */
function slicesIn(builder: Builder, context: OpContext, tensors: readonly Value[]): Dataset {
  const values = tensors.map((value) => {
    if (value.shape?.length === 0) throw context.refuse('it cuts a scalar into slices');
    return builder.materialize(value);
  });
  const sizes = values.map((value) => builder.slice(builder.shapeOf(value), 0, 0, 1));
  const [first] = sizes;
  if (first === undefined) throw context.refuse('it has no components');
  const alike = sizes.slice(1).map((size) => builder.emit('Equal', [size, first]));
  let count = builder.reshape(first, []);
  if (alike.length > 0) {
    count = requireAll(
      builder,
      builder.concat(alike, 0),
      count,
      'components must have the same size in the 0th dimension',
    );
  }
  const components = values.map(({ dtype, shape }) => ({ dtype, shape: shape?.slice(1) }));
  return {
    components,
    start: (inner) => [inner.int(0)],
    next: (inner, [at]) => {
      const index = at as Value;
      const has = inner.emit('Less', [index, count]);
      const elements = onlyIf(inner, has, components, (side) =>
        values.map((value) => side.emit('Gather', [value, index], { axis: 0 })),
      );
      return { has, elements, state: [inner.emit('Add', [index, inner.int(1)])] };
    },
  };
}
