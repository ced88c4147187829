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

/** Runs calls with the handlers of live requests, on the version that nobody else can reach yet. */
export function warmupRunner(
  id: ServableId,
  servable: InferenceServable,
  signal: AbortSignal | undefined,
): (call: WarmupCall) => Promise<unknown> {
  const warming = new RefCountedServable(id, servable);
  const dependencies: HandlerDependencies = {
    provider: { getServableHandle: () => warming.acquire() },
    states: { getStreamNames: () => [], getVersionStates: () => [] },
  };
  return (recorded) => {
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
