import type { TensorInfo } from '@servable/protos/tensorflow';
import { dtypeInfoFromEnum, type DType } from '../dtype/dtype.js';

/** Reference types are numbered 100 above the type they refer to (tensorflow/core/framework/types.proto). */
const REFERENCE_OFFSET = 100;

/**
 * The dtype that an input or output of a signature has; `DT_FLOAT_REF` counts as float32.
 *
 * @returns `undefined` when the info names none, or one without values of its own (`resource`, `variant`)
 */
export function tensorInfoDtype(info: Pick<TensorInfo, 'dtype'>): DType | undefined {
  const number: number = info.dtype;
  return dtypeInfoFromEnum(number > REFERENCE_OFFSET ? number - REFERENCE_OFFSET : number)?.dtype;
}

/**
 * The shape that an input or output of a signature has, -1 for an unknown dimension.
 *
 * @returns `undefined` when not even the rank is known
 */
export function tensorInfoShape({ tensorShape }: Pick<TensorInfo, 'tensorShape'>): readonly number[] | undefined {
  if (tensorShape === undefined || tensorShape.unknownRank) return undefined;
  return tensorShape.dim.map((dim) => Number(dim.size));
}
