import { toBinary } from '@bufbuild/protobuf';
import { type InferenceServable, type Loader, ServingError } from '@servable/core';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import { onnxPlatform } from '../platforms/onnx.js';
import { type IsolatedPlatform, type Platform, platformLoader } from '../platforms/platform.js';
import { savedModelPlatform } from '../platforms/savedmodel.js';
import type { Frame } from './frames.js';
import type { Answer, AnswerHead, CallHead, ErrorMessage, Request } from './messages.js';

/** The other end: `process` in a process of its own. */
export interface Parent {
  send(answer: Answer): void;
  answer(frame: Frame<AnswerHead>): void;
  /** Ends the process. */
  exit(): void;
}

/** What takes the server's messages and calls. */
export interface IsolatedModel {
  take(request: Request): void;
  call(frame: Frame<CallHead>): void;
}

/** What runs in a model's process: loads one version when it is told to, and runs its calls. */
export function serveIsolatedModel(parent: Parent): IsolatedModel {
  const running = new Map<number, AbortController>();
  const loading = new AbortController();
  let loader: Loader<InferenceServable> | undefined;
  let servable: InferenceServable | undefined;

  const load = async (request: Request & { kind: 'load' }): Promise<void> => {
    try {
      const platforms = await Promise.all(request.platforms.map(makePlatform));
      loader = platformLoader(platforms, request.platform, request.directory, request.engine);
      servable = await loader.load({ signal: loading.signal });
      const measured = await loader.measureResources?.();
      parent.send({
        kind: 'loaded',
        platform: servable.platform,
        takesOtherTensors: servable.takesOtherTensors,
        signatureDefs: new Map(
          [...servable.signatureDefs].map(([name, signature]) => [name, toBinary(SignatureDefSchema, signature)]),
        ),
        ramBytes: measured?.ramBytes,
      });
    } catch (error) {
      parent.send({ kind: 'load-failed', error: errorMessage(error) });
    }
  };

  const run = async (head: CallHead & { kind: 'run' }, frame: Frame<CallHead>): Promise<void> => {
    const { tensors: inputs, error: unreadable } = frame;
    const { call, signatureName, outputFilter, timeoutMs } = head;
    const abort = new AbortController();
    running.set(call, abort);
    try {
      if (unreadable) throw unreadable;
      const { signal } = abort;
      const outputs = await servable!.run({ signatureName, outputFilter, timeoutMs, inputs, signal });
      parent.answer({ head: { kind: 'ran', call }, tensors: outputs });
    } catch (error) {
      parent.answer({ head: { kind: 'run-failed', call, error: errorMessage(error) }, tensors: new Map() });
    } finally {
      running.delete(call);
    }
  };

  return {
    take(request) {
      if (request.kind === 'load') return void load(request);
      loading.abort();
      // Ends the process whatever the unloading comes to: the system takes back what is left.
      void Promise.resolve(loader?.unload())
        .catch(() => undefined)
        .then(() => parent.exit());
    },
    call(frame) {
      const { head } = frame;
      if (head.kind === 'run') void run(head, frame);
      else running.get(head.call)?.abort();
    },
  };
}

async function makePlatform({ name, module, options }: IsolatedPlatform): Promise<Platform> {
  if (module !== undefined) {
    const { createPlatform } = (await import(module)) as { createPlatform: (options: unknown) => Platform };
    return createPlatform(options);
  }
  return name === 'onnx' ? onnxPlatform(options as never) : savedModelPlatform(options as never);
}

function errorMessage(thrown: unknown): ErrorMessage {
  const { code, reason, message } = ServingError.from(thrown);
  return { code, reason, message };
}
