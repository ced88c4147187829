import type { Builder } from '../../onnx/builder.js';
import type { Value } from '../../onnx/value.js';
import { inComputeDType } from '../../ops/dtypes.js';

/** Towards zero. By zero it gives -1, and the least number by -1 itself, as XLA has it; the processor would trap. */
export function integerQuotient(builder: Builder, a: Value, b: Value): Value {
  return inComputeDType(builder, [a, b], ([x, y]) => {
    const [dividend, divisor] = [x as Value, y as Value];
    if (isPlain(divisor)) return builder.emit('Div', [dividend, divisor]);
    const minusOne = builder.scalar(divisor.dtype, -1);
    const isMinusOne = builder.emit('Equal', [divisor, minusOne]);
    const isZero = builder.emit('Equal', [divisor, builder.scalar(divisor.dtype, 0)]);
    const quotient = builder.emit('Div', [dividend, safeDivisor(builder, divisor, isZero, isMinusOne)]);
    const negated = builder.emit('Sub', [builder.scalar(dividend.dtype, 0), dividend]);
    return builder.emit('Where', [isZero, minusOne, builder.emit('Where', [isMinusOne, negated, quotient])]);
  });
}

/** With the sign of the dividend; by zero it is the dividend. */
export function integerRemainder(builder: Builder, a: Value, b: Value): Value {
  return inComputeDType(builder, [a, b], ([x, y]) => {
    const [dividend, divisor] = [x as Value, y as Value];
    if (isPlain(divisor)) return builder.emit('Mod', [dividend, divisor], { fmod: 1 });
    const isMinusOne = builder.emit('Equal', [divisor, builder.scalar(divisor.dtype, -1)]);
    const isZero = builder.emit('Equal', [divisor, builder.scalar(divisor.dtype, 0)]);
    const safe = safeDivisor(builder, divisor, isZero, isMinusOne);
    const remainder = builder.emit('Mod', [dividend, safe], { fmod: 1 });
    return builder.emit('Where', [isZero, dividend, remainder]);
  });
}

function safeDivisor(builder: Builder, divisor: Value, isZero: Value, isMinusOne: Value): Value {
  const one = builder.scalar(divisor.dtype, 1);
  return builder.emit('Where', [builder.emit('Or', [isZero, isMinusOne]), one, divisor]);
}

/** Whether a divisor is known to be neither 0 nor -1. */
function isPlain(divisor: Value): boolean {
  const { constant, elements } = divisor;
  if (constant !== undefined) {
    return Array.from(constant.data as ArrayLike<number | bigint>, Number).every((x) => x !== 0 && x !== -1);
  }
  return elements?.every((dim) => typeof dim === 'number' && dim !== 0 && dim !== -1) ?? false;
}
