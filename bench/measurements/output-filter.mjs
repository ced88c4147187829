import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { SavedModelSchema } from '@servable/protos/tensorflow';
import { loadSavedModel } from '@servable/runtime';
import { Tensor } from '@servable/tensor';
import { callRate, compareRates } from '../lib/pairs.mjs';

export const title = 'A model with two heads, one of which does nine tenths of the work: one output against both';

const width = 512;
const layers = { small: 1, large: 10 };

export async function measure() {
  const dir = await mkdtemp(join(tmpdir(), 'servable-bench-'));
  try {
    await mkdir(join(dir, '1'));
    await writeFile(join(dir, '1/saved_model.pb'), toBinary(SavedModelSchema, twoHeads()));
    const model = await loadSavedModel(join(dir, '1'));
    try {
      const x = new Tensor('float32', [8, width], new Float32Array(8 * width).fill(0.01));
      const ask = (outputFilter) => () => model.predict({ x }, { outputFilter });
      // The first use of a filter starts the compilation of its plan.
      for (let i = 0; i < 50; i++) await ask(['small'])();
      const rate = (call) => (milliseconds) => callRate(call, 1, milliseconds);
      const one = await compareRates(rate(ask(['small'])), rate(ask([])));
      const large = await compareRates(rate(ask(['large'])), rate(ask([])));
      return [
        { what: 'both outputs', value: one.b, unit: 'calls/s' },
        { what: 'the small one', value: one.a, unit: 'calls/s' },
        {
          what: 'small against both',
          value: one.ratio,
          atLeast: 2,
          note: `${one.low.toFixed(2)} to ${one.high.toFixed(2)}`,
        },
        { what: 'large against both', value: large.ratio, note: `${large.low.toFixed(2)} to ${large.high.toFixed(2)}` },
      ];
    } finally {
      await model.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Two chains of dense layers of one input. */
function twoHeads() {
  const type = { value: { case: 'type', value: 1 } };
  const open = { unknownRank: false, dim: [{ size: -1n }, { size: BigInt(width) }] };
  const node = [
    { name: 'x', op: 'Placeholder', attr: { dtype: type, shape: { value: { case: 'shape', value: open } } } },
  ];
  const square = { unknownRank: false, dim: [{ size: BigInt(width) }, { size: BigInt(width) }] };
  for (const [head, count] of Object.entries(layers)) {
    let last = 'x';
    for (let layer = 0; layer < count; layer++) {
      const name = layer === count - 1 ? head : `${head}/${layer}`;
      const values = Float32Array.from({ length: width * width }, (_, i) => ((i * (layer + 7)) % 13) / 1000);
      const tensorContent = new Uint8Array(values.buffer);
      const value = { value: { case: 'tensor', value: { dtype: 1, tensorShape: square, tensorContent } } };
      node.push({ name: `${name}/weights`, op: 'Const', attr: { dtype: type, value } });
      node.push({ name: `${name}/product`, op: 'MatMul', input: [last, `${name}/weights`], attr: { T: type } });
      node.push({ name, op: 'Relu', input: [`${name}/product`], attr: { T: type } });
      last = name;
    }
  }
  const info = (name) => ({ encoding: { case: 'name', value: `${name}:0` }, dtype: 1, tensorShape: open });
  const signature = {
    inputs: { x: info('x') },
    outputs: { small: info('small'), large: info('large') },
    methodName: 'tensorflow/serving/predict',
  };
  return create(SavedModelSchema, {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      { metaInfoDef: { tags: ['serve'] }, graphDef: { node }, signatureDef: { serving_default: signature } },
    ],
  });
}
