import { NO_BYTES, utf8 } from '../kernels/byte-strings.js';
import {
  crossesAsRagged,
  crossesAsSparse,
  crossHashes,
  crossStrings,
  denseColumn,
  keyedHash,
  plainHash,
  raggedColumn,
  sparseColumn,
  type CrossColumn,
} from '../kernels/crosses.js';
import { integerOf, integersOf } from '../kernels/elements.js';
import {
  raggedBincount,
  raggedFillEmptyRows,
  raggedGather,
  raggedRange,
  raggedToSparse,
  raggedToTensor,
  type PartitionType,
} from '../kernels/ragged.js';
import { countDense, countRagged, countSparse, type CountOptions } from '../kernels/sparse-counts.js';
import { knownIntegers, type OutputSpec } from '../onnx/known-shapes.js';
import type { Dim, Shape } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';
import { hostValue, hostValues } from './host-value.js';
import { sparseSpecs } from './strings.js';
import type { Tensor } from '@servable/tensor';

/** Ragged tensors, which travel as their values and row splits, and what counts or crosses their rows. */
export const ragged = new OpFamily('ragged tensors')
  .host('RaggedTensorToTensor', (context) => {
    const { builder, attrs } = context;
    const types = attrs.strings('row_partition_types') as readonly PartitionType[];
    const [shape, values] = [context.input(0), context.input(1)];
    const raggedRank = types.filter((type) => type !== 'FIRST_DIM_SIZE').length;
    const inner = values.shape?.slice(1);
    const given = shape.shape?.length === 1 ? knownIntegers(shape) : undefined;
    const known: Shape | undefined = inner && [
      ...Array.from({ length: raggedRank + 1 }, (_, i): Dim => {
        const dim = given?.[i] ?? -1;
        return dim < 0 ? builder.unknownDim() : dim;
      }),
      ...inner,
    ];
    return hostValue(context, context.inputs(), { dtype: values.dtype, shape: known }, (s, v, d, ...partitions) =>
      raggedToTensor(s, v, d, partitions, types),
    );
  })
  .compile('RaggedTensorToVariant', (context) => {
    const inputs = context.inputs();
    return { kind: 'ragged', splits: inputs.slice(0, -1), values: inputs[inputs.length - 1]! };
  })
  .compile('RaggedTensorFromVariant', (context) => {
    const rank = context.attrs.int('output_ragged_rank');
    const ragged = context.resource(0);
    if (ragged.kind !== 'ragged') throw context.refuse(`its input 0 is a ${ragged.kind}, not a ragged tensor`);
    if (ragged.splits.length !== rank) {
      throw context.refuse(
        `it unpacks ${rank} ragged dimensions of a variant that was packed with ${ragged.splits.length}`,
      );
    }
    return [...ragged.splits, ragged.values];
  })
  .host('RaggedFillEmptyRows', (context) => {
    const { builder } = context;
    const [values, count] = [context.input(1), builder.unknownDim()];
    const specs: OutputSpec[] = [
      { dtype: 'int64', shape: [count] },
      { dtype: values.dtype, shape: [count] },
      { dtype: 'bool', shape: [builder.unknownDim()] },
      { dtype: 'int64', shape: values.shape },
    ];
    return hostValues(context, context.inputs(), specs, raggedFillEmptyRows);
  })
  .host('RaggedTensorToSparse', (context) => {
    const count = context.attrs.int('RAGGED_RANK');
    const values = context.input(count);
    const rank = values.shape && values.shape.length + count;
    return hostValues(
      context,
      context.inputs(),
      sparseSpecs(context, values.dtype, rank ?? context.builder.unknownDim()),
      (...inputs) => raggedToSparse(inputs.slice(0, count), inputs[count]!),
    );
  })
  .host('RaggedRange', (context) => {
    const { builder } = context;
    const splits = context.attrs.dtype('Tsplits', 'int64');
    const specs: OutputSpec[] = [
      { dtype: splits, shape: [builder.unknownDim()] },
      { dtype: context.input(0).dtype, shape: [builder.unknownDim()] },
    ];
    return hostValues(context, context.inputs(), specs, (from, to, by) => raggedRange(from, to, by, splits));
  })
  .host('RaggedGather', (context) => {
    const { builder } = context;
    const count = context.attrs.int('PARAMS_RAGGED_RANK');
    const outputs = context.attrs.int('OUTPUT_RAGGED_RANK');
    const values = context.input(count);
    const splits = context.input(0).dtype;
    const specs: OutputSpec[] = [
      ...Array.from({ length: outputs }, () => ({ dtype: splits, shape: [builder.unknownDim()] })),
      { dtype: values.dtype, shape: values.shape && [builder.unknownDim(), ...values.shape.slice(1)] },
    ];
    return hostValues(context, context.inputs(), specs, (...inputs) =>
      raggedGather(inputs.slice(0, count), inputs[count]!, inputs[count + 1]!),
    );
  })
  .host('RaggedBincount', (context) => {
    const { builder } = context;
    const binary = context.attrs.bool('binary_output', false);
    const [width] = knownIntegers(context.input(2)) ?? [];
    const spec = { dtype: context.input(3).dtype, shape: [builder.unknownDim(), width ?? builder.unknownDim()] };
    return hostValue(context, context.inputs(), spec, (splits, values, size, weights) =>
      raggedBincount(splits, values, size, weights, binary),
    );
  })
  .host('DenseCountSparseOutput', (context) => {
    const options = countOptions(context);
    const rank = context.input(0).shape?.length;
    return hostValues(
      context,
      context.inputs(),
      sparseSpecs(context, options.dtype, rank ?? context.builder.unknownDim()),
      (values, weights) => countDense(values, weights, options),
    );
  })
  .host('RaggedCountSparseOutput', (context) => {
    const options = countOptions(context);
    return hostValues(context, context.inputs(), sparseSpecs(context, options.dtype, 2), (splits, values, weights) =>
      countRagged(splits, values, weights, options),
    );
  })
  .host('SparseCountSparseOutput', (context) => {
    const options = countOptions(context);
    const rank = context.builder.unknownDim();
    return hostValues(
      context,
      context.inputs(),
      sparseSpecs(context, options.dtype, rank),
      (indices, values, shape, weights) => countSparse(indices, values, shape, weights, options),
    );
  })
  .host('SparseCross', (context) => {
    const { attrs } = context;
    const read = crossColumns(context);
    const [buckets, key] = [attrs.bigint('num_buckets'), BigInt.asUintN(64, attrs.bigint('hash_key'))];
    const hashed = attrs.bool('hashed_output');
    return hostValues(context, context.inputs(), sparseSpecs(context, attrs.dtype('out_type'), 2), (...inputs) =>
      crossesAsSparse(
        hashed ? crossHashes(read(inputs), buckets, plainHash, key) : crossStrings(read(inputs), utf8('_X_')),
      ),
    );
  })
  .host('SparseCrossV2', (context) => {
    const read = crossColumns(context);
    return hostValues(context, context.inputs(), sparseSpecs(context, 'string', 2), (...inputs) => {
      const separator = inputs.at(-1);
      return crossesAsSparse(
        crossStrings(read(inputs), separator?.is('string') ? (separator.data[0] ?? NO_BYTES) : NO_BYTES),
      );
    });
  })
  .host('SparseCrossHashed', (context) => {
    const read = crossColumns(context);
    return hostValues(context, context.inputs(), sparseSpecs(context, 'int64', 2), (...inputs) => {
      const [buckets, strong, salt] = inputs.slice(-3) as [Tensor, Tensor, Tensor];
      const [first = 0n, second = 0n] = Array.from(salt.data as BigInt64Array);
      const hash = keyedHash(strong.data[0] === 1, [first, second]);
      return crossesAsSparse(crossHashes(read(inputs), (buckets.data as BigInt64Array)[0] ?? 0n, hash, undefined));
    });
  })
  .host('RaggedCross', (context) => {
    const { attrs, builder } = context;
    const order = attrs.string('input_order');
    const counts = {
      ragged: attrs.dtypes('ragged_values_types', []).length,
      sparse: attrs.int('Nsparse'),
      dense: attrs.dtypes('dense_types', []).length,
    };
    const hashed = attrs.bool('hashed_output');
    const [buckets, key] = [attrs.bigint('num_buckets'), BigInt.asUintN(64, attrs.bigint('hash_key'))];
    const splits = attrs.dtype('out_row_splits_type');
    const specs: OutputSpec[] = [
      { dtype: attrs.dtype('out_values_type'), shape: [builder.unknownDim()] },
      { dtype: splits, shape: [builder.unknownDim()] },
    ];
    return hostValues(context, context.inputs(), specs, (...inputs) => {
      const columns = raggedCrossColumns(inputs, counts, order);
      return crossesAsRagged(
        hashed ? crossHashes(columns, buckets, plainHash, key) : crossStrings(columns, utf8('_X_')),
        splits,
      );
    });
  });

function countOptions(context: OpContext): CountOptions {
  const { attrs } = context;
  return {
    minLength: attrs.int('minlength', -1),
    maxLength: attrs.int('maxlength', -1),
    binary: attrs.bool('binary_output'),
    dtype: attrs.dtype('output_type'),
  };
}

/** Reads the columns of a sparse cross: the sparse ones first, then the dense ones. */
function crossColumns(context: OpContext): (inputs: readonly Tensor[]) => CrossColumn[] {
  const sparse = context.attrs.int('N');
  const dense = context.attrs.dtypes('dense_types', []).length;
  return (inputs) => {
    const denseInputs = inputs.slice(3 * sparse, 3 * sparse + dense);
    const [firstShape, firstDense] = [inputs[2 * sparse], denseInputs[0]];
    const rows = sparse > 0 && firstShape !== undefined ? integerOf(firstShape) : (firstDense?.shape[0] ?? 0);
    return [
      ...Array.from({ length: sparse }, (_, i) => sparseColumn(inputs[i]!, inputs[sparse + i]!, rows)),
      ...denseInputs.map(denseColumn),
    ];
  };
}

/** Columns of `RaggedCross` in the order that its letters R, S and D give. */
function raggedCrossColumns(
  inputs: readonly Tensor[],
  counts: { readonly ragged: number; readonly sparse: number; readonly dense: number },
  order: string,
): CrossColumn[] {
  const { ragged: r, sparse: s, dense: d } = counts;
  const start = 2 * r;
  const shapes = inputs.slice(start + 2 * s, start + 3 * s).map(integersOf);
  const rows = r > 0 ? inputs[r]!.size - 1 : (shapes[0]?.[0] ?? inputs[start + 3 * s]?.shape[0] ?? 0);
  const columns: Record<string, CrossColumn[]> = {
    R: Array.from({ length: r }, (_, i) => raggedColumn(inputs[i]!, inputs[r + i]!)),
    S: Array.from({ length: s }, (_, i) => sparseColumn(inputs[start + i]!, inputs[start + s + i]!, rows)),
    D: Array.from({ length: d }, (_, i) => denseColumn(inputs[start + 3 * s + i]!)),
  };
  return Array.from(order, (letter) => columns[letter]?.shift()).filter((column) => column !== undefined);
}
