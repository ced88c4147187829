import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type GraphProto } from '@servable/protos/onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSignature } from '../compile.js';
import { readSavedModel } from '../reader/read-saved-model.js';
import type { SavedModel } from '../reader/saved-model.js';

// The numbers are compared with TensorFlow's by the zoo; here only which ops the engine is given.
const families = ['lstm', 'recurrent', 'rnn'] as const;
const models = new Map<string, SavedModel>();

beforeAll(async () => {
  for (const family of families) {
    const dir = fileURLToPath(new URL(`../../../../zoo/models/${family}`, import.meta.url));
    models.set(family, await readSavedModel(dir));
  }
});

afterAll(async () => {
  for (const model of models.values()) await model.close();
});

async function opsOf(family: (typeof families)[number], signature: string): Promise<string[]> {
  const plan = await compileSignature(models.get(family) as SavedModel, signature);
  return plan.steps.flatMap((step) => {
    const graph = step.kind === 'native' ? fromBinary(ModelProtoSchema, step.model).graph : undefined;
    return graph === undefined ? [] : opsIn(graph);
  });
}

function opsIn(graph: GraphProto): string[] {
  return graph.node.flatMap((node) => [node.opType, ...node.attribute.flatMap(({ g }) => (g ? opsIn(g) : []))]);
}

describe('recurrent layers', () => {
  it.each([
    ['lstm', 'LSTM', ['LSTM']],
    ['lstm', 'LSTM_sequences', ['LSTM']],
    ['lstm', 'Bidirectional_LSTM', ['LSTM', 'LSTM']],
    ['recurrent', 'GRU', ['GRU']],
    ['rnn', 'lstm_stack_static', ['LSTM', 'LSTM']],
    ['rnn', 'decoder', ['LSTM']],
  ] as const)('%s/%s runs as the engine’s own op', async (family, signature, expected) => {
    const ops = await opsOf(family, signature);
    expect(ops.filter((op) => op === 'LSTM' || op === 'GRU')).toEqual(expected);
    // The loop is left for requests without elements, which the engine's op does not take.
    expect(ops.filter((op) => op === 'Loop')).toHaveLength(expected.length);
    expect(ops.filter((op) => op === 'If')).toHaveLength(expected.length);
  });

  it.each([
    ['lstm', 'masked_LSTM'],
    ['recurrent', 'GRU_reset_before'],
    ['recurrent', 'SimpleRNN'],
    ['rnn', 'lstm_relu'],
    ['rnn', 'gru_relu'],
  ] as const)('%s/%s differs from it, and stays a loop', async (family, signature) => {
    const ops = await opsOf(family, signature);
    expect(ops.filter((op) => op === 'LSTM' || op === 'GRU')).toEqual([]);
    expect(ops.filter((op) => op === 'Loop')).toEqual(['Loop']);
  });
});
