import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Comparison, ComparisonRequest } from './comparison.js';

/** Longest for one model, with all its calls. */
const limitMs = 300_000;

/** Compares models in a process that is made anew when it dies. */
export class Comparer implements AsyncDisposable {
  private child: ChildProcess | undefined;

  /** @param python - the Python of an environment with TensorFlow; its library is what speed is measured against */
  constructor(private readonly python: string | undefined) {}

  /** @throws Error when the comparison fails as a whole: a model does not load, or the process dies */
  async compare(request: Omit<ComparisonRequest, 'python'>): Promise<Comparison> {
    this.child ??= fork(fileURLToPath(new URL('compare-process.js', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
      env: {
        ...process.env,
        CUDA_VISIBLE_DEVICES: '-1',
        TF_CPP_MIN_LOG_LEVEL: '3',
        // TensorFlow's library is looked for in the packages of `python3`.
        ...(this.python === undefined
          ? {}
          : { PATH: `${dirname(this.python)}${delimiter}${process.env['PATH'] ?? ''}` }),
      },
    });
    const { child } = this;
    const settled = new AbortController();
    const { signal } = settled;
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    try {
      child.send({ ...request, python: this.python });
      const [reply] = (await Promise.race([
        once(child, 'message', { signal }),
        once(child, 'exit', { signal }).then(([code, by]) => {
          this.child = undefined;
          throw new Error(`the process that compares ended with ${by ?? code}`);
        }),
      ])) as [{ comparison?: Comparison; error?: string }];
      if (reply.comparison === undefined) throw new Error(reply.error);
      return reply.comparison;
    } finally {
      clearTimeout(limit);
      settled.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    const closed = once(child, 'exit');
    child.disconnect();
    await closed;
  }
}
