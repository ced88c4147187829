import type { DType, Tensor } from '@servable/tensor';
import {
  broadcast,
  broadcastOffsets,
  checkedSize,
  doublesOf,
  fromDoubles,
  integersOf,
  invalidRequest,
  sizeOf,
} from '../kernels/elements.js';
import { sampleBinomial } from '../kernels/sample-binomial.js';
import { sampleGamma } from '../kernels/sample-gamma.js';
import { samplesOf } from '../kernels/sample-numbers.js';
import { samplePoisson } from '../kernels/sample-poisson.js';
import { sampleTruncatedNormals, type TruncatedNormal } from '../kernels/sample-truncated-normal.js';
import type { Value } from '../onnx/value.js';
import {
  fromKey,
  fromSeed,
  fromState,
  fromVariable,
  PHILOX,
  shapeFrom,
  STEPS_PER_NUMBER,
  type Drawing,
} from './random-sources.js';
import { OpFamily, type OpContext } from './registry.js';

/** Samples of distributions whose parameters are inputs, with TensorFlow's numbers wherever a seed or state decides. */
export const randomDistributions = new OpFamily('random distributions')
  .host('RandomGamma', (context) => {
    const { dtype } = context.input(1);
    return prepended(context, dtype, (reserve, alphas, samples) => {
      if (samples === 0 || alphas.length === 0) return new Float64Array();
      return sampleGamma(reserve(samples * alphas.length * STEPS_PER_NUMBER), alphas, samples);
    });
  })
  .host('RandomPoisson RandomPoissonV2', (context) => {
    const dtype = context.attrs.dtype('dtype', 'int64');
    return prepended(context, dtype, (reserve, rates, samples) => {
      const generator = reserve(samples * rates.length * STEPS_PER_NUMBER);
      return samplePoisson(generator, rates, samples, greatest(dtype));
    });
  })
  .host('StatelessRandomGammaV2', (context) => gammas(context, fromSeed(1), 2))
  .host('StatelessRandomGammaV3', (context) => gammas(context, fromKey(1), 4))
  .host('StatelessRandomPoisson', (context) => {
    const dtype = context.attrs.dtype('dtype');
    const spec = { dtype, shape: shapeFrom(context, 0) };
    return fromSeed(1)(context, [spec], (reserve, inputs) => {
      const shape = integersOf(inputs[0]);
      const rates = inputs[2] as Tensor;
      const samples = samplesOf(shape, rates.shape);
      return [made(dtype, shape, samplePoisson(reserve(0), doublesOf(rates), samples, greatest(dtype)))];
    });
  })
  .host('StatelessRandomBinomial', (context) => binomials(context, fromSeed(1), 0))
  .host('StatefulRandomBinomial', (context) => binomials(context, fromVariable(1, [PHILOX]), 2))
  .host('ParameterizedTruncatedNormal', truncatedNormals)
  .host('StatelessParameterizedTruncatedNormal', statelessTruncatedNormals);

/** Doubles as samples of a dtype; for NaN integers have their least number, as conversions of the processor have it. */
function made(dtype: DType, shape: readonly number[], values: Float64Array): Tensor {
  const least = { int32: -(2 ** 31), int64: -(2 ** 63) }[dtype as 'int32'];
  if (least !== undefined) for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = least;
  return fromDoubles(dtype, shape, values);
}

const GREATEST: Readonly<Partial<Record<DType, number>>> = {
  float16: 65504,
  float32: (2 - 2 ** -23) * 2 ** 127,
  int32: 2 ** 31 - 1,
  int64: 2 ** 63 - 1,
};

const greatest = (dtype: DType): number => GREATEST[dtype] ?? Number.MAX_VALUE;

/** Samples in front of the parameters' dimensions: inputs are the samples' shape and the parameters. */
function prepended(
  context: OpContext,
  dtype: DType,
  sample: (reserve: Parameters<Parameters<Drawing>[2]>[0], parameters: Float64Array, samples: number) => Float64Array,
): readonly Value[] {
  const lead = shapeFrom(context, 0);
  const own = context.input(1).shape;
  const shape = lead && own && [...lead, ...own];
  return fromState(context, [{ dtype, shape }], (reserve, inputs) => {
    const parameters = inputs[1] as Tensor;
    const dims = integersOf(inputs[0]);
    const all = [...dims, ...parameters.shape];
    checkedSize(all);
    return [made(dtype, all, sample(reserve, doublesOf(parameters), sizeOf(dims)))];
  });
}

/** @param alphaAt - the input with the distributions' shapes */
function gammas(context: OpContext, drawing: Drawing, alphaAt: number): readonly Value[] {
  const { dtype } = context.input(alphaAt);
  return drawing(context, [{ dtype, shape: shapeFrom(context, 0) }], (reserve, inputs) => {
    const shape = integersOf(inputs[0]);
    const alphas = inputs[alphaAt] as Tensor;
    if (checkedSize(shape) === 0) return [made(dtype, shape, new Float64Array())];
    const samples = samplesOf(shape, alphas.shape);
    return [made(dtype, shape, sampleGamma(reserve(0), doublesOf(alphas), samples))];
  });
}

/** @param shapeAt - the input with the shape; the counts and probabilities are the last two */
function binomials(context: OpContext, drawing: Drawing, shapeAt: number): readonly Value[] {
  const dtype = context.attrs.dtype('dtype', 'int64');
  const countsAt = context.inputCount - 2;
  const computed = context.input(countsAt).dtype;
  return drawing(context, [{ dtype, shape: shapeFrom(context, shapeAt) }], (reserve, inputs) => {
    const shape = integersOf(inputs[shapeAt]);
    const [counts, probabilities] = inputs.slice(countsAt) as Tensor[];
    const common = broadcast(counts!.shape, probabilities!.shape);
    const samples = samplesOf(shape, common);
    const batch = sizeOf(common);
    const steps = Math.trunc((batch * 2 * 100 * (samples + 3)) / 4) * STEPS_PER_NUMBER;
    const [n, p] = [broadcasted(counts!, common), broadcasted(probabilities!, common)];
    return [made(dtype, shape, sampleBinomial(reserve(steps), n, p, samples, computed))];
  });
}

function broadcasted(tensor: Tensor, shape: readonly number[]): Float64Array {
  const values = doublesOf(tensor);
  const from = broadcastOffsets(tensor.shape, shape);
  return from === undefined ? values : Float64Array.from(from, (at) => values[at]!);
}

/** How many samples are drawn in one go where one distribution is for all (kDesiredBatchSize). */
const SAMPLES_AT_ONCE = 100;

/** Inputs: a shape, and parameters that are scalars or hold one element for each index of its first dimension. */
function truncatedNormals(context: OpContext): readonly Value[] {
  const dtype = context.attrs.dtype('dtype');
  return fromState(context, [{ dtype, shape: shapeFrom(context, 0) }], (reserve, inputs) => {
    const shape = integersOf(inputs[0]);
    const size = checkedSize(shape);
    const parameters = inputs.slice(1) as Tensor[];
    const long = parameters.find(({ rank }) => rank > 1);
    if (inputs[0]?.rank !== 1 || shape.length === 0 || long !== undefined) {
      throw invalidRequest(
        'BAD_PARAMETERS',
        `expected a shape of at least one dimension and parameters that are scalars or vectors, given [${shape.join()}] and ` +
          parameters.map((tensor) => `[${tensor.shape.join()}]`).join(', '),
      );
    }
    const [means, deviations, lows, highs] = parameters as [Tensor, Tensor, Tensor, Tensor];
    const isShared = means.size === 1 && deviations.size === 1 && lows.rank === 0 && highs.rank === 0;
    let batch = shape[0]!;
    const unfit = parameters.find((tensor) => tensor.size !== 1 && tensor.size !== batch);
    if (!isShared && unfit !== undefined) {
      throw invalidRequest(
        'BAD_PARAMETERS',
        `parameters should have length 1 or ${batch}, got [${unfit.shape.join()}]`,
      );
    }
    let samples = batch === 0 ? sizeOf(shape.slice(1)) : size / batch;
    if (isShared) [batch, samples] = [Math.ceil(size / SAMPLES_AT_ONCE), SAMPLES_AT_ONCE];
    const generator = reserve(Math.trunc((batch * 2 * 1000 * (samples + 3)) / 4));
    const of = distributionsOf(parameters.map(doublesOf), batch, (i) => Math.min(samples, size - i * samples));
    const values = new Float64Array(size);
    sampleTruncatedNormals(generator, dtype, of, (i, sample, value) => (values[i * samples + sample] = value));
    return [fromDoubles(dtype, shape, values)];
  });
}

/** Inputs: a shape, a seed, and parameters whose broadcast shape ends the shape. */
function statelessTruncatedNormals(context: OpContext): readonly Value[] {
  const dtype = context.attrs.dtype('dtype');
  return fromSeed(1)(context, [{ dtype, shape: shapeFrom(context, 0) }], (reserve, inputs) => {
    const shape = integersOf(inputs[0]);
    const parameters = inputs.slice(2) as Tensor[];
    const common = broadcast(...parameters.map((tensor) => tensor.shape));
    const samples = samplesOf(shape, common);
    const batch = sizeOf(common);
    const values = new Float64Array(batch * samples);
    const of = distributionsOf(
      parameters.map((tensor) => broadcasted(tensor, common)),
      samples === 0 ? 0 : batch,
      () => samples,
    );
    sampleTruncatedNormals(reserve(0), dtype, of, (i, sample, value) => (values[sample * batch + i] = value));
    return [fromDoubles(dtype, shape, values)];
  });
}

function distributionsOf(
  parameters: readonly Float64Array[],
  batch: number,
  countOf: (index: number) => number,
): (TruncatedNormal & { readonly count: number })[] {
  return Array.from({ length: batch }, (_, i) => {
    const [mean = NaN, deviation = NaN, least = NaN, most = NaN] = parameters.map(
      (all) => all[all.length === 1 ? 0 : i]!,
    );
    return { mean, deviation, least, most, count: countOf(i) };
  });
}
