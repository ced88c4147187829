import type { AttrValue } from '@servable/protos/tensorflow';
import { dtypeInfo, type DType } from '@servable/tensor';

type AttrCase = AttrValue['value'];

const attr = (value: AttrCase): AttrValue => ({ $typeName: 'tensorflow.AttrValue', value });

/** Attributes of TensorFlow's ops. */
export const tfInt = (value: number): AttrValue => attr({ case: 'i', value: BigInt(value) });
export const tfBool = (value: boolean): AttrValue => attr({ case: 'b', value });
export const tfText = (value: string): AttrValue => attr({ case: 's', value: new TextEncoder().encode(value) });
export const tfType = (dtype: DType): AttrValue => attr({ case: 'type', value: dtypeInfo(dtype).enum });
