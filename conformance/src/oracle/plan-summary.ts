import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { Comparison } from './comparison.js';

/** What `servable inspect --json` tells, as far as it is read here. */
interface Inspection {
  readonly metaGraphs: readonly {
    readonly tags: readonly string[];
    readonly signatures: Readonly<
      Record<
        string,
        {
          readonly plan?: {
            readonly nativeIslands: number;
            readonly hostOps: Readonly<Record<string, number>>;
            readonly variables: readonly string[];
            readonly steps: readonly Step[];
          };
          readonly failure?: { readonly message: string };
        }
      >
    >;
  }[];
}

interface Step {
  readonly kind: 'native' | 'host' | 'if' | 'loop';
  readonly bodies?: readonly (readonly Step[])[];
}

export type PlanSummary = Pick<Comparison, 'platform' | 'refused' | 'plan' | 'hostOps' | 'stateful'>;

/**
 * The largest plan of some signatures, or why one of them does not compile: what `servable inspect` tells.
 *
 * @throws Error when the program fails
 */
export async function summarisePlan(directory: string, names: ReadonlySet<string>): Promise<PlanSummary> {
  const program = createRequire(import.meta.url)
    .resolve('@servable/server/package.json')
    .replace('package.json', 'bin/servable.js');
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'inspect', directory, '--json'], {
    maxBuffer: 2 ** 28,
  });
  const { metaGraphs } = JSON.parse(stdout) as Inspection;
  const graph = metaGraphs.find(({ tags }) => tags.join() === 'serve') ?? metaGraphs[0]!;
  const wanted = Object.entries(graph.signatures).filter(([name]) => names.has(name));
  const failure = wanted.map(([, signature]) => signature.failure).find((one) => one !== undefined);
  if (failure !== undefined) {
    return { platform: 'tensorflow', refused: failure.message, plan: '', hostOps: 0, stateful: true };
  }
  const [largest] = wanted
    .flatMap(([, { plan }]) => (plan === undefined ? [] : [plan]))
    .sort((a, b) => countSteps(b.steps) - countSteps(a.steps));
  if (largest === undefined) throw new Error(`no plan of ${[...names].join(', ')} in ${directory}`);
  const host = Object.entries(largest.hostOps);
  const control = countSteps(largest.steps, ({ kind }) => kind === 'if' || kind === 'loop');
  const parts = [
    `${largest.nativeIslands} native`,
    ...(host.length === 0 ? [] : [`host: ${host.map(([op, n]) => (n === 1 ? op : `${n} ${op}`)).join(', ')}`]),
    ...(control === 0 ? [] : [`${control} loops or branches in steps`]),
  ];
  return {
    platform: 'onnxruntime',
    plan: parts.join('; '),
    hostOps: host.reduce((sum, [, n]) => sum + n, 0),
    stateful: wanted.some(([, { plan }]) => plan !== undefined && plan.variables.length > 0),
  };
}

function countSteps(steps: readonly Step[], counts: (step: Step) => boolean = () => true): number {
  return steps.reduce(
    (sum, step) =>
      sum + (counts(step) ? 1 : 0) + (step.bodies ?? []).reduce((inner, body) => inner + countSteps(body, counts), 0),
    0,
  );
}
