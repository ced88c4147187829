import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  SavedModelSchema,
  type AttrValue,
  type FunctionDef,
  type GraphDef,
  type MetaGraphDef,
  type NodeDef,
  type SavedModel,
  type TensorProto,
  type TensorShapeProto,
} from '@servable/protos/tensorflow';

/** The files of a SavedModel by their path in its directory. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** Whole numbers from 0 up to `below`. */
export type Random = (below: number) => number;

/** Numbers that are the same for the same seed everywhere (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const graphFile = 'saved_model.pb';
const indexFile = 'variables/variables.index';

/**
 * A SavedModel without what one signature does not need, so that a random change hits what that signature reads.
 *
 * @throws Error when the model has no such signature
 */
export function keepSignature(files: ModelFiles, signature: string): ModelFiles {
  const model = fromBinary(SavedModelSchema, files.get(graphFile) ?? new Uint8Array());
  for (const meta of model.metaGraphs) pruneMetaGraph(meta, signature);
  return new Map([...files, [graphFile, toBinary(SavedModelSchema, model)]]);
}

function pruneMetaGraph(meta: MetaGraphDef, signature: string): void {
  const kept = meta.signatureDef[signature];
  if (kept === undefined || meta.graphDef === undefined) throw new Error(`no signature ${signature}`);
  const init = meta.signatureDef['__saved_model_init_op'];
  meta.signatureDef = { [signature]: kept, ...(init && { __saved_model_init_op: init }) };
  const wanted = Object.values(meta.signatureDef)
    .flatMap(({ inputs, outputs }) => [...Object.values(inputs), ...Object.values(outputs)])
    .flatMap(({ encoding }) => (encoding.case === 'name' ? [nodeOf(encoding.value)] : []));
  const graph = meta.graphDef;
  // What restores variables and fills tables belongs to it.
  const { restoreOpName = '', saveTensorName = '', filenameTensorName = '' } = meta.saverDef ?? {};
  wanted.push(...[restoreOpName, saveTensorName, filenameTensorName].map(nodeOf));
  wanted.push(...graph.node.filter(({ op }) => /Restore|NoOp|VarHandle|Assign|Table/.test(op)).map(({ name }) => name));
  const nodes = reached(graph.node, wanted);
  const functions = new Set<string>();
  const library = graph.library?.function ?? [];
  const visit = (parts: readonly NodeDef[]) => {
    for (const called of parts.flatMap((node) => Object.values(node.attr).flatMap(functionsOf))) {
      if (functions.has(called)) continue;
      functions.add(called);
      visit(library.find((one) => one.signature?.name === called)?.nodeDef ?? []);
    }
  };
  visit(nodes);
  graph.node = nodes;
  if (graph.library !== undefined) {
    graph.library.function = library.filter((one) => functions.has(one.signature?.name ?? ''));
  }
}

function functionsOf({ value }: AttrValue): readonly string[] {
  if (value.case === 'func') return [value.value.name];
  return value.case === 'list' ? value.value.func.map(({ name }) => name) : [];
}

const nodeOf = (input: string) => input.replace(/^\^/, '').split(':')[0] ?? '';

function reached(nodes: readonly NodeDef[], wanted: readonly string[]): NodeDef[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const found = new Set<string>();
  const open = [...wanted];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = byName.get(name);
    if (node === undefined || found.has(name)) continue;
    found.add(name);
    open.push(...node.input.map(nodeOf));
  }
  return nodes.filter(({ name }) => found.has(name));
}

/** Changes one file of a SavedModel: its bytes, or what they mean. Says what was done. */
export function mutateModel(files: ModelFiles, random: Random): { readonly files: ModelFiles; readonly what: string } {
  const kind = random(10);
  if (kind < 6) {
    const model = fromBinary(SavedModelSchema, files.get(graphFile) ?? new Uint8Array());
    const done: string[] = [];
    for (let edit = random(3); edit >= 0; edit--) done.push(changeMeaning(model, random));
    return { files: new Map([...files, [graphFile, toBinary(SavedModelSchema, model)]]), what: done.join(', ') };
  }
  const others = [...files.keys()].filter((path) => path !== graphFile);
  const file = kind < 8 || others.length === 0 ? graphFile : pick(others, random);
  const bytes = mutateBytes(files.get(file) ?? new Uint8Array(), random);
  return { files: new Map([...files, [file, bytes]]), what: `bytes of ${file}` };
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)] as T;
}

/** Flips, cuts, removes, repeats, inserts and swaps bytes, as a bad disk or a bad person would. */
function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random(bytes.length + 1);
  const to = Math.min(bytes.length, at + 1 + random(24));
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (random(8)) {
    case 0:
      return before.slice();
    case 1:
      return Buffer.concat([before, after]);
    case 2:
      return Buffer.concat([before, part, part, after]);
    case 3:
      return Buffer.concat([before, Uint8Array.from({ length: 1 + random(16) }, () => random(256)), part, after]);
    case 4: {
      const half = part.length >> 1;
      return Buffer.concat([before, part.subarray(half), part.subarray(0, half), after]);
    }
    case 5:
      // A number that is longer, and larger, than the one that was there.
      return Buffer.concat([before, Uint8Array.from({ length: 1 + random(9) }, () => 0xff), after]);
    default: {
      const copy = Uint8Array.from(bytes);
      for (let edit = random(3); edit >= 0; edit--) {
        const place = random(copy.length);
        copy[place] = random(2) === 0 ? (copy[place] ?? 0) ^ (1 << random(8)) : pick([0, 1, 127, 128, 255], random);
      }
      return copy;
    }
  }
}

const integers = [-(2n ** 63n), -(2n ** 31n), -2n, -1n, 0n, 1n, 2n, 3n, 7n, 1000n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 40n, 2n ** 62n]; // prettier-ignore
const floats = [NaN, Infinity, -Infinity, -1, 0, 1e-30, 0.5, 1e30];
const words = ['', 'SAME', 'VALID', 'EXPLICIT', 'NHWC', 'NCHW', 'NWC', 'mini', 'REFLECT', 'SYMMETRIC', 'add', '(', 'ij,jk->ik', 'UTF-8', '\u0000'].map((text) => new TextEncoder().encode(text)); // prettier-ignore
/** Numbers of dtypes, among them references, resources, variants and ones that there are not. */
const dtypes = [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 14, 18, 19, 20, 21, 22, 23, 24, 29, 99, 101, -1];

/** Ops of which there are many, and whose changes are much alike. */
const plumbing =
  /^(Placeholder|Identity|NoOp|PartitionedCall|StatefulPartitionedCall|ReadVariableOp|.*Restore.*|.*Save.*|MergeV2.*|StringJoin)$/;

/** Changes one thing in a graph, keeping it a protobuf message. */
function changeMeaning(model: SavedModel, random: Random): string {
  const meta = model.metaGraphs[0];
  const graph = meta?.graphDef;
  if (meta === undefined || graph === undefined) return 'nothing';
  const bodies = graph.library?.function ?? [];
  if (random(12) === 0) return changeSignature(meta, random);
  if (random(12) === 0 && bodies.length > 0) return changeFunction(pick(bodies, random), random);
  const lists = [graph.node, ...bodies.map((body) => body.nodeDef)].filter((nodes) => nodes.length > 0);
  if (lists.length === 0) return 'nothing';
  let nodes = pick(lists, random);
  let node = pick(nodes, random);
  for (let again = 0; again < 4 && plumbing.test(node.op); again++) {
    nodes = pick(lists, random);
    node = pick(nodes, random);
  }
  const where = `${node.op} ${node.name}`;
  switch (random(10)) {
    case 0:
      return `${where}: ${changeInputs(node, nodes, random)}`;
    case 1: {
      const all = lists.flat();
      node.op = pick(all, random).op;
      return `${where}: op ${node.op}`;
    }
    case 2:
      return `${where}: ${changeNodes(graph, nodes, node, random)}`;
    default: {
      const names = Object.keys(node.attr);
      const name = pick(names, random);
      const attr = names.length === 0 ? undefined : node.attr[name];
      if (attr === undefined) return `${where}: ${changeInputs(node, nodes, random)}`;
      if (random(12) === 0) {
        delete node.attr[name];
        return `${where}: without ${name}`;
      }
      return `${where}: ${name} ${changeAttribute(attr, random)}`;
    }
  }
}

function changeInputs(node: NodeDef, nodes: readonly NodeDef[], random: Random): string {
  const at = random(node.input.length + 1);
  const other = pick(nodes, random);
  switch (random(5)) {
    case 0:
      node.input.splice(at, 1);
      return `without input ${at}`;
    case 1:
      node.input.splice(at, 0, other.name);
      return `one more input ${other.name}`;
    case 2: {
      const given = node.input[at] ?? 'x';
      node.input[at] = given.includes(':')
        ? given.replace(/\d*$/, String(pick([0, 1, 7, 4294967296], random)))
        : `${given}:${pick([1, 7], random)}`;
      return `input ${at} is ${node.input[at]}`;
    }
    case 3:
      node.input.reverse();
      return 'inputs the other way round';
    default: {
      // Inside of functions an output has a name; any will do where it is the wrong one.
      const inputs = nodes.flatMap((one) => one.input);
      node.input[at] = inputs.length > 0 ? pick(inputs, random) : other.name;
      return `input ${at} is ${node.input[at]}`;
    }
  }
}

function changeNodes(graph: GraphDef, nodes: NodeDef[], node: NodeDef, random: Random): string {
  switch (random(4)) {
    case 0:
      nodes.splice(nodes.indexOf(node), 1);
      return 'removed';
    case 1:
      nodes.push(node);
      return 'twice';
    case 2:
      node.name = pick(graph.node.concat(nodes), random).name;
      return `called ${node.name}`;
    default:
      // A circle.
      node.input.push(pick(nodes, random).name);
      return `reads ${node.input.at(-1)} too`;
  }
}

function changeAttribute(attr: AttrValue, random: Random): string {
  const { value } = attr;
  switch (value.case) {
    case 'i':
      value.value = pick(integers, random);
      return `= ${value.value}`;
    case 'f':
      value.value = pick(floats, random);
      return `= ${value.value}`;
    case 'b':
      value.value = !value.value;
      return `= ${value.value}`;
    case 's':
      value.value = pick(words, random);
      return `= ${JSON.stringify(new TextDecoder().decode(value.value))}`;
    case 'type':
      value.value = pick(dtypes, random);
      return `= dtype ${value.value}`;
    case 'shape':
      return changeShape(value.value, random);
    case 'tensor':
      return changeTensor(value.value, random);
    case 'func':
      value.value.name = pick(['', 'none', value.value.name], random);
      return `= function ${value.value.name}`;
    case 'list': {
      const { i, f, s, type, shape } = value.value;
      const lists: unknown[][] = [i, f, s, type, shape];
      const list = lists.find((one) => one.length > 0) ?? i;
      const at = random(list.length + 1);
      if (random(3) === 0) list.splice(at, 1);
      else if (list === i) i[at] = pick(integers, random);
      else if (list === f) f[at] = pick(floats, random);
      else if (list === type) type[at] = pick(dtypes, random);
      else if (list === s) s[at] = pick(words, random);
      else if (shape[at] !== undefined) changeShape(shape[at], random);
      return `list changed at ${at}`;
    }
    default:
      attr.value = { case: 'i', value: pick(integers, random) };
      return `= ${attr.value.value}`;
  }
}

function changeShape(shape: TensorShapeProto, random: Random): string {
  const at = random(shape.dim.length + 1);
  const dim = shape.dim[at];
  const choice = random(6);
  if (choice === 0) shape.unknownRank = !shape.unknownRank;
  else if (choice === 1) shape.dim.splice(at, 1);
  else if (choice === 2) shape.dim.reverse();
  else if (dim !== undefined) dim.size = pick(integers, random);
  else shape.dim.push({ $typeName: 'tensorflow.TensorShapeProto.Dim', size: pick(integers, random), name: '' });
  return `shape [${shape.dim.map(({ size }) => size).join()}]${shape.unknownRank ? ' of unknown rank' : ''}`;
}

function changeTensor(tensor: TensorProto, random: Random): string {
  const shape = tensor.tensorShape;
  switch (random(5)) {
    case 0:
      tensor.dtype = pick(dtypes, random);
      return `of dtype ${tensor.dtype}`;
    case 1:
      if (shape !== undefined) return `of ${changeShape(shape, random)}`;
      return 'as it was';
    case 2:
      tensor.tensorContent = tensor.tensorContent.slice(0, random(tensor.tensorContent.length + 1));
      return `with ${tensor.tensorContent.length} bytes`;
    default: {
      const number = pick(integers, random);
      if (tensor.tensorContent.length > 0) {
        tensor.tensorContent = Uint8Array.from(tensor.tensorContent);
        tensor.tensorContent[random(tensor.tensorContent.length)] = pick([0, 1, 127, 128, 255], random);
      } else if (tensor.intVal.length > 0)
        tensor.intVal[random(tensor.intVal.length)] = Number(BigInt.asIntN(32, number));
      else if (tensor.int64Val.length > 0) tensor.int64Val[random(tensor.int64Val.length)] = number;
      else if (tensor.floatVal.length > 0) tensor.floatVal[random(tensor.floatVal.length)] = pick(floats, random);
      else if (tensor.stringVal.length > 0) tensor.stringVal[random(tensor.stringVal.length)] = pick(words, random);
      return 'with another element';
    }
  }
}

function changeSignature(meta: MetaGraphDef, random: Random): string {
  const signature = pick(Object.values(meta.signatureDef), random);
  const infos = Object.values(pick([signature.inputs, signature.outputs], random));
  const info = pick(infos, random);
  if (info === undefined) return 'nothing';
  switch (random(3)) {
    case 0:
      info.dtype = pick(dtypes, random);
      return `signature: dtype ${info.dtype}`;
    case 1:
      if (info.tensorShape === undefined) return 'nothing';
      return `signature: ${changeShape(info.tensorShape, random)}`;
    default: {
      const name = `${pick(meta.graphDef?.node ?? [], random).name}:${pick([0, 0, 0, 1, 99], random)}`;
      info.encoding = { case: 'name', value: name };
      return `signature: tensor ${name}`;
    }
  }
}

function changeFunction(body: FunctionDef, random: Random): string {
  const { signature } = body;
  const where = `function ${signature?.name ?? ''}`;
  const args = signature?.inputArg ?? [];
  switch (random(4)) {
    case 0:
      args.splice(random(args.length), 1);
      return `${where}: without an argument`;
    case 1:
      signature?.outputArg.splice(random(signature.outputArg.length), 1);
      return `${where}: without a result`;
    case 2: {
      const arg = pick(args, random);
      if (arg !== undefined) arg.type = pick(dtypes, random);
      return `${where}: argument of dtype ${arg?.type}`;
    }
    default: {
      const [first] = Object.keys(body.ret);
      if (first !== undefined)
        body.ret[first] = pick(
          Object.values(body.ret).concat(
            args.map(({ name }) => name),
            'none:y:0',
          ),
          random,
        );
      return `${where}: another result`;
    }
  }
}

/** Whether a file is one that damage is done to. */
export const isDamageable = (path: string): boolean =>
  path === graphFile || path === indexFile || path.startsWith('variables/variables.data') || path.startsWith('assets/');
