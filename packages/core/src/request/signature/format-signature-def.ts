import { DataType, type SignatureDef, type TensorInfo, type TensorShapeProto } from '@servable/protos/tensorflow';

/** A `SignatureDef` as protobuf text, two spaces per level and map entries sorted, for messages that show one whole. */
export function formatSignatureDef(signature: SignatureDef): string {
  return (
    formatInfos('inputs', signature.inputs) +
    formatInfos('outputs', signature.outputs) +
    (signature.methodName === '' ? '' : `method_name: ${quote(signature.methodName)}\n`)
  );
}

function formatInfos(field: string, infos: { readonly [alias: string]: TensorInfo }): string {
  return Object.keys(infos)
    .sort()
    .map((alias) => block(field, `key: ${quote(alias)}\n${block('value', formatInfo(infos[alias]!))}`))
    .join('');
}

function formatInfo(info: TensorInfo): string {
  const name = info.encoding.case === 'name' ? `name: ${quote(info.encoding.value)}\n` : '';
  const dtype = info.dtype === DataType.DT_INVALID ? '' : `dtype: ${DataType[info.dtype] ?? info.dtype}\n`;
  return name + dtype + (info.tensorShape === undefined ? '' : block('tensor_shape', formatDims(info.tensorShape)));
}

function formatDims(shape: TensorShapeProto): string {
  const dims = shape.dim.map((dim) => block('dim', dim.size === 0n ? '' : `size: ${dim.size}\n`)).join('');
  return dims + (shape.unknownRank ? 'unknown_rank: true\n' : '');
}

function block(field: string, body: string): string {
  return `${field} {\n${body.replace(/^(?=.)/gm, '  ')}}\n`;
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}
