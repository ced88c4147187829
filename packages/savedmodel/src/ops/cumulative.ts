import type { Tensor } from '@servable/tensor';
import { integerOf } from '../kernels/elements.js';
import { cumulativeLogSumExp, cumulativeProduct, type CumulateOptions } from '../kernels/cumulate.js';
import { inComputeDType } from './dtypes.js';
import { hostValue } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Running sums and products; their axis may come with the request. */
export const cumulative = new OpFamily('cumulative')
  .native('Cumsum', (context) => {
    const { builder, attrs } = context;
    const axis = builder.reshape(builder.cast(context.input(1), 'int64'), []);
    return inComputeDType(builder, [context.input(0)], ([x]) =>
      builder.emit('CumSum', [x, axis], {
        exclusive: Number(attrs.bool('exclusive', false)),
        reverse: Number(attrs.bool('reverse', false)),
      }),
    );
  })
  .host('Cumprod', onHost(cumulativeProduct))
  .host('CumulativeLogsumexp', onHost(cumulativeLogSumExp));

function onHost(kernel: (x: Tensor, axis: number, options: CumulateOptions) => Tensor) {
  return (context: OpContext) => {
    const options = {
      exclusive: context.attrs.bool('exclusive', false),
      reverse: context.attrs.bool('reverse', false),
    };
    const { dtype, shape } = context.input(0);
    return hostValue(context, context.inputs(), { dtype, shape }, (x, axis) => kernel(x, integerOf(axis), options));
  };
}
