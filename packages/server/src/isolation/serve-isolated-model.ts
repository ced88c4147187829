import { toBinary } from '@bufbuild/protobuf';
import { type InferenceServable, type Loader, ServingError } from '@servable/core';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import { onnxPlatform } from '../platforms/onnx.js';
import { type IsolatedPlatform, type Platform, platformLoader } from '../platforms/platform.js';
import { savedModelPlatform } from '../platforms/savedmodel.js';
import type { Answer, ErrorMessage, Request } from './messages.js';
import { fromMessages, toMessages } from './tensor-messages.js';

/** The other end: `process` in a process of its own. */
export interface Parent {
  send(answer: Answer): void;
  /** Ends the process. */
  exit(): void;
}

/**
 * What runs in a model's process: loads one version when it is told to, and runs its calls.
 *
 * @returns what takes the server's messages
 */
export function serveIsolatedModel(parent: Parent): (request: Request) => void {
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
        signatureDefs: new Map(
          [...servable.signatureDefs].map(([name, signature]) => [name, toBinary(SignatureDefSchema, signature)]),
        ),
        ramBytes: measured?.ramBytes,
      });
    } catch (error) {
      parent.send({ kind: 'load-failed', error: errorMessage(error) });
    }
  };

  const run = async ({ call, inputs, ...rest }: Request & { kind: 'run' }): Promise<void> => {
    const abort = new AbortController();
    running.set(call, abort);
    try {
      const { signatureName, outputFilter, timeoutMs } = rest;
      const outputs = await servable!.run({
        signatureName,
        outputFilter,
        timeoutMs,
        inputs: fromMessages(inputs),
        signal: abort.signal,
      });
      parent.send({ kind: 'ran', call, outputs: toMessages(outputs) });
    } catch (error) {
      parent.send({ kind: 'run-failed', call, error: errorMessage(error) });
    } finally {
      running.delete(call);
    }
  };

  return (request) => {
    switch (request.kind) {
      case 'load':
        return void load(request);
      case 'run':
        return void run(request);
      case 'cancel':
        return running.get(request.call)?.abort();
      case 'close':
        loading.abort();
        // Ends the process whatever the unloading comes to: the system takes back what is left.
        return void Promise.resolve(loader?.unload())
          .catch(() => undefined)
          .then(() => parent.exit());
    }
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
