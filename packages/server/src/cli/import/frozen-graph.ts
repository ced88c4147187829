import { fromBinary } from '@bufbuild/protobuf';
import { ServingError } from '@servable/core';
import { GraphDefSchema, type GraphDef } from '@servable/protos/tensorflow';

/** Ops that hold a variable, whose values a GraphDef does not have. */
const VARIABLE_OPS = new Set(['Variable', 'VariableV2', 'VarHandleOp', 'AutoReloadVariable']);

/**
 * Parses a GraphDef that needs nothing outside of itself.
 *
 * @param file - its path, for messages
 * @throws ServingError INVALID_ARGUMENT `NOT_A_GRAPH`; FAILED_PRECONDITION `NOT_FROZEN` naming its variables
 */
export function parseFrozenGraph(bytes: Uint8Array, file: string): GraphDef {
  const graph = parse(bytes, file);
  if (graph.node.length === 0) throw notAGraph(file, 'a graph without nodes');
  const variables = graph.node.filter(({ op }) => VARIABLE_OPS.has(op)).map(({ name }) => name);
  if (variables.length > 0) {
    const more = variables.length > 5 ? ` and ${variables.length - 5} more` : '';
    throw new ServingError(
      'FAILED_PRECONDITION',
      'NOT_FROZEN',
      `${file} is not frozen: expected constants, given the variables ${variables.slice(0, 5).join(', ')}${more}, whose ` +
        'values are in a checkpoint; freeze it with convert_variables_to_constants, or export a SavedModel',
    );
  }
  return graph;
}

function parse(bytes: Uint8Array, file: string): GraphDef {
  // Field 1 of a SavedModel is a number, and of a GraphDef a node.
  if (bytes[0] === 0x08) throw notAGraph(file, 'a SavedModel, which is served as it is from its directory');
  if (/^\s*(node|versions|library)\s*\{/.test(new TextDecoder('latin1').decode(bytes.subarray(0, 200)))) {
    throw notAGraph(file, 'the text form of one');
  }
  try {
    return fromBinary(GraphDefSchema, bytes);
  } catch (cause) {
    throw notAGraph(file, `${bytes.length} bytes that are none`, cause);
  }
}

function notAGraph(file: string, given: string, cause?: unknown): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    'NOT_A_GRAPH',
    `Cannot read ${file}: expected a binary GraphDef, given ${given}`,
    { cause },
  );
}
