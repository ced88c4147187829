import { roundRobinMasks, roundRobinTrim } from '../kernels/text/trim.js';
import type { OutputSpec } from '../onnx/known-shapes.js';
import { hostValues } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** What TensorFlow Text does with rows of tokens. */
export const textRows = new OpFamily('TensorFlow Text: rows')
  .host('TFText>RoundRobinTrim', (context) => {
    const { count, values, splits } = segmentsOf(context);
    const specs: OutputSpec[] = [
      ...values.map(({ dtype }) => ({ dtype, shape: [context.builder.unknownDim()] })),
      ...splits.map(({ dtype, shape }) => ({ dtype, shape })),
    ];
    return hostValues(context, context.inputs(), specs, (limit, ...segments) =>
      roundRobinTrim(limit, segments.slice(0, count), segments.slice(count)),
    );
  })
  .host('TFText>RoundRobinGenerateMasks', (context) => {
    const { count, values } = segmentsOf(context);
    const specs: OutputSpec[] = values.map(({ shape }) => ({ dtype: 'bool', shape }));
    return hostValues(context, context.inputs(), specs, (limit, ...segments) =>
      roundRobinMasks(limit, segments.slice(0, count), segments.slice(count)),
    );
  });

function segmentsOf(context: OpContext) {
  const count = context.attrs.int('N');
  const inputs = context.inputs();
  return { count, values: inputs.slice(1, 1 + count), splits: inputs.slice(1 + count) };
}
