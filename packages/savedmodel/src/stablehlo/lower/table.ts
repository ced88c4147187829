import { algebra } from './algebra.js';
import { control } from './control.js';
import { convolution } from './convolution.js';
import { customCalls, knownCalls } from './custom-calls.js';
import { dynamicSlices } from './dynamic-slices.js';
import { elementwise } from './elementwise.js';
import { gather } from './gather.js';
import { layout } from './layout.js';
import { padding } from './padding.js';
import { products } from './products.js';
import { reduction } from './reduction.js';
import type { HloLowering } from './registry.js';
import { scatter } from './scatter.js';
import { sorting } from './sorting.js';
import { windows } from './windows.js';

const families = [
  elementwise,
  layout,
  padding,
  dynamicSlices,
  gather,
  scatter,
  reduction,
  windows,
  sorting,
  products,
  convolution,
  algebra,
  control,
  customCalls,
];

const table = new Map<string, HloLowering>(families.flatMap((family) => [...family.lowerings]));

/** @param name - an op of StableHLO, such as `add` */
export function findLowering(name: string): HloLowering | undefined {
  return table.get(name);
}

/** All StableHLO ops that the compiler knows, by name, and what custom calls it knows: `custom_call @Sharding`. */
export function knownHloOps(): readonly string[] {
  return [...table.keys(), ...knownCalls().map((target) => `custom_call @${target}`)]
    .filter((name) => name !== 'custom_call')
    .sort();
}
