import type { Builder } from './builder.js';
import type { Check } from './check.js';
import { MARK, MARK_SPEC } from './mark.js';

/**
 * Checks every request, before what is written after it. There is no failing inside what the engine runs: the check is left
 * to the graph around that.
 */
export function emitCheck(builder: Builder, check: Check): void {
  if (!builder.runsHostOps) {
    builder.checks.push(check);
    return;
  }
  const { op, holds, inputs, fail } = check;
  const [mark] = builder.host(op, [holds, ...inputs], [MARK_SPEC], ([condition, ...tensors]) => {
    if (condition?.data[0] === 0) fail(tensors);
    return [MARK];
  });
  if (mark === undefined) throw new RangeError('a check has one output');
  builder.order.afterCheck(mark);
  builder.effects.push(mark);
}
