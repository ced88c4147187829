import { Tensor } from '@servable/tensor';
import { doublesOf, fromDoubles, integerOf, invalidRequest } from '../kernels/elements.js';
import { combinedSuppression, intersectionOverUnion, suppress } from '../kernels/non-max-suppression.js';
import type { Value } from '../onnx/value.js';
import { OpFamily, type OpContext } from './registry.js';

/** Non-maximum suppression: hard in the engine, soft and combined on the host. */
export const detection = new OpFamily('detection')
  .native('NonMaxSuppression', (context) =>
    hard(context, context.builder.scalar('float32', context.attrs.float('iou_threshold', 0.5))),
  )
  .native('NonMaxSuppressionV2', (context) => hard(context, context.input(3)))
  .native('NonMaxSuppressionV3', (context) => hard(context, context.input(3), context.input(4)))
  .native('NonMaxSuppressionV4', (context) => {
    const selected = hard(context, context.input(3), context.input(4));
    return padded(context, [selected]);
  })
  .native('NonMaxSuppressionV5', (context) => {
    const sigma = context.input(5).constant;
    if (sigma === undefined || doublesOf(sigma)[0] !== 0) return soft(context);
    const selected = hard(context, context.input(3), context.input(4));
    const scores = context.builder.emit('Gather', [context.input(1), selected], { axis: 0 });
    return padded(context, [selected, scores]);
  })
  .host('NonMaxSuppressionWithOverlaps', (context) => {
    const { builder } = context;
    const spec = { dtype: 'int32', shape: [builder.unknownDim()] } as const;
    return builder.host(context.node.op, context.inputs(), [spec], ([overlaps, scores, limit, threshold, least]) => {
      const { shape, data } = overlaps as Tensor;
      const count = shape[0] ?? 0;
      if (shape.length !== 2 || shape[1] !== count || (scores as Tensor).size !== count) {
        throw invalidRequest('BAD_OVERLAPS', `expected overlaps [n, n] and n scores, got [${shape.join(', ')}]`);
      }
      const { selected } = suppress({
        scores: (scores as Tensor).data as Float32Array,
        similarity: (i, j) => (data as Float32Array)[i * count + j]!,
        maxOutputSize: integerOf(limit),
        threshold: doublesOf(threshold as Tensor)[0] ?? 0,
        scoreThreshold: doublesOf(least as Tensor)[0] ?? 0,
        softSigma: 0,
      });
      return [new Tensor('int32', [selected.length], Int32Array.from(selected))];
    });
  })
  .host('CombinedNonMaxSuppression', (context) => {
    const { builder, attrs } = context;
    const [batch, total] = [context.input(0).shape?.[0] ?? builder.unknownDim(), builder.unknownDim()];
    const options = { padPerClass: attrs.bool('pad_per_class', false), clipBoxes: attrs.bool('clip_boxes', true) };
    const specs = [
      { dtype: 'float32', shape: [batch, total, 4] },
      { dtype: 'float32', shape: [batch, total] },
      { dtype: 'float32', shape: [batch, total] },
      { dtype: 'int32', shape: [batch] },
    ] as const;
    return builder.host(context.node.op, context.inputs(), specs, ([boxes, scores, perClass, all, iou, least]) =>
      combinedSuppression(boxes as Tensor, scores as Tensor, {
        maxPerClass: integerOf(perClass),
        maxTotal: integerOf(all),
        threshold: doublesOf(iou as Tensor)[0] ?? 0,
        scoreThreshold: doublesOf(least as Tensor)[0] ?? 0,
        ...options,
      }),
    );
  });

/** Indices of the boxes that stay, by descending score. */
function hard(context: OpContext, threshold: Value, scoreThreshold?: Value): Value {
  const { builder } = context;
  const float = (value: Value) => builder.cast(value, 'float32');
  const vector = (value: Value) => builder.reshape(value, [1]);
  const boxes = builder.unsqueeze(float(context.input(0)), [0]);
  const scores = builder.unsqueeze(float(context.input(1)), [0, 1]);
  const limit = vector(builder.cast(context.input(2), 'int64'));
  const inputs = [boxes, scores, limit, vector(float(threshold))];
  if (scoreThreshold !== undefined) inputs.push(vector(float(scoreThreshold)));
  const found = builder.emit('NonMaxSuppression', inputs, {}, { dtype: 'int64', shape: [builder.unknownDim(), 3] });
  return builder.cast(builder.pick(found, 2, 1), 'int32');
}

/** Results filled up with zeros if the node asks for it, and how many of them are valid. */
function padded(context: OpContext, values: readonly Value[]): readonly Value[] {
  const { builder, attrs } = context;
  const [first] = values;
  const valid = builder.pick(builder.shapeOf(first as Value), 0);
  const count = builder.cast(valid, 'int32');
  if (!attrs.bool('pad_to_max_output_size', false)) return [...values, count];
  const limit = builder.cast(context.input(2), 'int64');
  const missing = builder.unsqueeze(builder.emit('Sub', [limit, valid]), [0]);
  const pads = builder.concat([builder.ints([0]), missing], 0);
  return [...values.map((value) => builder.emit('Pad', [value, pads], { mode: 'constant' })), count];
}

function soft(context: OpContext): readonly Value[] {
  const { builder, attrs } = context;
  const pad = attrs.bool('pad_to_max_output_size', false);
  const length = builder.unknownDim();
  const { dtype } = context.input(1);
  const specs = [
    { dtype: 'int32', shape: [length] },
    { dtype, shape: [length] },
    { dtype: 'int32', shape: [] },
  ] as const;
  return builder.host(context.node.op, context.inputs(), specs, ([boxes, scores, limit, iou, least, sigma]) => {
    const corners = doublesOf(boxes as Tensor);
    const given = doublesOf(scores as Tensor);
    if ((boxes as Tensor).rank !== 2 || (boxes as Tensor).shape[1] !== 4 || corners.length !== given.length * 4) {
      throw invalidRequest(
        'BAD_BOXES',
        `expected boxes [n, 4] and n scores, got [${(boxes as Tensor).shape.join(', ')}] and ${given.length}`,
      );
    }
    const maxOutputSize = integerOf(limit);
    const result = suppress({
      scores: given,
      similarity: (i, j) => intersectionOverUnion(corners, i * 4, j * 4),
      maxOutputSize,
      threshold: doublesOf(iou as Tensor)[0] ?? 0,
      scoreThreshold: doublesOf(least as Tensor)[0] ?? 0,
      softSigma: doublesOf(sigma as Tensor)[0] ?? 0,
    });
    const size = pad ? maxOutputSize : result.selected.length;
    const indices = new Int32Array(size);
    indices.set(result.selected);
    const kept = new Float64Array(size);
    kept.set(result.scores);
    return [
      new Tensor('int32', [size], indices),
      fromDoubles(dtype, [size], kept),
      new Tensor('int32', [], Int32Array.of(result.selected.length)),
    ];
  });
}
