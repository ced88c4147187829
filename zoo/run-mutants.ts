import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import type { MutantReport, MutantRequest } from './answer-mutants.js';

/** How the mutants of a model fared. */
export interface MutantOutcome {
  readonly number: number;
  readonly what: string;
  /** `wrong` is an error of no known class; `crashed`, `hung` and `swollen` are of the process. */
  readonly kind: 'answered' | 'refused' | 'wrong' | 'crashed' | 'hung' | 'swollen';
  readonly detail: string;
}

/** Far above what a mutant takes, its call's own limit of 5 seconds included. */
const mostMs = 60_000;
/** What a process may take in all: an idle one has about 200 MiB, and models are below one. */
const mostMebibytes = 2048;

const root = fileURLToPath(new URL('..', import.meta.url));

/** Loads and asks mutants in processes of their own; each that ends, hangs or takes too much is followed by another. */
export async function runMutants(
  request: MutantRequest,
  onOutcome: (outcome: MutantOutcome) => void,
): Promise<MutantOutcome[]> {
  const cache = join(root, '.cache');
  await mkdir(cache, { recursive: true });
  // Inside the repository, so that the packages it needs are found.
  const folder = await mkdtemp(join(cache, 'mutants-'));
  try {
    const source = (name: string) => join(root, 'packages', name);
    await build({
      entry: { mutants: fileURLToPath(new URL('answer-mutants.ts', import.meta.url)) },
      outDir: folder,
      config: false,
      format: 'esm',
      target: 'node20.19',
      platform: 'node',
      splitting: false,
      silent: true,
      clean: false,
      dts: false,
      sourcemap: 'inline',
      noExternal: [/^@servable\//],
      external: [/^[^./]/],
      outExtension: () => ({ js: '.mjs' }),
      esbuildOptions(options) {
        options.alias = {
          '@servable/protos/tensorflow': source('protos/src/tensorflow.ts'),
          '@servable/protos/onnx': source('protos/src/onnx.ts'),
          '@servable/protos/serving': source('protos/src/serving.ts'),
          '@servable/tensor': source('tensor/src/index.ts'),
          '@servable/savedmodel': source('savedmodel/src/index.ts'),
          '@servable/runtime': source('runtime/src/index.ts'),
        };
      },
    });
    const outcomes: MutantOutcome[] = [];
    for (let from = request.from; from < request.to;) {
      const found = await runProcess(join(folder, 'mutants.mjs'), { ...request, from }, onOutcome);
      outcomes.push(...found);
      const last = found.at(-1);
      if (last === undefined) throw new Error('The process that loads mutants did not start');
      from = last.number + 1;
    }
    return outcomes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs mutants until all are done or the process is. */
async function runProcess(
  script: string,
  request: MutantRequest,
  onOutcome: (outcome: MutantOutcome) => void,
): Promise<MutantOutcome[]> {
  const child = spawn(process.execPath, ['--enable-source-maps', script, JSON.stringify(request)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', NODE_OPTIONS: '' },
  });
  const outcomes: MutantOutcome[] = [];
  const keep = (outcome: MutantOutcome) => {
    outcomes.push(outcome);
    onOutcome(outcome);
  };
  let open: { readonly number: number; readonly what: string; readonly since: number } | undefined;
  let ended: 'hung' | 'swollen' | undefined;
  let complaint = '';
  child.stderr.on('data', (part: Buffer) => (complaint = (complaint + part.toString()).slice(-2000)));
  const exit = new Promise<string>((resolve) => child.on('close', (code, signal) => resolve(signal ?? `code ${code}`)));
  const watch = setInterval(() => {
    const late = open !== undefined && performance.now() - open.since > mostMs;
    if (late) ended = 'hung';
    void residentMebibytes(child.pid).then((size) => {
      if (size > mostMebibytes) ended = 'swollen';
      if (ended !== undefined) child.kill('SIGKILL');
    });
  }, 100);
  for await (const line of createInterface(child.stdout)) {
    const report = JSON.parse(line) as MutantReport;
    if (report.kind === 'start') open = { number: report.number, what: report.what, since: performance.now() };
    else {
      keep({ number: report.number, what: open?.what ?? '', kind: report.kind, detail: report.detail });
      open = undefined;
    }
  }
  const how = await exit;
  clearInterval(watch);
  if (open !== undefined) {
    const { number, what } = open;
    keep({ number, what, kind: ended ?? 'crashed', detail: `${how} ${complaint}` });
  } else if (how !== 'code 0') throw new Error(`The process that loads mutants failed: ${how} ${complaint}`);
  return outcomes;
}

/** Memory that a process holds, in MiB; 0 where the system does not tell. */
async function residentMebibytes(pid: number | undefined): Promise<number> {
  try {
    const pages = Number((await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1]);
    return (pages * 4096) / 2 ** 20;
  } catch {
    return 0;
  }
}
