import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { Value } from '../onnx/value.js';
import type { Lowered } from '../onnx/resource.js';
import { OpFamily, type OpContext } from '../ops/registry.js';
import { readModule } from './bytecode/read-module.js';
import type { HloModule } from './hlo.js';
import { ModuleLowering } from './lower/lower-module.js';
import type { HloLowered } from './lower/spread.js';
import { findLowering } from './lower/table.js';
import { unknownOperations } from './unknown-operations.js';

/** StableHLO programs, which JAX and what stands on it leaves in a SavedModel. */
export const xlaModules = new OpFamily('XLA modules').native('XlaCallModule', lowerXlaCallModule);

/** Modules that have been read, by the bytes of their node: signatures of one model share them. */
const modules = new WeakMap<Uint8Array, HloModule>();

/** The platform that the engine stands for. */
const PLATFORM = 'CPU';

/** Versions from which on something is so (tensorflow/compiler/tf2xla/kernels/xla_call_module_loader.cc). */
const SINCE = { stableHlo: 4, platforms: 3 } as const;
const NEWEST_VERSION = 10;

function lowerXlaCallModule(context: OpContext): readonly Lowered[] {
  const { attrs, builder } = context;
  const version = attrs.int('version');
  if (version < SINCE.stableHlo || version > NEWEST_VERSION) {
    throw context.refuse(`its version is ${version}, and versions ${SINCE.stableHlo} to ${NEWEST_VERSION} are known`);
  }
  const bytes = attrs.bytes('module');
  let module = modules.get(bytes);
  if (module === undefined) modules.set(bytes, (module = readModule(bytes)));
  const unknown = unknownOperations(module, 'main');
  if (unknown.length > 0) throw unknownOps(context, unknown);
  const lowering = new ModuleLowering(context, module, findLowering);
  const args = [...platformIndex(context), ...dimensionArguments(context), ...context.inputs()];
  return lowering.call('main', args, builder).map((result) => lowering.tensor(result, builder));
}

/** As graphs with ops that the compiler does not know are refused, with the names of all of them. */
function unknownOps({ node }: OpContext, names: readonly string[]): SavedModelError {
  const [first = '', ...others] = names.map((name) => `XlaCallModule: ${name}`);
  const where = node.functionName === undefined ? '' : ` of function '${node.functionName}'`;
  const more = others.length === 0 ? '' : ` Other ops it does not know: ${others.join(', ')}.`;
  return new SavedModelError(
    'UNIMPLEMENTED',
    'UNSUPPORTED_OP',
    `A signature uses the op ${first} at node '${node.name}'${where}, which the compiler does not know.${more} ` +
      `Export the model without it, or call a signature that does not need it.`,
    { op: first, node: node.name },
  );
}

/** A module for several platforms is told which one runs it by its first argument. */
function platformIndex(context: OpContext): readonly HloLowered[] {
  const platforms = context.attrs.strings('platforms', []);
  const index = platforms.indexOf(PLATFORM);
  if (platforms.length > 0 && index < 0 && !isCheckDisabled(context, 'platform')) {
    throw context.refuse(`it is for the platforms ${platforms.join(', ')}, and ${PLATFORM} is not among them`);
  }
  return platforms.length > 1 ? [context.builder.scalar('int32', Math.max(index, 0))] : [];
}

function isCheckDisabled(context: OpContext, check: string): boolean {
  return context.attrs.strings('disabled_checks', []).includes(check);
}

/** Sizes that old modules take as arguments: `0.1` is the size of dimension 1 of argument 0. */
function dimensionArguments(context: OpContext): readonly Value[] {
  return context.attrs.strings('dim_args_spec', []).map((spec) => {
    const [argument = 0, axis = 0] = spec.split('.').map(Number);
    const value = context.input(argument);
    const { builder } = context;
    return builder.cast(builder.reshape(builder.dims([{ of: value, axis }]), []), 'int32');
  });
}
