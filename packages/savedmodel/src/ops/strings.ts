import type { DType, Tensor } from '@servable/tensor';
import { NO_BYTES } from '../kernels/byte-strings.js';
import { compilePattern, fullMatch, PatternCache, regexReplace, scalarString } from '../kernels/regex.js';
import { asString, asStringProblem, splitTemplate, stringFormat } from '../kernels/string-format.js';
import { stringHashBuckets, strongHashBuckets } from '../kernels/string-hash-buckets.js';
import { reduceJoin, segmentJoin, stringNGrams } from '../kernels/string-join.js';
import { splitStrings, splitStringsByAny } from '../kernels/string-split.js';
import { changeCase, stringJoin, stringLength, strip, substr } from '../kernels/string-text.js';
import { broadcastShapes, knownIntegers, type OutputSpec } from '../onnx/known-shapes.js';
import type { Dim, Shape, Value } from '../onnx/value.js';
import { hostValue, hostValues } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Strings to strings, elementwise. */
const mapped = (context: OpContext, dtype: DType, kernel: (...inputs: Tensor[]) => Tensor, count = 1): Value =>
  hostValue(context, context.inputs().slice(0, count), { dtype, shape: context.input(0).shape }, kernel);

/** Ops on strings; they run on the host, where strings live. */
export const strings = new OpFamily('strings')
  .host('StringLower StringUpper', (context) => {
    const encoding = context.attrs.string('encoding', '');
    if (encoding !== '' && encoding !== 'utf-8')
      throw context.refuse(`its encoding is '${encoding}', not '' or 'utf-8'`);
    const to = context.node.op === 'StringLower' ? 'lower' : 'upper';
    return mapped(context, 'string', (x) => changeCase(x, to, encoding));
  })
  .host('StringStrip', (context) => mapped(context, 'string', strip))
  .host('StringLength', (context) => {
    const unit = unitOf(context);
    return mapped(context, 'int32', (x) => stringLength(x, unit));
  })
  .host('Substr', (context) => {
    const unit = unitOf(context);
    const inputs = context.inputs();
    const shape = broadcastShapes([inputs[0]?.shape, inputs[1]?.shape]);
    return hostValue(context, inputs, { dtype: 'string', shape }, (x, pos, len) => substr(x, pos, len, unit));
  })
  .host('StringJoin', (context) => {
    const separator = context.attrs.bytes('separator', NO_BYTES);
    const inputs = context.inputs();
    const ranked = inputs.some((input) => input.shape === undefined)
      ? undefined
      : (inputs.find((input) => input.shape?.length !== 0)?.shape ?? []);
    return hostValue(context, inputs, { dtype: 'string', shape: ranked }, (...xs) => stringJoin(xs, separator));
  })
  .host('ReduceJoin', (context) => {
    const separator = context.attrs.bytes('separator', NO_BYTES);
    const keep = context.attrs.bool('keep_dims', false);
    const [x, axes] = [context.input(0), context.input(1)];
    const shape = reducedShape(x.shape, knownIntegers(axes), keep);
    return hostValue(context, [x, axes], { dtype: 'string', shape }, (a, b) => reduceJoin(a, b, keep, separator));
  })
  .host('UnsortedSegmentJoin', (context) => {
    const { builder } = context;
    const separator = context.attrs.bytes('separator', NO_BYTES);
    const [x, ids, count] = [context.input(0), context.input(1), context.input(2)];
    const [known] = knownIntegers(count) ?? [];
    const shape =
      x.shape !== undefined && ids.shape !== undefined
        ? [known ?? builder.unknownDim(), ...x.shape.slice(ids.shape.length)]
        : undefined;
    return hostValue(context, [x, ids, count], { dtype: 'string', shape }, (a, b, c) =>
      segmentJoin(a, b, c, separator),
    );
  })
  .host('StringSplitV2', (context) => {
    const most = context.attrs.int('maxsplit', -1);
    return hostValues(
      context,
      [context.input(0), context.input(1)],
      sparseSpecs(context, 'string', 2),
      (x, separator) => splitStrings(x, separator, most),
    );
  })
  .host('StringSplit', (context) => {
    const skipEmpty = context.attrs.bool('skip_empty', true);
    return hostValues(
      context,
      [context.input(0), context.input(1)],
      sparseSpecs(context, 'string', 2),
      (x, delimiter) => splitStringsByAny(x, delimiter, skipEmpty),
    );
  })
  .host('StringNGrams', (context) => {
    const { attrs, builder } = context;
    const options = {
      separator: attrs.bytes('separator'),
      widths: attrs.ints('ngram_widths'),
      leftPad: attrs.bytes('left_pad'),
      rightPad: attrs.bytes('right_pad'),
      padWidth: attrs.int('pad_width'),
      preserveShort: attrs.bool('preserve_short_sequences'),
    };
    const splits = context.input(1);
    const specs: OutputSpec[] = [
      { dtype: 'string', shape: [builder.unknownDim()] },
      { dtype: splits.dtype, shape: splits.shape },
    ];
    return hostValues(context, context.inputs(), specs, (data, rows) => stringNGrams(data, rows, options));
  })
  .host('StaticRegexReplace', (context) => {
    const pattern = compilePattern(context.attrs.bytes('pattern'));
    const rewrite = context.attrs.bytes('rewrite');
    const all = context.attrs.bool('replace_global', true);
    return mapped(context, 'string', (x) => regexReplace(x, pattern, rewrite, all));
  })
  .host('RegexReplace', (context) => {
    const patterns = new PatternCache();
    const all = context.attrs.bool('replace_global', true);
    return mapped(
      context,
      'string',
      (x, pattern, rewrite) =>
        regexReplace(x, patterns.get(scalarString(pattern, 'Pattern')), scalarString(rewrite, 'Rewrite'), all),
      3,
    );
  })
  .host('StaticRegexFullMatch', (context) => {
    const pattern = compilePattern(context.attrs.bytes('pattern'));
    return mapped(context, 'bool', (x) => fullMatch(x, pattern));
  })
  .host('RegexFullMatch', (context) => {
    const patterns = new PatternCache();
    return mapped(context, 'bool', (x, pattern) => fullMatch(x, patterns.get(scalarString(pattern, 'Pattern'))), 2);
  })
  .host('AsString', (context) => {
    const { attrs } = context;
    const options = {
      precision: attrs.int('precision', -1),
      scientific: attrs.bool('scientific', false),
      shortest: attrs.bool('shortest', false),
      width: attrs.int('width', -1),
      fill: attrs.string('fill', ''),
    };
    const problem = asStringProblem(context.input(0).dtype, options);
    if (problem !== undefined) throw context.refuse(problem);
    return mapped(context, 'string', (x) => asString(x, options));
  })
  .host('StringFormat', (context) => {
    const { attrs } = context;
    const segments = splitTemplate(
      attrs.bytes('template', Uint8Array.of(0x25, 0x73)),
      attrs.bytes('placeholder', Uint8Array.of(0x25, 0x73)),
    );
    const most = attrs.int('summarize', 3);
    return hostValue(context, context.inputs(), { dtype: 'string', shape: [] }, (...xs) =>
      stringFormat(xs, segments, most),
    );
  })
  .host('StringToHashBucketFast StringToHashBucket', (context) => {
    const buckets = bucketsOf(context);
    const hash = context.node.op === 'StringToHashBucketFast' ? 'farm' : 'murmur';
    return mapped(context, 'int64', (x) => stringHashBuckets(x, buckets, hash));
  })
  .host('StringToHashBucketStrong', (context) => {
    const buckets = bucketsOf(context);
    const [first = 0n, second = 0n, ...rest] = context.attrs.bigints('key');
    if (rest.length > 0) throw context.refuse('its key has more than 2 elements');
    return mapped(context, 'int64', (x) => strongHashBuckets(x, buckets, [first, second]));
  });

function unitOf(context: OpContext): 'BYTE' | 'UTF8_CHAR' {
  const unit = context.attrs.string('unit', 'BYTE');
  if (unit !== 'BYTE' && unit !== 'UTF8_CHAR') throw context.refuse(`its unit is '${unit}', not BYTE or UTF8_CHAR`);
  return unit;
}

function bucketsOf(context: OpContext): bigint {
  const buckets = context.attrs.bigint('num_buckets');
  if (buckets < 1n) throw context.refuse(`it has ${buckets} buckets`);
  return buckets;
}

/** Indices, values and shape of a sparse tensor of a known rank. */
export function sparseSpecs(context: OpContext, dtype: DType, rank: Dim): OutputSpec[] {
  const count = context.builder.unknownDim();
  return [
    { dtype: 'int64', shape: [count, rank] },
    { dtype, shape: [count] },
    { dtype: 'int64', shape: [rank] },
  ];
}

function reducedShape(shape: Shape | undefined, axes: readonly number[] | undefined, keep: boolean): Shape | undefined {
  if (shape === undefined || axes === undefined) return undefined;
  const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + shape.length : axis)));
  return keep ? shape.map((dim, i) => (reduced.has(i) ? 1 : dim)) : shape.filter((_, i) => !reduced.has(i));
}
