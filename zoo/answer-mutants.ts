// The process that loads damaged models and asks them: on its own, so that one that ends it or hangs is seen.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadSavedModel, RuntimeError, type Model } from '@servable/runtime';
import { SavedModelError } from '@servable/savedmodel';
import { dtypeFromEnum, dtypeInfo, Tensor, TensorError } from '@servable/tensor';
import { fromGoldenMap, readGolden, type Golden } from './golden.js';
import { isDamageable, keepSignature, mutateModel, randomOf, type ModelFiles } from './mutate-model.js';

/** What the process is asked for, as JSON in its first argument. */
export interface MutantRequest {
  /** Directories of models, each with its goldens. */
  readonly models: readonly { readonly dir: string; readonly golden: string }[];
  readonly seed: number;
  /** Numbers of the first mutant, and behind the last. */
  readonly from: number;
  readonly to: number;
}

/** What the process writes, one line of JSON each. */
export type MutantReport =
  | { readonly kind: 'start'; readonly number: number; readonly what: string }
  | {
      readonly kind: 'answered' | 'refused' | 'wrong';
      readonly number: number;
      readonly detail: string;
      readonly ms: number;
    };

interface Prepared {
  readonly dir: string;
  readonly golden: Golden;
  readonly files: ModelFiles;
}

const report = (line: MutantReport) => writeSync(1, JSON.stringify(line) + '\n');

async function readFiles(dir: string): Promise<ModelFiles> {
  const paths = (await readdir(dir, { recursive: true })).map((path) => path.replaceAll('\\', '/'));
  const entries = paths.filter(isDamageable).map(async (path) => [path, new Uint8Array(await readFile(join(dir, path)))] as const); // prettier-ignore
  return new Map(await Promise.all(entries));
}

/** Tensors that fit the signature as the damaged model tells it, small ones where it leaves sizes open. */
function fittingInputs(model: Model, signature: string): ReadonlyMap<string, Tensor> | undefined {
  const inputs = new Map<string, Tensor>();
  for (const [alias, info] of Object.entries(model.signatureDefs.get(signature)?.inputs ?? {})) {
    if (info.tensorShape?.unknownRank === true) return undefined;
    const shape = info.tensorShape?.dim.map(({ size }) => (size < 0n ? 2 : Number(size))) ?? [];
    const size = shape.reduce((all, dim) => all * dim, 1);
    if (!(size <= 1e6)) return undefined;
    const dtype = dtypeFromEnum(info.dtype);
    if (dtype === 'string') {
      inputs.set(alias, new Tensor(dtype, shape, new Array<Uint8Array>(size).fill(new Uint8Array([51, 46, 53]))));
      continue;
    }
    const { array } = dtypeInfo(dtype);
    if (array === undefined) return undefined;
    inputs.set(alias, new Tensor(dtype, shape, new array(dtype.startsWith('complex') ? 2 * size : size)));
  }
  return inputs;
}

async function answer(dir: string, signature: string, golden: Golden): Promise<void> {
  await using model = await loadSavedModel(dir, { eager: [], session: { intraOpThreads: 1 } });
  const one = golden.cases.find((given) => (given.signature ?? golden.signature) === signature);
  const call = (inputs: ReadonlyMap<string, Tensor>) =>
    model.run({ signatureName: signature, inputs, outputFilter: [], timeoutMs: 5000 });
  try {
    await call(fromGoldenMap(one?.inputs ?? {}));
  } catch (error) {
    if (!/^(INPUT_|MISSING_INPUT|UNKNOWN_INPUT)/.test((error as { reason?: string }).reason ?? '')) throw error;
    const inputs = fittingInputs(model, signature);
    if (inputs === undefined) throw error;
    await call(inputs);
  }
}

const isTyped = (error: unknown): error is SavedModelError =>
  error instanceof SavedModelError || error instanceof RuntimeError || error instanceof TensorError;

async function run({ models, seed, from, to }: MutantRequest): Promise<void> {
  const prepared: Prepared[] = [];
  for (const { dir, golden } of models) prepared.push({ dir, golden: readGolden(golden), files: await readFiles(dir) });
  const folder = await mkdtemp(join(tmpdir(), 'servable-mutant-'));
  try {
    for (let number = from; number < to; number++) {
      const random = randomOf(seed * 1_000_003 + number);
      const { golden, files, dir } = prepared[number % prepared.length] as Prepared;
      const names = [...new Set(golden.cases.map((one) => one.signature ?? golden.signature))];
      const signature = names[random(names.length)] as string;
      const mutant = mutateModel(keepSignature(files, signature), random);
      report({ kind: 'start', number, what: `${dir} ${signature}: ${mutant.what}` });
      const place = join(folder, String(number));
      for (const [path, bytes] of mutant.files) {
        await mkdir(dirname(join(place, path)), { recursive: true });
        await writeFile(join(place, path), bytes);
      }
      const started = performance.now();
      const done = (kind: 'answered' | 'refused' | 'wrong', detail: string) =>
        report({ kind, number, detail, ms: performance.now() - started });
      try {
        await answer(place, signature, golden);
        done('answered', '');
      } catch (error) {
        const { message, stack } = error as Error;
        if (!isTyped(error)) done('wrong', `not typed: ${stack}`);
        else if (message.length > 4000) done('wrong', `a message of ${message.length} characters`);
        else
          done('refused', `${error.code} ${error.reason}: ${message}${error.code === 'INTERNAL' ? `\n${stack}` : ''}`);
      }
      await rm(place, { recursive: true, force: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await run(JSON.parse(process.argv[2] ?? '') as MutantRequest);
