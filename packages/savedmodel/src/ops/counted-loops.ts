import { knownIntegers, unknownDim } from '../onnx/known-shapes.js';
import { isResource, type Lowered } from '../onnx/resource.js';
import { isStatic, type Value } from '../onnx/value.js';
import { bodyArguments } from './body-arguments.js';
import { requireAll } from './guard.js';
import { OpFamily, type OpContext } from './registry.js';
import { valueLoop } from './value-loop.js';

/** Loops that count, and loops over rows. */
export const countedLoops = new OpFamily('counted loops')
  .native('For', (context) => {
    const { builder } = context;
    const args = bodyArguments(context, 3);
    const [start, limit, delta] = [0, 1, 2].map((i) => builder.cast(context.input(i), 'int64')) as [
      Value,
      Value,
      Value,
    ];
    const zero = builder.int(0);
    // A start beyond the limit is refused (tensorflow/core/kernels/functional_ops.cc, `ForOp`).
    const distance = builder.emit('Sub', [limit, start]);
    const product = builder.emit('Mul', [builder.emit('Sign', [distance]), builder.emit('Sign', [delta])]);
    const isSame = builder.emit('Equal', [distance, zero]);
    const ok = builder.emit('Or', [isSame, builder.emit('Greater', [product, zero])]);
    const least = builder.emit('Max', [builder.emit('Abs', [delta]), builder.int(1)]);
    const above = builder.emit('Add', [builder.emit('Abs', [distance]), builder.emit('Sub', [least, builder.int(1)])]);
    const trips = builder.emit('Div', [above, least]);
    const count = requireAll(builder, ok, trips, 'Invalid start, limit and delta');
    if (knownIntegers(count)?.[0] === 0) return args;
    const body = context.body('body');
    const { places, values } = tensorsOf(args);
    const results = valueLoop(builder, values, { count }, (inner, carried, iteration) => {
      const index = inner.emit('Add', [start, inner.emit('Mul', [iteration, delta])]);
      const given = args.map((arg, i) => carried[places.indexOf(i)] ?? arg);
      const made = context.lowerBody(body, [inner.cast(index, 'int32'), ...given], inner);
      made.forEach((value, i) => {
        if (isResource(value) && value !== args[i]) throw context.refuse('an iteration replaces a resource');
      });
      return { next: places.map((place) => tensorAt(context, made[place])) };
    });
    return args.map((arg, i) => results.values[places.indexOf(i)] ?? arg);
  })
  .native('MapDefun', (context) => {
    const { builder, attrs } = context;
    const count = attrs.has('Targuments') ? attrs.listLength('Targuments') : 0;
    const all = bodyArguments(context, 0);
    const rows = all.slice(0, count).map((arg) => tensorAt(context, arg));
    const [first] = rows;
    if (first === undefined) throw context.refuse('it maps nothing');
    const sizes = rows.map((row) => {
      if (row.shape?.length === 0) throw context.refuse('it maps a scalar');
      return builder.slice(builder.shapeOf(row), 0, 0, 1);
    });
    const alike = sizes.slice(1).map((size) => builder.emit('Equal', [size, sizes[0] as Value]));
    let trips = builder.reshape(sizes[0] as Value, []);
    if (alike.length > 0) {
      const complaint = 'All inputs must have the same dimension 0';
      trips = requireAll(builder, builder.concat(alike, 0), trips, complaint);
    }
    const shapes = attrs.shapes('output_shapes');
    const dtypes = attrs.dtypes('output_types');
    const body = context.body('f');
    const { stacked } = valueLoop(builder, [], { count: trips }, (inner, _, iteration) => {
      const elements = rows.map((row) => inner.emit('Gather', [row, iteration], { axis: 0 }));
      const made = context.lowerBody(body, [...elements, ...all.slice(count)], inner);
      return { next: [], stacked: made.map((value) => tensorAt(context, value)) };
    });
    // Of no rows nothing has told the sizes that only the op itself states.
    return stacked.map((value, i) => {
      const stated = shapes[i]?.map((dim) => dim ?? unknownDim());
      if (stated === undefined || !isStatic(stated) || isStatic(value.shape?.slice(1))) return value;
      const lead = builder.slice(builder.shapeOf(value), 0, 0, 1);
      const target = builder.concat([lead, builder.ints(stated)], 0);
      return { ...builder.reshapeTo(value, target), dtype: dtypes[i] ?? value.dtype };
    });
  });

function tensorAt(context: OpContext, value: Lowered | undefined): Value {
  if (value === undefined) throw context.refuse('its body returns fewer values than it has to');
  if (isResource(value)) throw context.refuse(`its body hands on a ${value.kind}, where a tensor is expected`);
  return value;
}

/** The tensors among arguments, and where they stand. */
function tensorsOf(args: readonly Lowered[]): {
  readonly places: readonly number[];
  readonly values: readonly Value[];
} {
  const places = args.flatMap((arg, i) => (isResource(arg) ? [] : [i]));
  return { places, values: places.map((place) => args[place] as Value) };
}
