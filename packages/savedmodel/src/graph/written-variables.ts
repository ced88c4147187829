import { bodiesTooDeep, MAX_BODY_DEPTH } from './body-depth.js';
import { isTable, tableKey } from '../tables/table-nodes.js';
import type { GraphBuilder } from './build-graph.js';
import { PARAMETER_OP, type Graph, type GraphNode, type GraphValue } from './graph.js';

/** Ops that hold a variable's identity. */
export const VARIABLE_OPS: ReadonlySet<string> = new Set(['VarHandleOp', 'VariableV2', 'Variable']);

const SCATTER = ['Update', 'Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'NdUpdate', 'NdAdd', 'NdSub', 'NdMin', 'NdMax'];

/** Ops that change the variable or the table at their input 0, by a word that stands in all of their names. */
const WRITES_BY_WORD: Readonly<Record<string, readonly string[]>> = {
  Assign: [
    'AssignVariableOp',
    'AssignAddVariableOp',
    'AssignSubVariableOp',
    'Assign',
    'AssignAdd',
    'AssignSub',
    'ResourceStridedSliceAssign',
    'StridedSliceAssign',
  ],
  Scatter: SCATTER.flatMap((kind) => [`ResourceScatter${kind}`, `Scatter${kind}`]),
  DestroyResource: ['DestroyResourceOp'],
  CountUpTo: ['ResourceCountUpTo', 'CountUpTo'],
  StatefulStandardNormal: ['StatefulStandardNormal', 'StatefulStandardNormalV2'],
  StatefulTruncatedNormal: ['StatefulTruncatedNormal'],
  StatefulUniform: ['StatefulUniform', 'StatefulUniformInt', 'StatefulUniformFullInt'],
  StatefulRandomBinomial: ['StatefulRandomBinomial'],
  RngSkip: ['RngSkip'],
  RngReadAndSkip: ['RngReadAndSkip'],
  LookupTableInsert: ['LookupTableInsert', 'LookupTableInsertV2'],
  LookupTableImport: ['LookupTableImport', 'LookupTableImportV2'],
  LookupTableRemove: ['LookupTableRemoveV2'],
};

/** Ops that change the variable or the table at their input 0. */
export const WRITES: ReadonlySet<string> = new Set(Object.values(WRITES_BY_WORD).flat());

/** What tells one variable from another: its shared name, or else the name of its node. */
export function variableKey(node: GraphNode): string {
  const value = node.attrs['shared_name']?.value;
  const shared = value?.case === 's' ? new TextDecoder().decode(value.value) : '';
  return shared === '' ? node.name : shared;
}

/** A graph that requests run, by the tensors that they fetch and feed. */
export interface Fetched {
  readonly fetches: readonly string[];
  readonly feeds: readonly string[];
}

/** Keys of the variables and tables that any of the requests changes. */
export function findWrittenVariables(graphs: GraphBuilder, requests: readonly Fetched[]): ReadonlySet<string> {
  const search = new Search(graphs);
  const functions = graphs.functionsMentioning(Object.keys(WRITES_BY_WORD));
  for (const { fetches, feeds } of requests) {
    if (graphs.reaches(fetches, WRITES, functions)) search.visit(graphs.buildMain(fetches, feeds), new Map());
  }
  return search.written;
}

/** The node of the variable that a parameter of a body stands for. */
type Arguments = ReadonlyMap<string, GraphNode | undefined>;

class Search {
  readonly written = new Set<string>();

  constructor(private readonly graphs: GraphBuilder) {}

  visit({ nodes }: Graph, args: Arguments, depth = 0): void {
    for (const node of nodes) {
      if (WRITES.has(node.op)) {
        const variable = variableAt(node.inputs[0], args);
        if (variable !== undefined) this.written.add(isTable(variable) ? tableKey(variable) : variableKey(variable));
      }
      for (const { body, first } of bodiesOf(node, this.graphs)) {
        // Which of its inputs an op of this kind hands to its body is no matter of their order: any may be any.
        const anyVariable = isOrdered(node) ? undefined : node.inputs.flatMap((input) => variableAt(input, args) ?? []);
        const inside = new Map<string, GraphNode | undefined>();
        body.parameters.forEach((parameter, i) => inside.set(parameter.name, variableAt(node.inputs[first + i], args)));
        if (depth >= MAX_BODY_DEPTH) throw bodiesTooDeep(node.name);
        for (const variable of anyVariable ?? []) {
          body.parameters.forEach((parameter) => inside.set(parameter.name, variable));
          this.visit(body, inside, depth + 1);
        }
        if (anyVariable === undefined || anyVariable.length === 0) this.visit(body, inside, depth + 1);
      }
    }
  }
}

/** Whether a node hands its inputs to its bodies in their order, as loops and branches do. */
const isOrdered = ({ op }: GraphNode) => !/Dataset|^For$|^MapDefun$|Iterator/.test(op);

function bodiesOf(node: GraphNode, graphs: GraphBuilder) {
  // The first input of a branch is what it hangs on; a loop has only variables.
  const first = 'cond' in node.attrs || node.bodies?.['cond'] !== undefined ? 0 : 1;
  const names = Object.values(node.attrs).flatMap(({ value }) => {
    if (value.case === 'func') return [value.value.name];
    return value.case === 'list' ? value.value.func.map((func) => func.name) : [];
  });
  const bodies = [...Object.values(node.bodies ?? {}), ...names.map((name) => graphs.buildFunction(name))];
  return bodies.map((body) => ({ body, first }));
}

function variableAt(start: GraphValue | undefined, args: Arguments): GraphNode | undefined {
  for (let value = start; value !== undefined; value = value.node.inputs[0]) {
    const { node } = value;
    if (VARIABLE_OPS.has(node.op) || isTable(node)) return node;
    if (node.op === PARAMETER_OP) return args.get(node.name);
    // Ops on reference variables return the reference.
    if (node.op !== 'Identity' && !WRITES.has(node.op)) return undefined;
  }
  return undefined;
}
