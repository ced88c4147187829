import type { Tensor } from '@servable/tensor';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { LookupTable } from '../kernels/lookup-table.js';
import { PatternCache } from '../kernels/regex.js';
import { bertNormalize } from '../kernels/text/bert-normalize.js';
import { fastWordpieceDetokenize, fastWordpieceTokenize } from '../kernels/text/fast-wordpiece.js';
import { regexSplit, SplitPatterns } from '../kernels/text/regex-split.js';
import { vocabularyOf, type VocabularyTrie } from '../kernels/text/vocabulary-trie.js';
import {
  scriptTokenize,
  whitespaceTokenizeBytes,
  whitespaceTokenizePoints,
} from '../kernels/text/whitespace-tokens.js';
import { wordpieceTokenize, type WordpieceOptions } from '../kernels/text/wordpiece.js';
import { scriptOf } from '../kernels/unicode-script.js';
import type { OutputSpec } from '../onnx/known-shapes.js';
import type { Dim } from '../onnx/value.js';
import { hostValue, hostValues } from './host-value.js';
import { useTable } from './lookup.js';
import { OpFamily, type OpContext } from './registry.js';

/** Tokenizers of TensorFlow Text that need no model beside a vocabulary, a table of characters or a pattern. */
export const textTokens = new OpFamily('TensorFlow Text: tokens')
  .host('WordpieceTokenizeWithOffsets', (context) => {
    const { attrs, builder } = context;
    const partition = attrs.string('output_row_partition_type', 'row_lengths');
    if (partition !== 'row_lengths' && partition !== 'row_splits') {
      throw context.refuse(`its output_row_partition_type is '${partition}', not 'row_lengths' or 'row_splits'`);
    }
    const options: WordpieceOptions = {
      suffixIndicator: attrs.bytes('suffix_indicator'),
      maxBytesPerWord: attrs.int('max_bytes_per_word'),
      maxCharsPerToken: attrs.int('max_chars_per_token', 0),
      unknownToken: attrs.bool('use_unknown_token') ? attrs.bytes('unknown_token') : undefined,
      splitUnknownCharacters: attrs.bool('split_unknown_characters', false),
      partition,
    };
    const words = context.input(0);
    const rows = partition === 'row_splits' ? oneMore(context, words.shape?.[0]) : (words.shape?.[0] ?? undefined);
    const count = builder.unknownDim();
    const specs: OutputSpec[] = [
      { dtype: 'string', shape: [count] },
      { dtype: 'int64', shape: [words.shape?.length === 1 ? (rows ?? builder.unknownDim()) : builder.unknownDim()] },
      { dtype: 'int64', shape: [count] },
      { dtype: 'int64', shape: [count] },
    ];
    return useTable(context, 1, [words], specs, (table, [input]) =>
      wordpieceTokenize(input!, vocabulary(table), options),
    );
  })
  .host('FastWordpieceTokenizeWithOffsets', (context) => {
    const count = context.builder.unknownDim();
    const specs: OutputSpec[] = [
      { dtype: 'string', shape: [count] },
      { dtype: 'int64', shape: [count] },
      { dtype: 'int64', shape: [splitsOf(context)] },
      { dtype: 'int64', shape: [count] },
      { dtype: 'int64', shape: [count] },
    ];
    return hostValues(context, context.inputs(), specs, (input, model) => fastWordpieceTokenize(input, bytesOf(model)));
  })
  .host('TFText>FastWordpieceDetokenize', (context) => {
    const spec: OutputSpec = { dtype: 'string', shape: [oneLess(context, context.input(1).shape?.[0])] };
    return hostValue(context, context.inputs(), spec, (values, splits, model) =>
      fastWordpieceDetokenize(values, splits, bytesOf(model)),
    );
  })
  .host('FastBertNormalize', (context) => {
    const withOffsets = context.attrs.bool('get_offsets', false);
    const specs: OutputSpec[] = [
      { dtype: 'string', shape: [context.input(0).shape?.[0] ?? context.builder.unknownDim()] },
      { dtype: 'int64', shape: [context.builder.unknownDim()] },
      { dtype: 'int64', shape: [splitsOf(context)] },
    ];
    return hostValues(context, context.inputs(), specs, (input, model) =>
      bertNormalize(input, bytesOf(model), withOffsets),
    );
  })
  .host('RegexSplitWithOffsets', (context) => {
    const count = context.builder.unknownDim();
    const specs: OutputSpec[] = [
      { dtype: 'string', shape: [count] },
      { dtype: 'int64', shape: [count] },
      { dtype: 'int64', shape: [count] },
      { dtype: 'int64', shape: [splitsOf(context)] },
    ];
    const patterns = new SplitPatterns(new PatternCache());
    return hostValues(context, context.inputs(), specs, (input, delimiter, keep) =>
      regexSplit(input, delimiter, keep, patterns),
    );
  })
  .host('TFText>WhitespaceTokenizeWithOffsetsV2', (context) => {
    const count = context.builder.unknownDim();
    const specs: OutputSpec[] = [
      { dtype: 'string', shape: [count] },
      { dtype: 'int64', shape: [splitsOf(context)] },
      { dtype: 'int32', shape: [count] },
      { dtype: 'int32', shape: [count] },
    ];
    return hostValues(context, context.inputs(), specs, whitespaceTokenizeBytes);
  })
  .host('WhitespaceTokenizeWithOffsets', (context) =>
    hostValues(context, context.inputs(), pointSpecs(context), whitespaceTokenizePoints),
  )
  .host('UnicodeScriptTokenizeWithOffsets', (context) => {
    const keep = context.attrs.bool('keep_whitespace', false);
    return hostValues(context, context.inputs(), pointSpecs(context), (values, splits) =>
      scriptTokenize(values, splits, keep, scriptOf),
    );
  });

/** What the ops over code points return. */
function pointSpecs(context: OpContext): OutputSpec[] {
  const { builder } = context;
  const splits = context.attrs.dtype('Tsplits', 'int64');
  const count = builder.unknownDim();
  return [
    { dtype: 'int32', shape: [builder.unknownDim()] },
    { dtype: splits, shape: [builder.unknownDim()] },
    { dtype: 'int64', shape: [count] },
    { dtype: 'int64', shape: [count] },
    { dtype: splits, shape: context.input(1).shape },
  ];
}

/** The size of the splits of a vector at input 0. */
function splitsOf(context: OpContext): Dim {
  const { shape } = context.input(0);
  return shape?.length === 1 ? oneMore(context, shape[0]) : context.builder.unknownDim();
}

function oneMore(context: OpContext, dim: Dim | undefined): Dim {
  return typeof dim === 'number' ? dim + 1 : context.builder.unknownDim();
}

export function oneLess(context: OpContext, dim: Dim | undefined): Dim {
  return typeof dim === 'number' ? Math.max(0, dim - 1) : context.builder.unknownDim();
}

/** The bytes of a uint8 tensor, which hold a model. */
export function bytesOf(model: Tensor): Uint8Array {
  if (model.is('uint8')) return model.data;
  throw new SavedModelError('INVALID_ARGUMENT', 'BAD_MODEL', `expected a model of uint8, got ${model.dtype}`);
}

function vocabulary(table: LookupTable): VocabularyTrie {
  if (table.keyDtype !== 'string' || table.valueDtype !== 'int64') {
    throw new SavedModelError(
      'INVALID_ARGUMENT',
      'TABLE_DTYPE_MISMATCH',
      `expected a vocabulary of string to int64, got a table of ${table.keyDtype} to ${table.valueDtype}`,
    );
  }
  return vocabularyOf(table);
}
