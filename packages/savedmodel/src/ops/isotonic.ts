import { isotonicRegression } from '../kernels/isotonic-regression.js';
import { hostValues } from './host-value.js';
import { OpFamily } from './registry.js';

/** Fits of sequences that never rise. */
export const isotonic = new OpFamily('isotonic regression').host('IsotonicRegression', (context) => {
  const dtype = context.attrs.dtype('output_dtype', 'float32');
  const { shape } = context.input(0);
  const specs = [
    { dtype, shape },
    { dtype: 'int32', shape },
  ] as const;
  return hostValues(context, context.inputs(), specs, (x) => isotonicRegression(x, dtype));
});
