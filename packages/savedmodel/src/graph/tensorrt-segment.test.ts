import { expect, test } from 'vitest';
import { functionDef, graphBuilder, node } from '../testing/graphs.js';

const text = (value: string) => ({ value: { case: 's' as const, value: new TextEncoder().encode(value) } });

const segment = functionDef('trt_0_native_segment', {
  args: ['v'],
  nodes: [node('double', 'AddV2', ['v', 'v'])],
  returns: { out: 'double:z:0' },
});

test('a TensorRT engine is replaced by its native segment, for effects too', () => {
  const builder = graphBuilder([node('x', 'Placeholder'), node('trt_0', 'TRTEngineOp', ['x'])], [segment]);
  const { nodes, outputs } = builder.buildMain(['trt_0:0'], []);
  expect(nodes.map(({ name }) => name)).toEqual(['x', 'trt_0/double']);
  expect(outputs[0]?.node.name).toBe('trt_0/double');
});

test('an engine that was built ahead, with no native segment beside it, is refused by name', () => {
  const engine = node('trt_0', 'TRTEngineOp', ['x'], { serialized_segment: text('ptrt\0\0\xff engine') });
  const builder = graphBuilder([node('x', 'Placeholder'), engine]);
  const { code, reason, message } = errorOf(() => builder.buildMain(['trt_0:0'], []));
  expect([code, reason]).toEqual(['UNIMPLEMENTED', 'NO_NATIVE_SEGMENT']);
  expect(message).toContain("Node 'trt_0' is a TensorRT engine that was built ahead");
});

test('an engine that calls itself through its segment is refused, not followed for ever', () => {
  const endless = functionDef('loop', {
    args: ['v'],
    nodes: [node('again', 'TRTEngineOp', ['v'], { segment_funcdef_name: text('loop') })],
    returns: { out: 'again:out_tensor:0' },
  });
  const engine = node('trt_0', 'TRTEngineOp', ['x'], { segment_funcdef_name: text('loop') });
  const builder = graphBuilder([node('x', 'Placeholder'), engine], [endless]);
  expect(errorOf(() => builder.buildMain(['trt_0:0'], [])).reason).toBe('CALLS_TOO_DEEP');
});

function errorOf(call: () => unknown): { code: string; reason: string; message: string } {
  try {
    call();
  } catch (error) {
    return error as { code: string; reason: string; message: string };
  }
  throw new Error('expected an error, given none');
}
