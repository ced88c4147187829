import { dynamicPartition, dynamicStitch, invertPermutation } from '../kernels/dynamic-stitch.js';
import { isComplex } from '../kernels/elements.js';
import { scatterUpdate } from '../kernels/scatter.js';
import { whereIndices } from '../kernels/where-indices.js';
import { vectorTensor } from '../onnx/constant-tensors.js';
import { tensorAttribute } from '../onnx/onnx-attributes.js';
import type { Value } from '../onnx/value.js';
import { inComputeDType, inOrderedDType } from './dtypes.js';
import { withoutNegatives } from './guard.js';
import { hostValue, hostValues, like } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Writing by index, and finding indices. */
export const scatter = new OpFamily('scatter')
  .native('ScatterNd', (context) => {
    const { builder } = context;
    const [indices, updates, shape] = context.inputs() as [Value, Value, Value];
    if (updates.dtype === 'string') throw context.refuse(`it adds values of dtype ${updates.dtype}`);
    const dims = builder.cast(shape, 'int64');
    if (isComplex(updates.dtype)) {
      const { re, im } = builder.complexParts(updates);
      const of = (part: Value) => {
        const zeros = tensorAttribute(vectorTensor(part.dtype, [0]));
        return write(context, builder.emit('ConstantOfShape', [dims], { value: zeros }), indices, part, 'add');
      };
      return builder.complex({ re: of(re), im: of(im) });
    }
    return inComputeDType(builder, [updates], ([values]) => {
      const dtype = (values as Value).dtype;
      const base = builder.emit('ConstantOfShape', [dims], { value: tensorAttribute(vectorTensor(dtype, [0])) });
      return write(context, base, indices, values as Value, 'add');
    });
  })
  .native('TensorScatterUpdate', (context) => {
    const [x, indices, updates] = context.inputs() as [Value, Value, Value];
    if (x.dtype === 'string' || isComplex(x.dtype)) {
      return hostValue(context, [x, indices, updates], like(x), (a, b, c) => scatterUpdate(a, b, c));
    }
    return write(context, x, indices, updates, 'none');
  })
  .native('TensorScatterAdd', combining('add'))
  .native('ScatterNdNonAliasingAdd', (context) => {
    const { builder } = context;
    const [x, indices, updates] = context.inputs() as [Value, Value, Value];
    if (isComplex(x.dtype)) {
      const [a, b] = [builder.complexParts(x), builder.complexParts(updates)];
      const re = write(context, a.re, indices, b.re, 'add');
      return builder.complex({ re, im: write(context, a.im, indices, b.im, 'add') });
    }
    if (x.dtype !== 'bool') return combining('add')(context);
    const sum = write(context, builder.cast(x, 'int32'), indices, builder.cast(updates, 'int32'), 'add');
    return builder.cast(sum, 'bool');
  })
  .native('TensorScatterSub', (context) => {
    const [x, indices, updates] = context.inputs() as [Value, Value, Value];
    return inComputeDType(context.builder, [x, updates], ([a, b]) =>
      write(context, a as Value, indices, context.builder.emit('Neg', [b]), 'add'),
    );
  })
  .native('TensorScatterMax', combining('max'))
  .native('TensorScatterMin', combining('min'))
  .native('Where', (context) => {
    const { builder } = context;
    const x = context.input(0);
    const rank = x.shape?.length;
    if (rank === undefined || rank === 0 || x.dtype === 'string' || isComplex(x.dtype)) {
      const shape = [builder.unknownDim(), rank ?? builder.unknownDim()];
      return hostValue(context, [x], { dtype: 'int64', shape }, (condition) => whereIndices(condition));
    }
    const isBool = x.dtype === 'bool';
    const holds = isBool
      ? x
      : builder.emit('Not', [
          inComputeDType(builder, [x], ([a]) => builder.emit('Equal', [a, builder.scalar((a as Value).dtype, 0)])),
        ]);
    return builder.transpose(builder.emit('NonZero', [holds]), [1, 0]);
  })
  .host('DynamicStitch ParallelDynamicStitch', (context) => {
    const count = context.attrs.int('N');
    const data = context.input(count);
    const rank = context.input(0).shape?.length;
    const shape =
      data.shape === undefined || rank === undefined
        ? undefined
        : [context.builder.unknownDim(), ...data.shape.slice(rank)];
    return hostValue(context, context.inputs(), { dtype: data.dtype, shape }, (...tensors) =>
      dynamicStitch(tensors.slice(0, count), tensors.slice(count)),
    );
  })
  .host('DynamicPartition', (context) => {
    const { builder } = context;
    const count = context.attrs.int('num_partitions');
    const [data, partitions] = context.inputs() as [Value, Value];
    const rank = partitions.shape?.length;
    const specs = Array.from({ length: count }, () => ({
      dtype: data.dtype,
      shape:
        data.shape === undefined || rank === undefined ? undefined : [builder.unknownDim(), ...data.shape.slice(rank)],
    }));
    return hostValues(context, [data, partitions], specs, (x, which) => dynamicPartition(x, which, count));
  })
  .host('InvertPermutation', (context) => {
    const { dtype, shape } = context.input(0);
    return hostValue(context, context.inputs(), { dtype, shape }, (x) => invertPermutation(x));
  });

function combining(reduction: 'add' | 'max' | 'min') {
  return (context: OpContext): Value => {
    const [x, indices, updates] = context.inputs() as [Value, Value, Value];
    const inDType = reduction === 'add' ? inComputeDType : inOrderedDType;
    return inDType(context.builder, [x, updates], ([a, b]) =>
      write(context, a as Value, indices, b as Value, reduction),
    );
  };
}

function write(context: OpContext, x: Value, indices: Value, updates: Value, reduction: string): Value {
  const { builder } = context;
  const at = builder.cast(withoutNegatives(builder, indices), 'int64');
  return builder.emit('ScatterND', [x, at, updates], reduction === 'none' ? {} : { reduction });
}
