// A model that answers with what it is asked: what is left is the cost of the request path.
import { mkdirSync, writeFileSync } from 'node:fs';
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataType } from '@servable/protos/onnx';
import { cacheDirectory } from './models.mjs';

/** Writes version 1 of an ONNX model `x: float [batch, width]` → `y`, the same values; gives its base path. */
export function identityBasePath(width) {
  const basePath = `${cacheDirectory}identity-${width}`;
  const value = (name) => ({
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: TensorProto_DataType.FLOAT,
          shape: {
            dim: [
              { value: { case: 'dimParam', value: 'batch' } },
              { value: { case: 'dimValue', value: BigInt(width) } },
            ],
          },
        },
      },
    },
  });
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'identity',
      node: [{ opType: 'Identity', name: 'identity', input: ['x'], output: ['y'] }],
      input: [value('x')],
      output: [value('y')],
    },
  });
  mkdirSync(`${basePath}/1`, { recursive: true });
  writeFileSync(`${basePath}/1/model.onnx`, toBinary(ModelProtoSchema, model));
  return basePath;
}
