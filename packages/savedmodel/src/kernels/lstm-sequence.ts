import type { Tensor } from '@servable/tensor';
import { doublesOf, fromDoubles, integerOf, invalidRequest } from './elements.js';

export interface LstmOptions {
  /** In which order the gates stand: input, candidate, forget and output. */
  readonly order: 'icfo' | 'ifco';
  readonly forgetBias: number;
  /** The greatest state, or 0 and less for none. */
  readonly clip: number;
  /** Whether gates see the state by the weights of the peepholes. */
  readonly peephole: boolean;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/**
 * The steps of `BlockLSTM` (tensorflow/core/kernels/rnn/lstm_ops.cc).
 *
 * @param steps - how many count; what is behind them is zero
 * @param gates - [time, batch, 4·cells]: the inputs by their weights, and the bias
 * @param weights - [cells, 4·cells]: of the output before
 * @param peepholes - weights of the state for the input, forget and output gate, [cells] each
 * @returns input gate, state, forget gate, output gate, candidate, activated state and output, [time, batch, cells] each
 */
export function lstmSequence(
  steps: Tensor,
  gates: Tensor,
  state: Tensor,
  output: Tensor,
  weights: Tensor,
  peepholes: readonly [Tensor, Tensor, Tensor],
  { order, forgetBias, clip, peephole }: LstmOptions,
): readonly Tensor[] {
  const [time = 0, batch = 0, width = 0] = gates.shape;
  const cells = width / 4;
  const count = integerOf(steps);
  if (!(count >= 0 && count <= time)) {
    throw invalidRequest('BAD_LENGTH', `Expected seq_len_max of 0 to ${time}, the number of steps, got ${count}`);
  }
  for (const [name, tensor] of [
    ['cs_prev', state],
    ['h_prev', output],
  ] as const) {
    if (tensor.shape.join() !== `${batch},${cells}`) {
      throw invalidRequest(
        'INCOMPATIBLE_SHAPES',
        `Expected ${name} of shape [${batch},${cells}], got [${tensor.shape.join()}]`,
      );
    }
  }
  const sums = doublesOf(gates).slice();
  const w = doublesOf(weights);
  const [wci, wcf, wco] = peepholes.map(doublesOf) as [Float64Array, Float64Array, Float64Array];
  const results = Array.from({ length: 7 }, () => new Float64Array(time * batch * cells));
  const [is, css, fs, os, cis, cos, hs] = results as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [candidate, forget] = order === 'icfo' ? [1, 2] : [2, 1];
  let before = doublesOf(state);
  let h = doublesOf(output);
  for (let t = 0; t < count; t++) {
    for (let b = 0; b < batch; b++) {
      const row = sums.subarray((t * batch + b) * width, (t * batch + b + 1) * width);
      for (let k = 0; k < cells; k++) {
        const x = h[b * cells + k]!;
        if (x === 0) continue;
        const from = k * width;
        for (let j = 0; j < width; j++) row[j] = row[j]! + x * w[from + j]!;
      }
      for (let k = 0; k < cells; k++) {
        const at = (t * batch + b) * cells + k;
        const old = before[b * cells + k]!;
        const sees = (weight: Float64Array, c: number) => (peephole ? weight[k]! * c : 0);
        const i = sigmoid(row[k]! + sees(wci, old));
        const ci = Math.tanh(row[candidate * cells + k]!);
        const f = sigmoid(row[forget * cells + k]! + forgetBias + sees(wcf, old));
        let cs = ci * i + old * f;
        if (clip > 0) cs = Math.min(Math.max(cs, -clip), clip);
        const o = sigmoid(row[3 * cells + k]! + sees(wco, cs));
        const co = Math.tanh(cs);
        is[at] = i;
        css[at] = cs;
        fs[at] = f;
        os[at] = o;
        cis[at] = ci;
        cos[at] = co;
        hs[at] = co * o;
      }
    }
    before = css.subarray(t * batch * cells, (t + 1) * batch * cells);
    h = hs.subarray(t * batch * cells, (t + 1) * batch * cells);
  }
  return results.map((values) => fromDoubles(gates.dtype, [time, batch, cells], values));
}
