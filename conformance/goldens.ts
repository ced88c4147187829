import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { loadSavedModel, type Model } from '@servable/runtime';
import { difference, readGolden, type Tolerance } from './golden.js';

// Runs every golden case of the zoo, the example models and the exported models through the runtime, and reports what
// TensorFlow answers otherwise. Arguments: parts of model names to run only those; `--failures` lists each failure.

const EXACT_OPS: Tolerance = { absolute: 1e-5, relative: 1e-4, ofLargest: 0 };
// Fifty layers of sums taken in another order: errors grow with the largest value, not with each. TensorFlow with and
// without oneDNN is 3e-5 of the largest logit apart on ResNet50.
const DEEP_MODELS: Tolerance = { absolute: 1e-5, relative: 1e-4, ofLargest: 1e-4 };

/** How one case went: right, a wrong answer, or an error. */
interface Outcome {
  readonly model: string;
  readonly signature: string;
  readonly kind: 'right' | 'wrong' | 'error' | 'accepted';
  readonly why?: string;
}

/** A version directory and its goldens. */
interface Subject {
  readonly name: string;
  readonly directory: string;
  readonly golden: string;
  readonly tolerance: Tolerance;
}

function subjects(root: string): Subject[] {
  const found: Subject[] = [];
  const add = (base: string, tolerance: Tolerance, versions: (model: string) => readonly string[]) => {
    if (!existsSync(join(root, base))) return;
    for (const entry of readdirSync(join(root, base)).sort()) {
      const golden = join(root, base, entry, 'golden.json');
      if (!existsSync(golden)) continue;
      for (const version of versions(join(root, base, entry))) {
        const directory = join(root, base, entry, version);
        found.push({ name: relative(root, directory), directory, golden, tolerance });
      }
    }
  };
  add('zoo/models', EXACT_OPS, () => ['.']);
  const numbered = (model: string) => readdirSync(model).filter((name) => /^\d+$/.test(name));
  add('examples/models', EXACT_OPS, numbered);
  add('conformance/.cache/models', DEEP_MODELS, numbered);
  return found;
}

async function runSubject(subject: Subject): Promise<Outcome[]> {
  const { cases, refusals } = await readGolden(subject.golden);
  const outcomes: Outcome[] = [];
  let model: Model;
  try {
    model = await loadSavedModel(subject.directory, { eager: [] });
  } catch (error) {
    return cases.map((c) => ({ model: subject.name, signature: c.signature, kind: 'error', why: text(error) }));
  }
  try {
    for (const { signature, inputs, outputs } of cases) {
      const about = { model: subject.name, signature };
      try {
        const given = (await model.predict(inputs, { signature, timeoutMs: 60_000 })).outputs;
        const wrong = Object.entries(outputs).flatMap(([alias, expected]) => {
          const answer = given[alias];
          const why = answer === undefined ? 'missing' : difference(answer, expected, subject.tolerance);
          return why === undefined ? [] : [`${alias}: ${why}`];
        });
        outcomes.push(wrong.length === 0 ? { ...about, kind: 'right' } : { ...about, kind: 'wrong', why: wrong[0]! });
      } catch (error) {
        outcomes.push({ ...about, kind: 'error', why: text(error) });
      }
    }
    for (const { signature, inputs, message } of refusals) {
      const about = { model: subject.name, signature: `${signature} (must be refused)` };
      try {
        await model.predict(inputs, { signature, timeoutMs: 60_000 });
        outcomes.push({ ...about, kind: 'accepted', why: `expected a refusal: ${message}` });
      } catch (error) {
        // What cannot be compiled refuses everything: no proof that bad input is refused.
        const unsupported = (error as { code?: string }).code === 'UNIMPLEMENTED';
        outcomes.push(unsupported ? { ...about, kind: 'error', why: text(error) } : { ...about, kind: 'right' });
      }
    }
  } finally {
    await model.close();
  }
  return outcomes;
}

function text(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return `${code ?? ''} ${message ?? String(error)}`.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}

/** Runs the goldens below `root`, prints a line per model, and gives the number of cases that are not right. */
export async function runGoldens(root: string, args: readonly string[]): Promise<number> {
  const only = args.filter((a) => !a.startsWith('--'));
  const all: Outcome[] = [];
  for (const subject of subjects(root)) {
    if (only.length > 0 && !only.some((part) => subject.name.includes(part))) continue;
    const outcomes = await runSubject(subject);
    const count = (kind: Outcome['kind']) => outcomes.filter((o) => o.kind === kind).length;
    console.log(
      `${subject.name}: ${count('right')} of ${outcomes.length} right, ${count('wrong')} wrong, ` +
        `${count('error')} errors, ${count('accepted')} accepted that must be refused`,
    );
    if (args.includes('--failures')) {
      for (const o of outcomes) if (o.kind !== 'right') console.log(`  ${o.kind} ${o.signature}: ${o.why}`);
    }
    all.push(...outcomes);
  }
  const bad = all.filter((o) => o.kind !== 'right');
  await writeFile(join(root, 'conformance/.cache/goldens.json'), JSON.stringify(bad, null, 1) + '\n');
  console.log(`${all.length - bad.length} of ${all.length} cases right`);
  return bad.length;
}
