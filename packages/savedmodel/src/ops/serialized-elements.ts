import { compressElement, uncompressElement } from '../kernels/compressed-element.js';
import { deserializeSparse, serializeManySparse, serializeSparse } from '../kernels/serialized-sparse.js';
import { sparseExtremes } from '../kernels/sparse-extremes.js';
import { unknownDim, type OutputSpec } from '../onnx/known-shapes.js';
import { hostValue, hostValues } from './host-value.js';
import { OpFamily } from './registry.js';
import { sparseSpecs } from './strings.js';

/** Sparse tensors and elements of datasets as strings and variants, which hold the same bytes here. */
export const serializedElements = new OpFamily('serialized sparse tensors')
  .host('SerializeSparse', (context) =>
    hostValue(context, context.inputs(), { dtype: 'string', shape: [3] }, serializeSparse),
  )
  .host('SerializeManySparse', (context) =>
    hostValue(context, context.inputs(), { dtype: 'string', shape: [unknownDim(), 3] }, serializeManySparse),
  )
  .host('DeserializeSparse DeserializeManySparse', (context) => {
    const dtype = context.attrs.dtype('dtype');
    const specs = sparseSpecs(context, dtype, unknownDim());
    return hostValues(context, context.inputs(), specs, (serialized) => deserializeSparse(serialized, dtype));
  })
  .host('CompressElement', (context) =>
    hostValue(context, context.inputs(), { dtype: 'string', shape: [] }, compressElement),
  )
  .host('UncompressElement', (context) => {
    const dtypes = context.attrs.dtypes('output_types');
    const shapes = context.attrs.shapes('output_shapes');
    const specs = dtypes.map((dtype, i): OutputSpec => ({
      dtype,
      shape: shapes[i]?.map((dim) => dim ?? unknownDim()),
    }));
    return hostValues(context, context.inputs(), specs, (element) => uncompressElement(element, dtypes, shapes));
  })
  .host('SparseSparseMaximum SparseSparseMinimum', (context) => {
    const count = unknownDim();
    const specs: OutputSpec[] = [
      { dtype: 'int64', shape: [count, context.input(0).shape?.[1] ?? unknownDim()] },
      { dtype: context.input(1).dtype, shape: [count] },
    ];
    const greater = context.node.op === 'SparseSparseMaximum';
    return hostValues(context, context.inputs(), specs, (...inputs) => sparseExtremes(inputs, greater));
  });
