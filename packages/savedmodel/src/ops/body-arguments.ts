import { materializeList } from '../onnx/tensor-list.js';
import { isResource, type Lowered } from '../onnx/resource.js';
import type { OpContext } from './registry.js';

/**
 * The inputs from `first` on, for a body: what has been put off is emitted now, since in the body it would be emitted there
 * and run in every iteration.
 */
export function bodyArguments(context: OpContext, first: number): readonly Lowered[] {
  const { builder } = context;
  return Array.from({ length: context.inputCount - first }, (_, i) => {
    const arg = context.given(first + i);
    if (isResource(arg)) return arg.kind === 'list' ? materializeList(builder, arg) : arg;
    return builder.materialize(arg);
  });
}
