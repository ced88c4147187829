import { Tensor } from '@servable/tensor';

/** A tensor without elements: what stands for "this has run" between steps that have to keep their order. */
export const MARK = new Tensor('bool', [0], new Uint8Array());

/** The mark as an output of a step. */
export const MARK_SPEC = { dtype: 'bool', shape: [0] } as const;
