import type { Shape, Value } from '../../onnx/value.js';
import type { HloContext } from './context.js';
import { reduceAxes } from './host-programs.js';
import { scalarProgram } from './scalar-program.js';

/** A reduction by a block of its own. */
export function reduceOnHost(context: HloContext, axes: readonly number[]): readonly Value[] {
  const program = scalarProgram(context.region(0));
  if (program === undefined) throw context.refuse('its body is none of those that the compiler knows');
  const shape: Shape | undefined = context.input(0).shape?.filter((_, axis) => !axes.includes(axis));
  const specs = context.operation.results.map((_, i) => ({ dtype: context.resultType(i).dtype, shape }));
  return context.builder.host('stablehlo.reduce', context.inputs(), specs, (tensors) =>
    reduceAxes(tensors, axes, program),
  );
}
