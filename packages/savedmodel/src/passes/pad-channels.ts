import { Tensor } from '@servable/tensor';
import type { LoweredNode, OnnxNode } from '../onnx/lowered-graph.js';
import { intAttribute, intsAttribute } from '../onnx/onnx-attributes.js';
import type { Shape, Value } from '../onnx/value.js';

/** The engine's kernels of blocks of channels (`MlasNchwcGetBlockSize`: 8 or 16, by the processor) take multiples of this. */
const BLOCK = 16;
/** Of fewer channels a block would be mostly padding. */
const MIN_CHANNELS = 3;
/** Depthwise convolutions of smaller images are as fast without blocks as with the two copies that these cost. */
const MIN_IMAGE = 2000;
const MIN_KERNEL = 9;

/**
 * Gives averages over windows, and depthwise convolutions of wide images, as many channels as the engine's kernels of blocks
 * take, and takes the channels away again. Its kernels of any number of channels are up to sixteen times slower, the copies
 * included.
 *
 * @param nodes - in order
 */
export function padChannels(nodes: readonly LoweredNode[]): LoweredNode[] {
  return nodes.flatMap((node): readonly LoweredNode[] => {
    const wide = node.kind === 'native' ? widened(node) : undefined;
    return wide ?? [node];
  });
}

function widened(node: OnnxNode): readonly OnnxNode[] | undefined {
  const [x, ...others] = node.inputs;
  const [output] = node.outputs;
  const [batch, channels, ...image] = x?.shape ?? [];
  if (x?.dtype !== 'float32' || output === undefined || batch === undefined || image.length !== 2) return undefined;
  if (typeof channels !== 'number' || channels < MIN_CHANNELS || channels % BLOCK === 0) return undefined;
  const missing = BLOCK - (channels % BLOCK);
  const parameters = node.op === 'AveragePool' ? [] : node.op === 'Conv' ? filters(node, image, missing) : undefined;
  if (parameters === undefined || parameters.length !== others.length) return undefined;
  const withChannels = (shape: Shape | undefined) => shape?.with(1, channels + missing);
  const value = (name: string, shape: Shape | undefined): Value => ({ name, dtype: 'float32', shape });
  const wideInput = value(`${output.name}/padded`, withChannels(x.shape));
  const wideOutput = value(`${output.name}/wide`, withChannels(output.shape));
  const ints = (name: string, ...numbers: number[]): Value => ({
    name: `${output.name}/${name}`,
    dtype: 'int64',
    shape: [numbers.length],
    constant: new Tensor('int64', [numbers.length], BigInt64Array.from(numbers, BigInt)),
  });
  const plain = { kind: 'native', domain: '', origin: node.origin } as const;
  const attrs =
    node.op === 'Conv' ? { ...node.attrs, group: { kind: 'int' as const, value: channels + missing } } : node.attrs;
  return [
    {
      ...plain,
      op: 'Pad',
      attrs: { mode: { kind: 'string', value: 'constant' } },
      inputs: [x, ints('pads', 0, 0, 0, 0, 0, missing, 0, 0)],
      outputs: [wideInput],
    },
    { ...node, attrs, inputs: [wideInput, ...parameters], outputs: [wideOutput] },
    {
      ...plain,
      op: 'Slice',
      attrs: {},
      inputs: [wideOutput, ints('from', 0), ints('to', channels), ints('axis', 1)],
      outputs: node.outputs,
    },
  ];
}

/** Weights and bias of a depthwise convolution with channels of zeros behind; undefined if it is none that gains by it. */
function filters({ attrs, inputs }: OnnxNode, image: Shape, missing: number): readonly Value[] | undefined {
  const [, weights, bias] = inputs;
  const [channels = 0, perGroup, ...kernel] = weights?.constant?.shape ?? [];
  const size = (dims: Shape) => dims.reduce<number>((area, dim) => area * (typeof dim === 'number' ? dim : 0), 1);
  if (perGroup !== 1 || intAttribute(attrs, 'group', 1) !== channels || size(kernel) < MIN_KERNEL) return undefined;
  const strides = intsAttribute(attrs, 'strides') ?? [];
  if (size(image) < MIN_IMAGE * strides.reduce((a, b) => a * b, 1)) return undefined;
  const wide: Value[] = [];
  for (const value of [weights, bias]) {
    if (value === undefined) continue;
    const { constant } = value;
    if (constant?.dtype !== 'float32') return undefined;
    const shape = constant.shape.with(0, channels + missing);
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    data.set(constant.data as Float32Array);
    wide.push({ name: `${value.name}/padded`, dtype: 'float32', shape, constant: new Tensor('float32', shape, data) });
  }
  return wide;
}
