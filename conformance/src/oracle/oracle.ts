import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@servable/tensor';
import { fromGoldenMap, toGolden, type GoldenTensor } from '../../../zoo/golden.js';

/** What a model does with a call. */
export type Answer =
  { readonly outputs: ReadonlyMap<string, Tensor> } | { readonly error: string; readonly code: string };

/** oracle.py: Python's TensorFlow, its kernels as written, without graph optimization and oneDNN. */
export class Oracle {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterableIterator<string>;

  constructor(python: string) {
    this.child = spawn(python, [fileURLToPath(new URL('../oracle.py', import.meta.url))], {
      env: { ...process.env, CUDA_VISIBLE_DEVICES: '-1', TF_ENABLE_ONEDNN_OPTS: '0', TF_CPP_MIN_LOG_LEVEL: '3' },
    });
    this.child.stderr.resume();
    this.child.stdin.on('error', () => undefined);
    const reader: Interface = createInterface(this.child.stdout);
    this.lines = reader[Symbol.asyncIterator]();
  }

  async load(directory: string): Promise<void> {
    await this.ask({ load: directory });
  }

  /** @throws Error when the process dies, or cannot be fed with such inputs */
  async run(signature: string, inputs: ReadonlyMap<string, Tensor>): Promise<Answer> {
    const encoded = Object.fromEntries([...inputs].map(([alias, tensor]) => [alias, toGolden(tensor)]));
    const reply = await this.ask({ signature, inputs: encoded });
    if (reply.outputs !== undefined) return { outputs: fromGoldenMap(reply.outputs) };
    return { error: reply.error!, code: reply.code! };
  }

  /**
   * Answers of the model with float64 in the place of float32.
   *
   * @throws Error also when there is none: not every op has a kernel for it
   */
  async runDouble(signature: string, inputs: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> {
    const encoded = Object.fromEntries([...inputs].map(([alias, tensor]) => [alias, toGolden(tensor)]));
    const { outputs } = await this.ask({ double: signature, inputs: encoded });
    return fromGoldenMap(outputs!);
  }

  private async ask(request: object): Promise<Reply> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = (await this.lines.next()) as IteratorResult<string, undefined>;
    if (done === true) throw new Error('TensorFlow ended its process');
    const reply = JSON.parse(value) as Reply;
    if (reply.failed !== undefined) throw new Error(`TensorFlow: ${reply.failed}`);
    return reply;
  }

  /** Whether its process has ended. */
  get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

interface Reply {
  readonly outputs?: Record<string, GoldenTensor>;
  readonly error?: string;
  readonly code?: string;
  readonly failed?: string;
}
