import type { GraphProto } from '@servable/protos/onnx';

/** Names of all values of a graph and of the bodies in it. */
export function valueNames(graph: GraphProto, names = new Set<string>()): Set<string> {
  for (const { name } of [...graph.input, ...graph.initializer]) names.add(name);
  for (const node of graph.node) {
    for (const output of node.output) names.add(output);
    for (const body of bodiesOf(node)) valueNames(body, names);
  }
  return names;
}

/**
 * Renames values where they are made and where they are read, in bodies as well.
 *
 * @param names - new names by old ones
 */
export function renameValues(graph: GraphProto, names: ReadonlyMap<string, string>): void {
  const rename = (name: string) => names.get(name) ?? name;
  for (const initializer of graph.initializer) initializer.name = rename(initializer.name);
  for (const value of graph.valueInfo) value.name = rename(value.name);
  for (const node of graph.node) {
    node.input = node.input.map(rename);
    node.output = node.output.map(rename);
    for (const body of bodiesOf(node)) {
      for (const value of [...body.input, ...body.output]) value.name = rename(value.name);
      renameValues(body, names);
    }
  }
}

function bodiesOf({ attribute }: GraphProto['node'][number]): GraphProto[] {
  return attribute.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));
}
