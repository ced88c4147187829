import { ctcBeamSearch } from '../kernels/ctc-beam-search.js';
import type { Shape } from '../onnx/value.js';
import { ctcGreedyDecode } from '../kernels/ctc-greedy-decode.js';
import { hostValues } from './host-value.js';
import { OpFamily } from './registry.js';

/** What reads text off the outputs of speech and handwriting recognisers. */
export const speech = new OpFamily('speech')
  .host('CTCGreedyDecoder', (context) => {
    const { attrs, builder } = context;
    const options = { mergeRepeated: attrs.bool('merge_repeated', false), blank: attrs.int('blank_index', -1) };
    const logits = context.input(0);
    const count = builder.unknownDim();
    return hostValues(
      context,
      context.inputs(),
      [
        { dtype: 'int64', shape: [count, 2] },
        { dtype: 'int64', shape: [count] },
        { dtype: 'int64', shape: [2] },
        { dtype: logits.dtype, shape: [logits.shape?.[1] ?? builder.unknownDim(), 1] },
      ],
      (values, lengths) => ctcGreedyDecode(values, lengths, options),
    );
  })
  .host('CTCBeamSearchDecoder', (context) => {
    const { attrs, builder } = context;
    const paths = attrs.int('top_paths');
    const options = { width: attrs.int('beam_width'), paths, mergeRepeated: attrs.bool('merge_repeated', true) };
    const logits = context.input(0);
    const each = (shape: () => Shape) =>
      Array.from({ length: paths }, () => ({ dtype: 'int64', shape: shape() }) as const);
    const specs = [
      ...each(() => [builder.unknownDim(), 2]),
      ...each(() => [builder.unknownDim()]),
      ...each(() => [2]),
      { dtype: logits.dtype, shape: [logits.shape?.[1] ?? builder.unknownDim(), paths] },
    ];
    return hostValues(context, context.inputs(), specs, (values, lengths) => ctcBeamSearch(values, lengths, options));
  });
