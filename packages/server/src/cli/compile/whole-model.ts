import { create, fromBinary } from '@bufbuild/protobuf';
import { ServingError } from '@servable/core';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataType as OnnxType,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  ValueInfoProtoSchema,
  type ModelProto,
  type ValueInfoProto,
} from '@servable/protos/onnx';
import type { NativeIsland, Plan, PlanStep, SignatureTensor, WeightFile } from '@servable/savedmodel';
import type { DType, Tensor } from '@servable/tensor';
import { version } from '../../version.js';
import { renameValues, valueNames } from './rename-values.js';

/** A signature as one ONNX model, whose inputs and outputs are called like the signature's. */
export interface WholeModel {
  /** Its large initializers are declared as external data. */
  readonly model: ModelProto;
  readonly weights: WeightFile | undefined;
  /** Outputs that could not keep their alias, since an input has the same: the name that they have instead. */
  readonly renamed: ReadonlyMap<string, string>;
}

/**
 * Makes one ONNX model of a plan.
 *
 * @throws ServingError UNIMPLEMENTED `HOST_OPS` that names the ops that only Servable can run, and their nodes
 */
export function wholeModel(plan: Plan): WholeModel {
  const { signatureName, inputs, outputs, steps, constants } = plan;
  refuseHostSteps(plan);
  const island = steps[0] as NativeIsland | undefined;
  const model =
    island === undefined ? create(ModelProtoSchema, emptyModel) : fromBinary(ModelProtoSchema, island.model);
  const graph = model.graph!;
  // The model's outputs by the plan's names: a value that is handed through has a name of its own in the model.
  const made = new Map(island?.outputs.map((value, index) => [value, graph.output[index]!]));
  const declared = new Map(graph.input.map((input) => [input.name, input]));

  const names = new Map<string, string>();
  const taken = new Set<string>(inputs.map(({ alias }) => alias));
  for (const { alias, value } of inputs) names.set(value, alias);
  const renamed = new Map<string, string>();
  const nodes: (readonly [from: string, to: string])[] = [];
  const infos: ValueInfoProto[] = [];
  for (const output of outputs) {
    const name = freeName(output.alias, taken);
    taken.add(name);
    if (name !== output.alias) renamed.set(output.alias, name);
    const info = made.get(output.value);
    if (info !== undefined && !names.has(info.name)) names.set(info.name, name);
    else nodes.push([info?.name ?? output.value, name]);
    infos.push(info === undefined ? valueInfo(name, output) : create(ValueInfoProtoSchema, { ...info, name }));
    const constant = info === undefined ? constants.get(output.value) : undefined;
    if (constant !== undefined && !graph.initializer.some((each) => each.name === output.value)) {
      graph.initializer.push(constantProto(output.value, constant));
    }
  }
  // Values inside that are called like an input or output by chance give way.
  const inside = valueNames(graph);
  for (const name of inside) if (!names.has(name) && taken.has(name)) names.set(name, freeName(name, taken, inside));
  graph.input = inputs.map((input) => {
    const info = declared.get(input.value);
    return info === undefined
      ? valueInfo(input.alias, input)
      : create(ValueInfoProtoSchema, { ...info, name: input.alias });
  });
  graph.output = [];
  renameValues(graph, names);
  const final = (name: string) => names.get(name) ?? name;
  for (const [from, to] of nodes) {
    graph.node.push(create(NodeProtoSchema, { opType: 'Identity', input: [final(from)], output: [to] }));
  }
  graph.output = infos;
  graph.name = signatureName;
  model.producerName = 'servable';
  model.producerVersion = version;
  model.metadataProps = [create(StringStringEntryProtoSchema, { key: 'signature', value: signatureName })];
  const domains = usedDomains(model);
  model.opsetImport = model.opsetImport.filter(({ domain }) => domain === '' || domains.has(domain));
  const weights = island?.weights && {
    ...island.weights,
    weights: new Map([...island.weights.weights].map(([name, placed]) => [final(name), placed])),
  };
  return { model, weights, renamed };
}

/** Domains of ops other than ONNX's own, which only some engines know. */
export function usedDomains({ graph }: ModelProto): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (each: NonNullable<ModelProto['graph']>) => {
    for (const { domain, attribute } of each.node) {
      if (domain !== '' && domain !== 'ai.onnx') found.add(domain);
      for (const { g, graphs } of attribute) (g ? [g, ...graphs] : graphs).forEach(visit);
    }
  };
  if (graph !== undefined) visit(graph);
  return found;
}

function refuseHostSteps({ signatureName, steps, variables }: Plan): void {
  const hosts: string[] = [];
  let islands = 0;
  const visit = (step: PlanStep): void => {
    if (step.kind === 'native') islands += 1;
    if (step.kind === 'host') hosts.push(`${step.op} at node ${step.node}`);
    if (step.kind === 'if') [...step.whenTrue.steps, ...step.whenFalse.steps].forEach(visit);
    if (step.kind === 'loop') step.body.steps.forEach(visit);
  };
  steps.forEach(visit);
  if (hosts.length === 0 && islands <= 1 && steps.length <= 1 && (variables?.size ?? 0) === 0) return;
  const shown = hosts.length > 10 ? [...hosts.slice(0, 10), `${hosts.length - 10} more`] : hosts;
  const what =
    hosts.length > 0
      ? `these ops have no equal in ONNX and run on the host: ${shown.join(', ')}`
      : `requests change its variables: ${[...(variables?.keys() ?? [])].join(', ')}`;
  throw new ServingError(
    'UNIMPLEMENTED',
    'HOST_OPS',
    `Signature ${signatureName} cannot be one ONNX model: ${what}. Serve the SavedModel itself, which runs them`,
  );
}

const emptyModel = {
  irVersion: 9n,
  opsetImport: [{ domain: '', version: 20n }],
  graph: {},
};

function freeName(wanted: string, ...taken: readonly ReadonlySet<string>[]): string {
  const isTaken = (name: string) => taken.some((names) => names.has(name));
  if (!isTaken(wanted)) return wanted;
  for (let number = 1; ; number += 1) {
    const name = `${wanted}_${number}`;
    if (!isTaken(name)) return name;
  }
}

function valueInfo(name: string, { dtype, shape }: SignatureTensor): ValueInfoProto {
  const dim = shape?.map((size) =>
    create(TensorShapeProto_DimensionSchema, size === null ? {} : { value: { case: 'dimValue', value: BigInt(size) } }),
  );
  const tensorType = { elemType: onnxType(name, dtype), ...(dim === undefined ? {} : { shape: { dim } }) };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensorType } } });
}

function constantProto(name: string, tensor: Tensor) {
  const dims = tensor.shape.map(BigInt);
  const dataType = onnxType(name, tensor.dtype);
  if (tensor.dtype === 'string') {
    return create(TensorProtoSchema, { name, dims, dataType, stringData: [...(tensor.data as readonly Uint8Array[])] });
  }
  const { buffer, byteOffset, byteLength } = tensor.data as Uint8Array;
  return create(TensorProtoSchema, { name, dims, dataType, rawData: new Uint8Array(buffer, byteOffset, byteLength) });
}

function onnxType(name: string, dtype: DType): OnnxType {
  const known: Partial<Record<DType, OnnxType>> = { float32: OnnxType.FLOAT, float64: OnnxType.DOUBLE };
  const found = known[dtype] ?? (OnnxType as unknown as Record<string, OnnxType | undefined>)[dtype.toUpperCase()];
  if (found !== undefined) return found;
  throw new ServingError('UNIMPLEMENTED', 'DTYPE_UNSUPPORTED', `${name} is ${dtype}, which ONNX does not have`);
}
