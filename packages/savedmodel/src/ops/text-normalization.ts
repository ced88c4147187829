import { boundedBytes, mapStrings } from '../kernels/byte-strings.js';
import { caseFoldText, normalizeText, type NormalizationForm } from '../kernels/text/normalization.js';
import { findSourceOffsets, normalizeWithMap } from '../kernels/text/offsets-map.js';
import type { OutputSpec } from '../onnx/known-shapes.js';
import { hostValue, hostValues, like } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Unicode normalization of TensorFlow Text. */
export const textNormalization = new OpFamily('TensorFlow Text: normalization')
  .host('CaseFoldUTF8', (context) => {
    const [input] = context.inputs();
    return hostValue(context, [input!], like(input!), (x) => bounded(x, caseFoldText));
  })
  .host('NormalizeUTF8', (context) => {
    const form = formOf(context);
    const [input] = context.inputs();
    return hostValue(context, [input!], like(input!), (x) => bounded(x, (text) => normalizeText(text, form)));
  })
  .host('NormalizeUTF8WithOffsetsMap', (context) => {
    const form = formOf(context);
    const { builder } = context;
    const input = context.input(0);
    const specs: OutputSpec[] = [
      like(input),
      { dtype: 'int64', shape: [builder.unknownDim()] },
      { dtype: 'int32', shape: [builder.unknownDim(), 3] },
    ];
    const [output, splits, edits] = hostValues(context, [input], specs, (x) => normalizeWithMap(x, form));
    return [output!, { kind: 'offsets-map', splits: splits!, edits: edits! }];
  })
  .host('FindSourceOffsets', (context) => {
    const map = context.resource(0);
    if (map.kind !== 'offsets-map') throw context.refuse(`its input 0 is a ${map.kind}, not a map of offsets`);
    const [values, splits] = [context.input(1), context.input(2)];
    const spec = { dtype: 'int64', shape: values.shape } as const;
    return hostValue(context, [map.splits, map.edits, values, splits], spec, findSourceOffsets);
  });

function bounded(input: Parameters<typeof mapStrings>[0], change: (text: Uint8Array) => Uint8Array) {
  let total = 0;
  return mapStrings(input, (text) => {
    const changed = change(text);
    total = boundedBytes(total + changed.length);
    return changed;
  });
}

function formOf(context: OpContext): NormalizationForm {
  const form = context.attrs.string('normalization_form').toUpperCase();
  if (form === 'NFC' || form === 'NFD' || form === 'NFKC' || form === 'NFKD') return form;
  throw context.refuse(`its normalization form is '${form}', not NFC, NFD, NFKC or NFKD`);
}
