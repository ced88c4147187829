import { inComputeDType } from './dtypes.js';
import { elementwise } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** In the engine where it has a kernel: for float32. */
const native = (op: string, f: (x: number) => number) => (context: OpContext) =>
  context.input(0).dtype === 'float64'
    ? elementwise(context, f)
    : inComputeDType(context.builder, [context.input(0)], ([x]) => context.builder.emit(op, [x]));

/** Trigonometric and hyperbolic functions; float64 ones beyond sine and cosine run on the host. */
export const trigonometry = new OpFamily('trigonometry')
  .native('Tan', native('Tan', Math.tan))
  .native('Asin', native('Asin', Math.asin))
  .native('Acos', native('Acos', Math.acos))
  .native('Atan', native('Atan', Math.atan))
  .native('Sinh', native('Sinh', Math.sinh))
  .native('Cosh', native('Cosh', Math.cosh))
  .native('Asinh', native('Asinh', Math.asinh))
  .native('Acosh', native('Acosh', Math.acosh))
  .native('Atanh', native('Atanh', Math.atanh))
  .host('Atan2', (context) => elementwise(context, Math.atan2));
