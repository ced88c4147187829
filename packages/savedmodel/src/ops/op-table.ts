import { activations } from './activations.js';
import { arithmetic } from './arithmetic.js';
import { assertions } from './assertions.js';
import { audio } from './audio.js';
import { basics } from './basics.js';
import { colour } from './colour.js';
import { branches } from './branches.js';
import { comparison } from './comparison.js';
import { convolution } from './convolution.js';
import { decoding } from './decoding.js';
import { detection } from './detection.js';
import { dynamicSlices } from './dynamic-slices.js';
import { exampleParsing } from './example-parsing.js';
import { forests } from './forests.js';
import { fractionalPooling } from './fractional-pooling.js';
import { isotonic } from './isotonic.js';
import { fourierTransforms } from './fourier.js';
import { gather } from './gather.js';
import { gradients } from './gradients.js';
import { indexArithmetic } from './index-arithmetic.js';
import { recurrentCells } from './recurrent-cells.js';
import { loops } from './loops.js';
import { lookup } from './lookup.js';
import { losses } from './losses.js';
import { matmul } from './matmul.js';
import { normalization } from './normalization.js';
import { imageCodecs } from './image-codecs.js';
import { imageRegions } from './image-regions.js';
import { patches } from './patches.js';
import { pooling } from './pooling.js';
import { ragged } from './ragged.js';
import { reduction } from './reduction.js';
import { bits } from './bits.js';
import { complex, withComplex } from './complex.js';
import { cumulative } from './cumulative.js';
import { specialFunctions } from './special-functions.js';
import { trigonometry } from './trigonometry.js';
import { quantization } from './quantization.js';
import { quantizedLayers } from './quantized-layers.js';
import { random } from './random.js';
import { randomChoices } from './random-choices.js';
import { randomDistributions } from './random-distributions.js';
import { randomStates } from './random-states.js';
import { ranking } from './ranking.js';
import { scatter } from './scatter.js';
import { segments } from './segments.js';
import { matrixDiagonals } from './matrix-diagonal.js';
import { linearAlgebra } from './linear-algebra.js';
import { padding } from './padding.js';
import { reordering } from './reordering.js';
import type { OpDefinition } from './registry.js';
import { resize } from './resize.js';
import { sequenceExampleParsing } from './sequence-example-parsing.js';
import { shapes } from './shapes.js';
import { speech } from './speech.js';
import { spaceBatch } from './space-batch.js';
import { slicing } from './slicing.js';
import { transposedConvolution } from './transposed-convolution.js';
import { sparse } from './sparse.js';
import { strings } from './strings.js';
import { tensorArrays } from './tensor-arrays.js';
import { tensorLists } from './tensor-lists.js';
import { tensorMaps } from './tensor-maps.js';
import { csrMatrices } from './csr-matrices.js';
import { countedLoops } from './counted-loops.js';
import { datasets } from './datasets.js';
import { datasetIterators } from './dataset-iterators.js';
import { protocolBuffers } from './protocol-buffers.js';
import { serializedElements } from './serialized-elements.js';
import { sentencepiece } from './sentencepiece.js';
import { textNormalization } from './text-normalization.js';
import { textRows } from './text-rows.js';
import { textTokens } from './text-tokens.js';
import { unicode } from './unicode.js';
import { uniformQuantization } from './uniform-quantization.js';
import { variables } from './variables.js';
import { xlaModules } from '../stablehlo/xla-call-module.js';

/** Every family; an op belongs to exactly one. */
export const opFamilies = [
  basics,
  variables,
  arithmetic,
  activations,
  losses,
  comparison,
  matmul,
  convolution,
  transposedConvolution,
  spaceBatch,
  speech,
  recurrentCells,
  indexArithmetic,
  gradients,
  pooling,
  fractionalPooling,
  isotonic,
  resize,
  colour,
  patches,
  imageRegions,
  imageCodecs,
  fourierTransforms,
  audio,
  quantization,
  quantizedLayers,
  uniformQuantization,
  random,
  randomDistributions,
  randomChoices,
  randomStates,
  detection,
  normalization,
  reduction,
  shapes,
  reordering,
  padding,
  slicing,
  dynamicSlices,
  gather,
  ranking,
  scatter,
  segments,
  matrixDiagonals,
  linearAlgebra,
  bits,
  complex,
  cumulative,
  specialFunctions,
  trigonometry,
  exampleParsing,
  strings,
  ragged,
  sparse,
  sequenceExampleParsing,
  decoding,
  unicode,
  textTokens,
  textNormalization,
  sentencepiece,
  textRows,
  lookup,
  forests,
  assertions,
  branches,
  loops,
  tensorLists,
  tensorArrays,
  tensorMaps,
  csrMatrices,
  serializedElements,
  protocolBuffers,
  xlaModules,
  countedLoops,
  datasets,
  datasetIterators,
] as const;

const table = new Map<string, OpDefinition>();
for (const family of opFamilies) {
  for (const definition of family.definitions) {
    if (table.has(definition.op)) throw new Error(`op ${definition.op} is defined twice`);
    table.set(definition.op, { ...definition, lower: withComplex(definition.op, definition.lower) });
  }
}

/** @param op - TensorFlow's op type */
export function findOp(op: string): OpDefinition | undefined {
  return table.get(op);
}

/** One op that the compiler knows. */
export interface KnownOp {
  /** TensorFlow's op type. */
  readonly op: string;
  readonly family: string;
  readonly runs: OpDefinition['runs'];
}

/** All ops that the compiler knows, by name. */
export function knownOps(): readonly KnownOp[] {
  return [...table.values()]
    .map(({ op, family, runs }) => ({ op, family, runs }))
    .sort((a, b) => (a.op < b.op ? -1 : 1));
}
