import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FunctionDefSchema, GraphDefSchema, type NodeDef } from '@servable/protos/tensorflow';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import type { FunctionLibrary } from '../reader/function-library.js';
import type { StoredNode } from '../reader/stored-node.js';

/**
 * What TF-TRT puts in place of a part of a graph (`tensorflow/compiler/tf2tensorrt/ops/trt_engine_op.cc`): TensorFlow builds
 * a TensorRT engine of it, and runs the part itself, the native segment, where it cannot.
 */
export const TENSORRT_ENGINE_OP = 'TRTEngineOp';

/** How the nodes of a serialised segment are named that stand for its inputs and outputs (`tf2tensorrt/common/utils.h`). */
const INPUT = 'TensorRTInputPH_';
const OUTPUT = 'TensorRTOutputPH_';

/** Numbers the functions that serialised segments are made into. */
let made = 0;

/**
 * The name of the function that computes what an engine computes: the native segment that the converter left in the model,
 * or the graph that an engine to be built when it is first used was given.
 *
 * @param library - gets the function of a graph
 * @throws SavedModelError UNIMPLEMENTED `NO_NATIVE_SEGMENT` for an engine that was built ahead and has nothing beside it
 */
export function nativeSegment(engine: StoredNode, library: FunctionLibrary): string {
  const { segment_func: func, segment_funcdef_name: named, serialized_segment: serialized } = engine.attr;
  const names = [
    func?.value.case === 'func' ? func.value.value.name : '',
    // Until TensorFlow 1.14.
    named?.value.case === 's' ? new TextDecoder().decode(named.value.value) : '',
    // What the converter calls the function, whatever the attributes say.
    `${engine.name}_native_segment`,
  ];
  const known = names.find((name) => name !== '' && library.has(name));
  if (known !== undefined) return known;
  const graph = serialized?.value.case === 's' ? functionOf(serialized.value.value) : undefined;
  if (graph === undefined) {
    throw new SavedModelError(
      'UNIMPLEMENTED',
      'NO_NATIVE_SEGMENT',
      `Node '${engine.name}' is a TensorRT engine that was built ahead, and the model does not hold the part of the graph ` +
        'that it was built of: convert the model again so that its native segments are kept, or export it unconverted.',
      { op: engine.op, node: engine.name },
    );
  }
  const name = `${engine.name}_native_segment_${made++}`;
  library.define(name, graph);
  return name;
}

/** A serialised segment as a serialised function; `undefined` when the bytes are something else, such as a built engine. */
function functionOf(bytes: Uint8Array): Uint8Array | undefined {
  let nodes: readonly NodeDef[];
  try {
    nodes = fromBinary(GraphDefSchema, bytes, { readUnknownFields: false }).node;
  } catch {
    return undefined;
  }
  const inputs = numbered(nodes, INPUT);
  const outputs = numbered(nodes, OUTPUT);
  if (outputs.length === 0) return undefined;
  const def = create(FunctionDefSchema, {
    signature: {
      inputArg: inputs.map(({ name }) => ({ name })),
      outputArg: outputs.map(({ name }) => ({ name })),
    },
    nodeDef: nodes.filter((node) => !inputs.includes(node)),
    ret: Object.fromEntries(
      outputs.map(({ name, op, input }) => [name, op === '_Retval' ? (input[0] ?? '') : `${name}:0`]),
    ),
  });
  return toBinary(FunctionDefSchema, def);
}

/** The nodes of a name followed by a number, by that number. */
function numbered(nodes: readonly NodeDef[], prefix: string): readonly NodeDef[] {
  const number = (node: NodeDef): number => Number(node.name.slice(prefix.length));
  return nodes
    .filter(({ name }) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .sort((a, b) => number(a) - number(b));
}
