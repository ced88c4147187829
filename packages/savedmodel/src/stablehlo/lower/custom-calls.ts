import type { Tensor } from '@servable/tensor';
import { SavedModelError } from '../../diagnostics/saved-model-error.js';
import { integerOf } from '../../kernels/elements.js';
import { emitCheck } from '../../onnx/emit-check.js';
import type { HloContext } from './context.js';
import { HloFamily } from './registry.js';
import type { HloLowered } from './spread.js';

const CUSTOM_CALLS = new Map<string, (context: HloContext) => HloLowered | readonly HloLowered[]>([
  // How tensors are laid out over devices: there is one.
  ['Sharding', (context) => context.lowered(0)],
  ['SPMDFullToShardShape', (context) => context.lowered(0)],
  ['SPMDShardToFullShape', (context) => context.lowered(0)],
  ['annotate_device_placement', (context) => context.lowered(0)],
  ['LayoutConstraint', (context) => context.lowered(0)],
  ['shape_assertion', assertShape],
]);

/** Calls of what StableHLO has no op for. */
export const customCalls = new HloFamily().op('custom_call', (context) => {
  const lowering = CUSTOM_CALLS.get(context.text('call_target_name'));
  if (lowering === undefined) throw context.refuse('the compiler does not know what it calls');
  return lowering(context);
});

/** Whether {@link customCalls} knows what is called. */
export function isKnownCall(target: string): boolean {
  return CUSTOM_CALLS.has(target);
}

/** What custom calls there are lowerings for. */
export function knownCalls(): readonly string[] {
  return [...CUSTOM_CALLS.keys()];
}

/** Refuses a request whose shapes are not what the model was exported for, with the message of the exporter. */
function assertShape(context: HloContext): readonly HloLowered[] {
  const [condition, ...values] = context.inputs();
  if (condition === undefined) throw context.refuse('it has no condition');
  if (condition.constant !== undefined && condition.constant.data[0] !== 0) return [];
  const message = context.text('error_message');
  emitCheck(context.builder, {
    op: 'XlaCallModule',
    holds: condition,
    inputs: values,
    fail: (tensors: readonly Tensor[]): never => {
      throw new SavedModelError('INVALID_ARGUMENT', 'SHAPE_ASSERTION_FAILED', withValues(message, tensors));
    },
  });
  return [];
}

/** `{0}` stands for the first value, with a width that does not matter behind a comma. */
function withValues(message: string, values: readonly Tensor[]): string {
  return message.replace(/\{(\d+)(?:,[^}]*)?\}/g, (whole, index: string) => {
    const value = values[Number(index)];
    return value === undefined ? whole : String(integerOf(value));
  });
}
