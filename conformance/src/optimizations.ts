import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadSavedModel, type Model, type SessionOptions } from '@servable/runtime';
import type { Tensor } from '@servable/tensor';
import { difference, fromGoldenMap, readGolden, type Tolerance } from '../../zoo/golden.js';
import { describe } from '../../zoo/run-golden.js';
import { readArguments } from './arguments.js';
import { variationsOf, type Variation } from './oracle/variations.js';
import { formatHead, formatRow, formatTotal, rowOf, type Row } from './row.js';
import { cacheOf, exportedModels, findSubjects, type Subject } from './subjects.js';

/** Sums in another order, through the whole of a network. */
const tolerance: Tolerance = { absolute: 1e-5, relative: 1e-3, ofLargest: 1e-4 };

/** Longest for a call; what takes longer without optimizations is passed over. */
const LIMIT_MS = 20_000;

/** What is known to differ, and why the optimization stays. */
const NCHWC =
  'the blocks of channels that NchwcTransformer makes are added behind a reshape with a -1, which the engine refuses for ' +
  'an empty batch; without it every convolution would be slower';
const PRODUCTS =
  'MatmulTransposeFusion makes products with one matrix for all rows, which the engine refuses to broadcast to an empty ' +
  'batch (https://github.com/microsoft/onnxruntime/pull/25663); without it attention would transpose its keys';
const known: ReadonlyMap<string, string> = new Map([
  ['zoo/image: ssim, an empty batch', NCHWC],
  ['conformance/segmenter: serving_default, an empty batch', NCHWC],
  ...[
    'FFT2D_complex64',
    'FFT2D_complex128',
    'RFFT2D_float32',
    'RFFT2D_float64',
    'IRFFT2D_float32',
    'IRFFT2D_float64',
  ].map((signature) => [`zoo/signal: ${signature}, an empty batch`, PRODUCTS] as const),
]);

/** Families whose signatures draw numbers or change state: no two answers are alike. */
const volatile = new Set(['zoo/random', 'zoo/state', 'zoo/tf1_state']);

/**
 * Looks for optimizations of the engine that change answers: every model of the zoo, the examples and those that are
 * exported is asked the same with all of them and with none. TensorFlow is not needed.
 *
 * @param argv - parts of names, and `--session=JSON`: session options for the side with optimizations, to find out which
 * one it is: `{"config":{"optimization.disable_specified_optimizers":"GeluFusion"}}`
 * @returns the exit status
 */
export async function main(root: string, argv: readonly string[]): Promise<number> {
  const flag = '--session=';
  const session = argv.filter((arg) => arg.startsWith(flag)).map((arg) => JSON.parse(arg.slice(flag.length)) as object);
  const args = readArguments(argv.filter((arg) => !arg.startsWith(flag)));
  const optimized: SessionOptions = Object.assign({}, ...session) as SessionOptions;
  const exported = [...exportedModels(root).keys()].map((name) => ({
    name: `conformance/${name}`,
    directory: join(cacheOf(root), name, '1'),
    golden: join(cacheOf(root), name, 'golden.json'),
  }));
  const subjects = [...findSubjects(root), ...exported].filter(
    ({ name, golden }) => args.wants(name) && !volatile.has(name) && existsSync(golden),
  );
  const rows: Row[] = [];
  console.log(formatHead());
  for (const subject of subjects) {
    const row = await rowOf(subject.name, () => checkOptimizations(subject, optimized));
    console.log(formatRow(row));
    for (const failure of row.failures) console.log(`    ${failure}`);
    rows.push(row);
  }
  const total = formatTotal(rows);
  console.log(total);
  return total.startsWith('0 ') || rows.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

/** Integers out of range end in refusals, and in loops of millions of iterations. */
function isOfInterest({ label }: Variation): boolean {
  return label !== 'numbers out of range' && label !== 'numbers below 0';
}

type Answer = ReadonlyMap<string, Tensor> | { readonly refused: string };

/** Asks a model the same under both. */
async function checkOptimizations(
  { name, directory, golden: path }: Pick<Subject, 'name' | 'directory' | 'golden'>,
  optimized: SessionOptions,
): Promise<Omit<Row, 'name' | 'seconds'>> {
  const golden = readGolden(path);
  await using plain = await loadSavedModel(directory, { eager: [], session: { graphOptimization: 'none' } });
  await using model = await loadSavedModel(directory, { eager: [], session: optimized });
  const failures: string[] = [];
  let [passed, differing, relative, absolute] = [0, 0, 0, 0];
  const varied = new Set<string>();
  for (const { signature = golden.signature, inputs } of golden.cases) {
    const given = fromGoldenMap(inputs);
    const def = plain.signatureDefs.get(signature);
    const variations = def === undefined || varied.has(signature) ? [] : variationsOf(given, def).filter(isOfInterest);
    varied.add(signature);
    for (const { label, inputs: values } of [{ label: 'as exported', inputs: given }, ...variations]) {
      const expected = await ask(plain, signature, values);
      if ('refused' in expected && expected.refused.startsWith('DEADLINE_EXCEEDED')) continue;
      const answer = await ask(model, signature, values);
      const apart = compareAnswers(answer, expected);
      relative = Math.max(relative, apart.relative);
      absolute = Math.max(absolute, apart.absolute);
      if (apart.why === undefined) passed++;
      else if (known.has(`${name}: ${signature}, ${label}`)) differing++;
      else failures.push(`${signature}, ${label}: ${apart.why}`);
    }
  }
  return { passed, failures, known: differing, relative, absolute };
}

async function ask(model: Model, signatureName: string, inputs: ReadonlyMap<string, Tensor>): Promise<Answer> {
  try {
    return await model.run({ signatureName, inputs, outputFilter: [], timeoutMs: LIMIT_MS });
  } catch (error) {
    return { refused: describe(error) };
  }
}

function compareAnswers(answer: Answer, expected: Answer): { why?: string; relative: number; absolute: number } {
  const none = { relative: 0, absolute: 0 };
  if ('refused' in answer || 'refused' in expected) {
    if ('refused' in answer && 'refused' in expected) return none;
    const says = 'refused' in answer ? `refused (${answer.refused})` : 'answered';
    return { ...none, why: `${says}; without optimizations ${'refused' in expected ? expected.refused : 'answered'}` };
  }
  let [relative, absolute] = [0, 0];
  for (const [alias, tensor] of expected) {
    const apart = difference(answer.get(alias), tensor, tolerance);
    if (apart.mismatch !== undefined) return { ...none, why: `output ${alias}: ${apart.mismatch}` };
    relative = Math.max(relative, apart.ofTensor);
    absolute = Math.max(absolute, apart.absolute);
  }
  return { relative, absolute };
}
