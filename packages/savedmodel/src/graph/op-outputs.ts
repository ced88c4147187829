import type { OpDef, OpDef_ArgDef } from '@servable/protos/tensorflow';
import type { StoredNode } from '../reader/stored-node.js';
import { multipleOutputs } from './output-arguments.js';

/**
 * Turns an output named as function bodies name it (`node:argument:3`) into the flat output number that graphs use.
 * How many tensors an output argument stands for depends on the node's attributes (OpDef `number_attr`,
 * `type_list_attr`).
 */
export class OpOutputs {
  private readonly defs = new Map<string, OpDef>();

  /** @param stripped - `MetaInfoDef.stripped_op_list` of the model: the definitions of all ops it uses */
  constructor(stripped: readonly OpDef[]) {
    for (const def of stripped) this.defs.set(def.name, def);
  }

  /** @returns the flat index, or undefined when the op has no such output argument */
  flatIndex(node: StoredNode, argument: string, index: number): number | undefined {
    const def = this.defs.get(node.op) ?? multipleOutputs.get(node.op);
    if (def === undefined) return index;
    let start = 0;
    for (const arg of def.outputArg) {
      if (arg.name === argument) return start + index;
      start += tensorsOf(arg, node, def);
    }
    return undefined;
  }
}

function tensorsOf(arg: OpDef_ArgDef, node: StoredNode, def: OpDef): number {
  if (arg.numberAttr !== '') {
    // Attributes at their default are left out of nodes.
    const fallback = def.attr.find(({ name }) => name === arg.numberAttr)?.defaultValue;
    const value = (node.attr[arg.numberAttr] ?? fallback)?.value;
    return value?.case === 'i' ? Number(value.value) : 1;
  }
  if (arg.typeListAttr !== '') {
    const value = node.attr[arg.typeListAttr]?.value;
    return value?.case === 'list' ? value.value.type.length : 0;
  }
  return 1;
}
