import { Tensor } from '@servable/tensor';
import {
  sentencepieceDetokenize,
  sentencepieceExtras,
  sentencepieceIds,
  sentencepieceOfId,
  sentencepieceTokenize,
} from '../kernels/text/sentencepiece-ops.js';
import { sentencepieceProcessor, type SentencepieceProcessor } from '../kernels/text/sentencepiece.js';
import type { OutputSpec } from '../onnx/known-shapes.js';
import { hostValue, hostValues } from './host-value.js';
import { OpFamily, type OpContext } from './registry.js';

/** SentencePiece, whose model stands in an attribute of the graph. */
export const sentencepiece = new OpFamily('TensorFlow Text: SentencePiece')
  .compile('SentencepieceOp', (context) => {
    const model = context.attrs.bytes('model', new Uint8Array());
    if (model.length === 0) throw context.refuse('it has no model');
    return { kind: 'sentencepiece', node: context.node, model };
  })
  .host('SentencepieceTokenizeOp SentencepieceTokenizeWithOffsetsOp', (context) => {
    const { attrs, builder } = context;
    if (attrs.bool('return_nbest', false)) throw context.refuse('it returns the n best ways, not the best one');
    const processor = processorOf(context);
    const values = attrs.dtype('out_type', 'int32');
    const splits = attrs.dtype('Tsplits', 'int64');
    const withOffsets = context.node.op === 'SentencepieceTokenizeWithOffsetsOp';
    const inputs = inputsOf(context);
    const texts = inputs[0]?.shape;
    const size = texts?.every((dim) => typeof dim === 'number') === true ? texts.reduce((a, b) => a * b, 1) : undefined;
    const count = builder.unknownDim();
    const specs: OutputSpec[] = [
      { dtype: values, shape: [count] },
      { dtype: splits, shape: [size === undefined ? builder.unknownDim() : size + 1] },
      { dtype: 'int64', shape: [count] },
      { dtype: 'int64', shape: [count] },
    ];
    // What stands behind `nbest` is alpha, which only matters for what is drawn at random.
    return hostValues(context, inputs, specs.slice(0, withOffsets ? 4 : 2), (input, nbest, _, begin, end, reverse) =>
      sentencepieceTokenize(processor(), input, nbest, sentencepieceExtras(begin, end, reverse), {
        values,
        splits,
        withOffsets,
      }),
    );
  })
  .host('SentencepieceDetokenizeOp', (context) => {
    const processor = processorOf(context);
    const inputs = inputsOf(context);
    const rows = inputs[1]?.shape?.[0];
    const shape = [typeof rows === 'number' ? Math.max(0, rows - 1) : context.builder.unknownDim()];
    return hostValue(context, inputs, { dtype: 'string', shape }, (values, splits, begin, end, reverse) =>
      sentencepieceDetokenize(processor(), values, splits, sentencepieceExtras(begin, end, reverse)),
    );
  })
  .host('SentencepieceIdToStringOp', (context) => {
    const processor = processorOf(context);
    const inputs = inputsOf(context);
    return hostValue(context, inputs, { dtype: 'string', shape: inputs[0]?.shape }, (ids) =>
      sentencepieceOfId(processor(), ids),
    );
  })
  .host('SentencepieceStringToIdOp', (context) => {
    const processor = processorOf(context);
    const inputs = inputsOf(context);
    return hostValue(context, inputs, { dtype: 'int32', shape: inputs[0]?.shape }, (pieces) =>
      sentencepieceIds(processor(), pieces),
    );
  })
  .host('SentencepieceVocabSizeOp', (context) => {
    const processor = processorOf(context);
    return hostValue(
      context,
      [],
      { dtype: 'int32', shape: [] },
      () => new Tensor('int32', [], Int32Array.of(processor().size)),
    );
  });

function processorOf(context: OpContext): () => SentencepieceProcessor {
  const resource = context.resource(0);
  if (resource.kind !== 'sentencepiece') {
    throw context.refuse(`its input 0 is a ${resource.kind}, not a SentencePiece model`);
  }
  return () => sentencepieceProcessor(resource.model);
}

/** The inputs behind the model. */
function inputsOf(context: OpContext) {
  return Array.from({ length: context.inputCount - 1 }, (_, i) => context.input(i + 1));
}
