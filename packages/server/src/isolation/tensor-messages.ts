import { Tensor, type TensorDataMap } from '@servable/tensor';
import type { TensorMessages } from './messages.js';

export function toMessages(tensors: ReadonlyMap<string, Tensor>): TensorMessages {
  return new Map([...tensors].map(([alias, { dtype, shape, data }]) => [alias, { dtype, shape, data }]));
}

export function fromMessages(messages: TensorMessages): Map<string, Tensor> {
  return new Map(
    [...messages].map(([alias, { dtype, shape, data }]) => [
      alias,
      new Tensor(dtype, shape, data as TensorDataMap[typeof dtype]),
    ]),
  );
}
