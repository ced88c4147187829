import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { type InferenceCall, type InferenceServable, type Loader, ServingError } from '@servable/core';
import { DataType, SignatureDefSchema } from '@servable/protos/tensorflow';
import { Tensor } from '@servable/tensor';
import type { Platform } from '../platforms/platform.js';

const shape = { dim: [{ size: -1n }], unknownRank: false };
const signature = create(SignatureDefSchema, {
  inputs: { x: { encoding: { case: 'name', value: 'x:0' }, dtype: DataType.DT_FLOAT, tensorShape: shape } },
  outputs: { y: { encoding: { case: 'name', value: 'y:0' }, dtype: DataType.DT_FLOAT, tensorShape: shape } },
  methodName: 'tensorflow/serving/predict',
});

/** What happened to the versions of a {@link halfPlusTwoPlatform}, and the places where a test can hold them up. */
export interface HalfPlusTwo extends Platform {
  /** Directories, in the order of the events. */
  readonly loaded: string[];
  readonly unloaded: string[];
  /** Awaited before a load ends; an error fails it. */
  beforeLoad: (directory: string) => Promise<void>;
  /** Awaited before a run ends. */
  beforeRun: (call: InferenceCall) => Promise<void>;
}

/**
 * A platform without an engine: any directory with a file `half_plus_two` in it is a model that answers x / 2 + 2.
 */
export function halfPlusTwoPlatform(): HalfPlusTwo {
  const platform: HalfPlusTwo = {
    name: 'half_plus_two',
    loaded: [],
    unloaded: [],
    beforeLoad: async () => undefined,
    beforeRun: async () => undefined,
    accepts: (directory) =>
      access(join(directory, 'half_plus_two')).then(
        () => true,
        () => false,
      ),
    createLoader: (directory): Loader<InferenceServable> => ({
      async load() {
        await platform.beforeLoad(directory);
        platform.loaded.push(directory);
        return {
          platform: 'half_plus_two',
          signatureDefs: new Map([['serving_default', signature]]),
          async run(call) {
            await platform.beforeRun(call);
            const x = call.inputs.get('x');
            if (!x) throw new ServingError('INVALID_ARGUMENT', 'INPUT_MISSING', 'x is missing');
            const values = x.data as Float32Array;
            return new Map([
              [
                'y',
                new Tensor(
                  'float32',
                  x.shape,
                  values.map((value) => value / 2 + 2),
                ),
              ],
            ]);
          },
        };
      },
      async unload() {
        platform.unloaded.push(directory);
      },
    }),
  };
  return platform;
}
