import { integerOf } from '../kernels/elements.js';
import { offsetsToTags, tagsToOffsets } from '../kernels/text/boise-tags.js';
import { constrainedSequence, type SequenceOptions } from '../kernels/text/constrained-sequence.js';
import { rougeL } from '../kernels/text/rouge-l.js';
import { binarizeUtf8, joinNgrams, splitByOffsets, splitBytes } from '../kernels/text/row-ops.js';
import { splitMergeTokenize, tokenizeFromLogits } from '../kernels/text/split-merge.js';
import { roundRobinMasks, roundRobinTrim } from '../kernels/text/trim.js';
import type { OutputSpec } from '../onnx/known-shapes.js';
import { hostValue, hostValues } from './host-value.js';
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
  })
  .host('TFText>NgramsStringJoin', (context) => {
    const { attrs, builder } = context;
    const width = attrs.int('width');
    if (width < 1) throw context.refuse(`its width is ${width}, not 1 or more`);
    if (attrs.int('axis') !== -1) throw context.refuse(`its axis is ${attrs.int('axis')}, not -1`);
    const separator = attrs.bytes('string_separator');
    const [values, ...splits] = context.inputs();
    const shape = splits.length > 0 ? [builder.unknownDim()] : values!.shape;
    const last = shape?.at(-1);
    const specs: OutputSpec[] = [
      {
        dtype: 'string',
        shape: shape && [
          ...shape.slice(0, -1),
          typeof last === 'number' ? Math.max(0, last - width + 1) : builder.unknownDim(),
        ],
      },
      ...splits.map((own): OutputSpec => ({ dtype: own.dtype, shape: own.shape })),
    ];
    return hostValues(context, context.inputs(), specs, (x, ...rows) => joinNgrams(x, rows, width, separator));
  })
  .host('TFText>Utf8Binarize', (context) => {
    const { attrs, builder } = context;
    const [length, bits] = [attrs.int('word_length'), attrs.int('bits_per_char')];
    if (length < 0 || bits < 0) throw context.refuse(`its word_length is ${length} and its bits_per_char ${bits}`);
    const replacement = attrs.int('replacement_char');
    const [input] = context.inputs();
    const spec: OutputSpec = {
      dtype: 'float32',
      shape: [input?.shape?.[0] ?? builder.unknownDim(), length * bits],
    };
    return hostValue(context, [input!], spec, (x) => binarizeUtf8(x, length, bits, replacement));
  })
  .host('TFText>ByteSplitWithOffsets', (context) => {
    const count = context.builder.unknownDim();
    const specs: OutputSpec[] = [
      { dtype: 'uint8', shape: [count] },
      { dtype: 'int64', shape: [context.builder.unknownDim()] },
      { dtype: 'int32', shape: [count] },
      { dtype: 'int32', shape: [count] },
    ];
    return hostValues(context, context.inputs(), specs, splitBytes);
  })
  .host('TFText>ByteSplitByOffsets', (context) => {
    const [, starts, , splits] = context.inputs();
    const specs: OutputSpec[] = [
      { dtype: 'string', shape: starts!.shape },
      { dtype: 'int64', shape: splits!.shape },
    ];
    return hostValues(context, context.inputs(), specs, splitByOffsets);
  })
  .host('SplitMergeTokenizeWithOffsets', (context) => {
    const forced = context.attrs.bool('force_split_at_break_character', true);
    return hostValues(context, context.inputs(), tokenSpecs(context), (input, labels, splits) =>
      splitMergeTokenize(input, labels, splits, forced),
    );
  })
  .host('TokenizerFromLogits', (context) =>
    hostValues(context, context.inputs(), tokenSpecs(context), (input, logits, forced) =>
      tokenizeFromLogits(input, logits, integerOf(forced) === 1),
    ),
  )
  .host('TFText>OffsetsToBoiseTags', (context) =>
    hostValue(context, context.inputs(), { dtype: 'string', shape: context.input(0).shape }, (...inputs) =>
      offsetsToTags(inputs),
    ),
  )
  .host('TFText>BoiseTagsToOffsets', (context) => {
    const count = context.builder.unknownDim();
    const specs: OutputSpec[] = [
      { dtype: 'int32', shape: [count] },
      { dtype: 'int32', shape: [count] },
      { dtype: 'string', shape: [count] },
      { dtype: 'int64', shape: context.input(3).shape },
    ];
    return hostValues(context, context.inputs(), specs, (...inputs) => tagsToOffsets(inputs));
  })
  .host('RougeL', (context) => {
    const rows = context.input(3).shape?.[0];
    const shape = [typeof rows === 'number' ? Math.max(0, rows - 1) : context.builder.unknownDim()];
    const spec: OutputSpec = { dtype: 'float32', shape };
    return hostValues(context, context.inputs(), [spec, spec, spec], rougeL);
  })
  .host('ConstrainedSequence', (context) => {
    const { attrs, builder } = context;
    const options: SequenceOptions = {
      viterbi: attrs.bool('use_viterbi'),
      logSpace: attrs.bool('use_log_space'),
      startAndEnd: attrs.bool('use_start_and_end_states'),
      splits: attrs.dtype('Tsplits', 'int64'),
    };
    const specs: OutputSpec[] = [
      { dtype: 'int32', shape: [builder.unknownDim()] },
      { dtype: options.splits, shape: [builder.unknownDim()] },
    ];
    return hostValues(context, context.inputs(), specs, (scores, lengths, allowed, weights) =>
      constrainedSequence(scores, lengths, allowed, weights, options),
    );
  });

/** Tokens, their splits, and where they begin and end. */
function tokenSpecs({ builder }: OpContext): OutputSpec[] {
  const count = builder.unknownDim();
  return [
    { dtype: 'string', shape: [count] },
    { dtype: 'int64', shape: [builder.unknownDim()] },
    { dtype: 'int64', shape: [count] },
    { dtype: 'int64', shape: [count] },
  ];
}

function segmentsOf(context: OpContext) {
  const count = context.attrs.int('N');
  const inputs = context.inputs();
  return { count, values: inputs.slice(1, 1 + count), splits: inputs.slice(1 + count) };
}
