import {
  classify,
  type HandlerDependencies,
  type InferenceServable,
  multiInference,
  predict,
  RefCountedServable,
  regress,
  type ServableId,
} from '@servable/core';
import type { WarmupCall } from './read-warmup-log.js';

/** One run of a model for a warm-up that went well: the name that the recorded request has for it, and `Predict` or so. */
export type WarmupRunObserver = (modelName: string, api: string, micros: number) => void;

/**
 * Runs calls with the handlers of live requests, on the version that nobody else can reach yet.
 *
 * @param observe - is told of the runs that upstream counts as those of live requests
 */
export function warmupRunner(
  id: ServableId,
  servable: InferenceServable,
  signal: AbortSignal | undefined,
  observe?: WarmupRunObserver,
): (call: WarmupCall) => Promise<unknown> {
  return (recorded) => {
    const warming = new RefCountedServable(id, observe ? observed(servable, recorded, observe) : servable);
    const dependencies: HandlerDependencies = {
      provider: { getServableHandle: () => warming.acquire() },
      states: { getStreamNames: () => [], getVersionStates: () => [] },
    };
    switch (recorded.kind) {
      case 'predict':
        return predict(dependencies, recorded.call, { signal });
      case 'classify':
        return classify(dependencies, recorded.call, { signal });
      case 'regress':
        return regress(dependencies, recorded.call, { signal });
      case 'multiInference':
        return multiInference(dependencies, recorded.call, { signal });
    }
  };
}

/** The API that upstream counts a run under (servables/tensorflow/predict_util.cc, classifier.cc, regressor.cc). */
const apis = { predict: 'Predict', classify: 'Classify', regress: 'Regress' } as const;

function observed(servable: InferenceServable, recorded: WarmupCall, observe: WarmupRunObserver): InferenceServable {
  if (recorded.kind === 'multiInference') return servable;
  const { kind, call } = recorded;
  return {
    platform: servable.platform,
    signatureDefs: servable.signatureDefs,
    takesOtherTensors: servable.takesOtherTensors,
    async run(run) {
      const start = performance.now();
      const outputs = await servable.run(run);
      observe(call.modelSpec?.name ?? '', apis[kind], Math.round((performance.now() - start) * 1000));
      return outputs;
    },
  };
}
