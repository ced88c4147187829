/** What a process that compares is told. */
export interface ComparisonRequest {
  readonly directory: string;
  readonly golden: string;
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
  /** The calls made: signature and inputs. */
  readonly calls: readonly string[];
  /** Calls that both refuse. */
  readonly refusals: number;
  /** Greatest distance to TensorFlow's answers: absolute, and of the element or a tenth of its tensor's largest. */
  readonly absolute: number;
  readonly relative: number;
  /** As `relative`, between TensorFlow as it runs by default (graph optimization, oneDNN) and its kernels as written. */
  readonly itself?: number;
  /** Calls per second of each, one at a time; absent without TensorFlow. */
  readonly speed?: { readonly ours: number; readonly theirs: number };
  readonly failures: readonly Failure[];
  /** Calls whose rounding errors the model itself makes large. */
  readonly amplified: readonly Amplified[];
}

/** A call for which TensorFlow's float32 is as far from its float64 as the engine is. */
export interface Amplified {
  readonly call: string;
  /** Distances to TensorFlow's answer in float64, as `relative`: of the engine, and of TensorFlow in float32. */
  readonly ours: number;
  readonly theirs: number;
}

/** A call that is not answered as TensorFlow answers it. */
export interface Failure {
  /** Signature and inputs: `serving_default, an empty batch`. */
  readonly call: string;
  readonly why: string;
}
