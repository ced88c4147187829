import type { InferenceServable } from '@servable/core';
import type { TrafficSample } from './traffic-sample.js';

/** A servable whose calls that end well are offered to a sample. */
export function sampledServable(servable: InferenceServable, sample: TrafficSample): InferenceServable {
  return {
    get platform() {
      return servable.platform;
    },
    signatureDefs: servable.signatureDefs,
    // A sample is written before the run.
    returnsInputs: (signatureName) => servable.returnsInputs?.(signatureName) === true,
    takesOtherTensors: servable.takesOtherTensors,
    run(call) {
      const candidate = sample.consider(call);
      const answer = servable.run(call);
      if (candidate !== undefined) {
        answer.then(
          () => sample.take(candidate),
          () => undefined,
        );
      }
      return answer;
    },
  };
}
