import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '@servable/protos/onnx';
import { BOUNDED_LOOP } from '@servable/savedmodel';
import { describe, expect, it } from 'vitest';
import { addModel, loopModel, node, onnxGraph, onnxModel } from '../testing/onnx-model.js';
import { findsLoop } from './finds-loop.js';

/** An `If` whose branches have this node. */
function branching(op: string): Uint8Array {
  const branch = onnxGraph({ nodes: [node(op, ['x'], ['z'])], outputs: { z: 'float32[]' } });
  return onnxModel({
    nodes: [node('If', ['which'], ['y'], { then_branch: branch, else_branch: branch })],
    inputs: { which: 'bool[]', x: 'float32[]' },
    outputs: { y: 'float32[]' },
  });
}

/** A loop whose body is a node of another kind. */
function bodyless(op: string, inner = 'Neg') {
  const body = onnxGraph({ nodes: [node(inner, ['x'], ['z'])], outputs: { z: 'float32[]' } });
  return { nodes: [node(op, ['n'], ['y'], { body })], inputs: { n: 'int64[]' }, outputs: { y: 'float32[]' } };
}

/** The model with its first node saying that sizes bound it. */
function bounded(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  for (const each of model.graph?.node ?? []) each.docString = BOUNDED_LOOP;
  return toBinary(ModelProtoSchema, model);
}

describe('finding loops in a model', () => {
  it.each([
    ['a loop', loopModel(), true],
    ['a loop that sizes bound', bounded(onnxModel(bodyless('Loop'))), false],
    ['a loop in one that sizes bound', bounded(onnxModel(bodyless('Loop', 'Scan'))), true],
    ['no loop', addModel(), false],
    ['a scan inside a branch', branching('Scan'), true],
    ['branches without one', branching('Neg'), false],
    ['nothing', new Uint8Array(0), false],
    ['bytes that are no model', Uint8Array.of(255, 255, 255), true],
    ['a model that is cut off', loopModel().subarray(0, 20), true],
  ])('%s', (_, model, found) => {
    expect(findsLoop(model)).toBe(found);
  });
});
