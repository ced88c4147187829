import type { Tensor } from '@servable/tensor';
import { Builder } from '../onnx/builder.js';
import type { Value } from '../onnx/value.js';

type Host = Parameters<Builder['host']>;

/**
 * Builds what an init op computes. There is no request to wait for, so an op of the host whose inputs are known runs while
 * it is built; random numbers, with which TensorFlow 1 initialises variables, are drawn here once per loaded model.
 */
export class InitialBuilder extends Builder {
  override host(...[op, inputs, specs, run]: Host): readonly Value[] {
    const known = inputs.map((input) => input.constant).filter((tensor): tensor is Tensor => tensor !== undefined);
    const results = known.length === inputs.length ? run(known, {}) : undefined;
    if (results instanceof Promise) {
      // What takes its time, such as an image's decoder, is no constant here.
      results.catch(() => undefined);
    } else if (results !== undefined) {
      return results.map((tensor) => this.constant(tensor));
    }
    return super.host(op, inputs, specs, run);
  }
}
