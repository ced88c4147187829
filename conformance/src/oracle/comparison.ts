import type { Tolerance } from '../../../zoo/golden.js';

/** What a process that compares is told. */
export interface ComparisonRequest {
  readonly directory: string;
  readonly golden: string;
  readonly bound: Tolerance;
  /** The Python with TensorFlow; without it only the goldens are compared. */
  readonly python: string | undefined;
}

/** One model under both, on one line of the table. */
export interface Comparison {
  readonly platform: 'onnxruntime' | 'tensorflow';
  /** Why the embedded engine does not run it. */
  readonly refused?: string;
  /** Native islands and host ops of the signatures compared: the one with the most steps. */
  readonly plan: string;
  readonly hostOps: number;
  /** Whether calls change variables. */
  readonly stateful: boolean;
  readonly calls: number;
  /** Calls that both refuse. */
  readonly refusals: number;
  /** Greatest distance to TensorFlow's answers: absolute, and of the element or a tenth of its tensor's largest. */
  readonly absolute: number;
  readonly relative: number;
  /** As `relative`, between TensorFlow as it runs by default (graph optimization, oneDNN) and its kernels as written. */
  readonly itself?: number;
  /** Calls per second of each, one at a time; absent without TensorFlow. */
  readonly speed?: { readonly ours: number; readonly theirs: number };
  readonly failures: readonly string[];
}
