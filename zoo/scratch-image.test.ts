import { test } from 'vitest';
import { compileSignature, readSavedModel } from '@servable/savedmodel';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '@servable/protos/onnx';
import { writeFileSync } from 'node:fs';
test('ops', { timeout: 100000 }, async () => {
  const model = await readSavedModel(process.env.DIR!);
  let out = '';
  for (const name of process.env.SIG!.split(',')) {
    const plan = await compileSignature(model, name);
    for (const s of plan.steps) { if (s.kind === 'host') out += `host ${s.op}\n`; else { const m = fromBinary(ModelProtoSchema, s.model); out += name + ': ' + m.graph!.node.map((n) => n.opType).join(' ') + '\n'; if (process.env.DUMP) writeFileSync(process.env.DUMP, s.model); } }
  }
  console.log(out);
});
