import type { HloBlock, HloModule } from './hlo.js';
import { isKnownCall } from './lower/custom-calls.js';
import { operationName } from './lower/lower-module.js';
import { findLowering } from './lower/table.js';

/** Ops that stand in a block without being lowered. */
const PASSIVE = new Set(['return']);

/** Names of the ops that have no lowering, among those that a function reaches. */
export function unknownOperations(module: HloModule, start: string): readonly string[] {
  const unknown = new Set<string>();
  const seen = new Set<string>();
  const pending = [start];
  const visit = (block: HloBlock): void => {
    for (const operation of block.operations) {
      const { name, attributes, regions } = operation;
      const target = attributes.get('call_target_name');
      const isKnown =
        name === 'custom_call'
          ? target?.kind === 'string' && isKnownCall(target.value)
          : findLowering(name) !== undefined || PASSIVE.has(name);
      if (!isKnown) unknown.add(operationName(operation));
      for (const attribute of ['callee', 'decomposition']) {
        const callee = attributes.get(attribute);
        if (callee?.kind === 'string') pending.push(callee.value);
      }
      regions.forEach(visit);
    }
  };
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const body = module.functions.get(name)?.body;
    if (body !== undefined) visit(body);
  }
  return [...unknown].sort();
}
