import type { InferenceCall, InferenceServable, Loader, LoadOptions } from '@servable/core';
import { diskEstimate } from './disk-estimate.js';
import { type BytesInUse, LoadMeter } from './load-meter.js';
import { whileLoading } from '../process-heap.js';
import type { ModelEngineOptions } from './model-engine.js';

/**
 * What a model takes beside its weights, for the smallest of models: a session (0.1 MiB of native memory), the plan, the
 * signatures and the parsed graph (0.2 MiB of JavaScript's heap), and as much again of what both allocators hold between
 * the models when hundreds of them have come and gone: 0.7 MiB of resident memory for each of 90 after 2,000 loads.
 */
const bytesPerModel = 704 * 1024;

/** What the platforms need of a loaded model: `Model` of `@servable/runtime`. */
export interface LoadedModel {
  /** What runs it, where that is not what the loader says; may change while it is loaded. */
  readonly platform?: string | undefined;
  readonly signatureDefs: InferenceServable['signatureDefs'];
  run(call: InferenceCall): ReturnType<InferenceServable['run']>;
  returnsInputs?(signatureName: string): boolean;
  close(): Promise<void>;
}

/**
 * A loader that turns a model of the runtime into a servable.
 *
 * @param bytesInUse - the native memory of the process, by which the model's own is measured
 * @param more - `takesOtherTensors` as in `InferenceServable`
 */
export function modelLoader(
  platform: string,
  directory: string,
  open: (options: LoadOptions) => Promise<LoadedModel>,
  bytesInUse: BytesInUse = () => undefined,
  { instances, takesOtherTensors }: ModelEngineOptions & Pick<InferenceServable, 'takesOtherTensors'> = {},
): Loader<InferenceServable> {
  let model: LoadedModel | undefined;
  const meter = new LoadMeter(bytesInUse);
  return {
    async load({ signal }) {
      const opened = await whileLoading(() => meter.load(() => open({ signal })));
      if (signal.aborted) {
        await opened.close();
        throw signal.reason;
      }
      model = opened;
      return {
        get platform() {
          return opened.platform ?? platform;
        },
        signatureDefs: opened.signatureDefs,
        takesOtherTensors,
        run: (call) => opened.run(call),
        returnsInputs: (signatureName) => opened.returnsInputs?.(signatureName) === true,
      };
    },
    async unload() {
      meter.unload();
      await model?.close();
      model = undefined;
    },
    async estimateResources() {
      const { ramBytes } = await diskEstimate(directory);
      // Every instance has its own weights.
      return { ramBytes: (ramBytes + bytesPerModel) * (typeof instances === 'number' ? instances : 1) };
    },
    async measureResources() {
      const ramBytes = meter.measure();
      return ramBytes === undefined ? undefined : { ramBytes };
    },
  };
}
