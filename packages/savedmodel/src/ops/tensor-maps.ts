import type { Tensor } from '@servable/tensor';
import {
  emptyMap,
  eraseFromMap,
  insertIntoMap,
  lookUpInMap,
  mapHasKey,
  mapSize,
  stackMapKeys,
} from '../kernels/tensor-map.js';
import { unknownDim, type OutputSpec } from '../onnx/known-shapes.js';
import { sameDim, type Shape, type Value } from '../onnx/value.js';
import { hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** What all keys and all values of a map have in common. */
interface MapShapes {
  readonly key: Shape | undefined;
  readonly value: Shape | undefined;
}

/** Maps that are not here may hold anything, as those that a loop carries. */
const knownShapes = new WeakMap<Value, MapShapes | 'empty'>();

/** A variant between ops: see kernels/variant.ts. */
const map: OutputSpec = { dtype: 'string', shape: [] };

function mapOf(context: OpContext, kernel: (...inputs: Tensor[]) => Tensor, shapes: MapShapes | 'empty' | undefined) {
  const value = hostValue(context, context.inputs(), map, kernel);
  if (shapes !== undefined) knownShapes.set(value, shapes);
  return value;
}

function common(a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (a === undefined || b === undefined || a.length !== b.length) return undefined;
  return a.map((dim, i) => (sameDim(dim, b[i]) ? dim : unknownDim()));
}

function withEntry(context: OpContext): MapShapes | undefined {
  const before = knownShapes.get(context.input(0));
  const own = { key: context.input(1).shape, value: context.input(2).shape };
  if (before === 'empty') return own;
  return before && { key: common(before.key, own.key), value: common(before.value, own.value) };
}

function shapesOf(context: OpContext): Partial<MapShapes> {
  const known = knownShapes.get(context.input(0));
  return known === undefined || known === 'empty' ? {} : known;
}

/** Maps from tensors to tensors. */
export const tensorMaps = new OpFamily('maps of tensors')
  .compile('EmptyTensorMap', ({ builder }) => {
    const value = builder.constant(emptyMap());
    knownShapes.set(value, 'empty');
    return value;
  })
  .host('TensorMapInsert', (context) => mapOf(context, insertIntoMap, withEntry(context)))
  .host('TensorMapErase', (context) => mapOf(context, eraseFromMap, knownShapes.get(context.input(0))))
  .host('TensorMapLookup', (context) => {
    const dtype = context.attrs.dtype('value_dtype');
    return hostValue(context, context.inputs(), { dtype, shape: shapesOf(context).value }, (from, key) =>
      lookUpInMap(from, key, dtype),
    );
  })
  .host('TensorMapHasKey', (context) => hostValue(context, context.inputs(), { dtype: 'bool', shape: [] }, mapHasKey))
  .host('TensorMapSize', (context) => hostValue(context, context.inputs(), { dtype: 'int32', shape: [] }, mapSize))
  .host('TensorMapStackKeys', (context) => {
    const dtype = context.attrs.dtype('key_dtype');
    const { key } = shapesOf(context);
    return hostValue(context, context.inputs(), { dtype, shape: key && [unknownDim(), ...key] }, (from) =>
      stackMapKeys(from, dtype),
    );
  });
