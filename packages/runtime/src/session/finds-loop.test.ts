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

describe('finding loops in a model', () => {
  it.each([
    ['a loop', loopModel(), true],
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
