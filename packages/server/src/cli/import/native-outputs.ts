import { create, fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType as OnnxType, type ValueInfoProto } from '@servable/protos/onnx';
import { TensorShapeProtoSchema, type TensorShapeProto } from '@servable/protos/tensorflow';
import type { Plan } from '@servable/savedmodel';
import { isDType, type DType } from '@servable/tensor';

/** What the compiler found out about the outputs that the engine gives, by alias. */
export function nativeOutputs({
  outputs,
  steps,
}: Plan): ReadonlyMap<string, { readonly dtype: DType; readonly shape?: TensorShapeProto }> {
  const infos = new Map<string, ValueInfoProto | undefined>();
  for (const step of steps) {
    if (step.kind !== 'native') continue;
    const { graph } = fromBinary(ModelProtoSchema, step.model);
    for (const [index, value] of step.outputs.entries()) infos.set(value, graph?.output[index]);
  }
  const found = new Map<string, { dtype: DType; shape?: TensorShapeProto }>();
  for (const { alias, value } of outputs) {
    const type = infos.get(value)?.type?.value;
    if (type?.case !== 'tensorType') continue;
    const { elemType, shape } = type.value;
    const dtype = dtypeOf(elemType);
    if (dtype === undefined) continue;
    const dim = shape?.dim.map(({ value: size }) => ({ size: size.case === 'dimValue' ? size.value : -1n, name: '' }));
    found.set(alias, dim === undefined ? { dtype } : { dtype, shape: create(TensorShapeProtoSchema, { dim }) });
  }
  return found;
}

function dtypeOf(elemType: number): DType | undefined {
  if (elemType === (OnnxType.FLOAT as number)) return 'float32';
  if (elemType === (OnnxType.DOUBLE as number)) return 'float64';
  const name = OnnxType[elemType]?.toLowerCase();
  return name !== undefined && isDType(name) ? name : undefined;
}
