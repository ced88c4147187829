import type { Tensor } from '@servable/tensor';
import type { InferenceCall, InferenceServable } from '../../servable/inference-servable.js';
import type { RequestLimits } from './open-request.js';
import type { RequestDraft } from './request-draft.js';

/** Limits of a run, and the record that notes how long it took. */
export interface RunOptions extends RequestLimits {
  readonly record?: RequestDraft | undefined;
  /**
   * Called when the model is done with the inputs and nobody else keeps them: once the answer is encoded, their memory
   * may be used for something else.
   */
  readonly onInputsFree?: (() => void) | undefined;
}

/**
 * Runs a signature of a servable and adds the time it took to the record: the sum, where one request is several runs.
 *
 * @throws the errors of the servable's run; nothing is noted then
 */
export async function runServable(
  servable: InferenceServable,
  call: Omit<InferenceCall, 'signal' | 'timeoutMs'>,
  options: RunOptions,
): Promise<ReadonlyMap<string, Tensor>> {
  const { record, signal, timeoutMs } = options;
  const start = performance.now();
  const run = { ...call, signal, timeoutMs };
  const outputs = await (record?.span === undefined ? servable.run(run) : record.span.run(() => servable.run(run)));
  if (record !== undefined) {
    const end = performance.now();
    record.runMicros = (record.runMicros ?? 0) + Math.round((end - start) * 1000);
    if (record.runFrom === 0) record.runFrom = start;
    record.runTo = end;
  }
  return outputs;
}
