import type { Model } from '@servable/runtime';
import type { Tensor } from '@servable/tensor';
import { difference, fromGoldenMap, opTolerance, type Golden, type Tolerance } from './golden.js';

/** How one call went. */
export interface Outcome {
  readonly signature: string;
  /** The case, for people: its number among those of its signature, and its name where it has one. */
  readonly label: string;
  /** Why it is not what TensorFlow does; absent when it is. */
  readonly why?: string;
  /** Greatest distance to TensorFlow's answer, 0 for what is no float: see `Difference`. */
  readonly absolute: number;
  readonly relative: number;
}

/** What to compare with, and how. */
export interface RunGoldenOptions {
  readonly tolerance?: (expected: Tensor, alias: string) => Tolerance;
  /** Limit of one call. */
  readonly timeoutMs?: number;
}

/** Makes every call of a golden file, in its order, and compares with what TensorFlow answered or refused. */
export async function runGolden(model: Model, golden: Golden, options: RunGoldenOptions = {}): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const { timeoutMs = 60_000, tolerance = (expected: Tensor) => opTolerance(expected.dtype) } = options;
  const counts = new Map<string, number>();
  const labelOf = (signature: string, name: string | undefined): string => {
    const number = (counts.get(signature) ?? 0) + 1;
    counts.set(signature, number);
    return name === undefined ? `case ${number}` : `case ${number} (${name})`;
  };
  const run = (signatureName: string, inputs: ReadonlyMap<string, Tensor>) =>
    model.run({ signatureName, inputs, outputFilter: [], timeoutMs });

  for (const { name, signature = golden.signature, inputs, outputs } of golden.cases) {
    const about = { signature, label: labelOf(signature, name) };
    let [absolute, relative] = [0, 0];
    const wrong: string[] = [];
    try {
      const given = await run(signature, fromGoldenMap(inputs));
      for (const [alias, expected] of fromGoldenMap(outputs)) {
        const apart = difference(given.get(alias), expected, tolerance(expected, alias));
        if (apart.mismatch !== undefined) wrong.push(`output ${alias}: ${apart.mismatch}`);
        absolute = Math.max(absolute, apart.absolute);
        relative = Math.max(relative, apart.relative);
      }
    } catch (error) {
      wrong.push(describe(error));
    }
    outcomes.push({ ...about, absolute, relative, ...(wrong[0] === undefined ? {} : { why: wrong[0] }) });
  }
  for (const { signature = golden.signature, inputs, code, message } of golden.errors ?? []) {
    const about = { signature, label: `${labelOf(signature, undefined)}, to be refused`, absolute: 0, relative: 0 };
    try {
      await run(signature, fromGoldenMap(inputs));
      outcomes.push({ ...about, why: `answered; TensorFlow refuses with ${code}: ${message}` });
    } catch (error) {
      const given = (error as { code?: string }).code;
      // What an assertion says is the model's own text, of which nothing may be lost.
      const says = message.startsWith('assertion failed') ? (error as Error).message : message;
      if (given === code && says === message) outcomes.push(about);
      else outcomes.push({ ...about, why: `refused with ${given}, TensorFlow with ${code}: ${describe(error)}` });
    }
  }
  return outcomes;
}

/** An error on one line. */
export function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  const text = [code, message].filter((part) => part !== undefined).join(': ') || String(error);
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line;
}
