// Writes docs/ops.md: every op the compiler knows, where it runs, and the dtypes in which the zoo compares it with
// TensorFlow. `--check` only says whether the page is up to date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { fromBinary } from '@bufbuild/protobuf';
import { DataType, SavedModelSchema } from '@servable/protos/tensorflow';
import { knownHloOps, knownOps } from '@servable/savedmodel';
import { dataTypeName } from '@servable/tensor';

const root = new URL('../', import.meta.url);
const page = fileURLToPath(new URL('docs/ops.md', root));
const zoo = new URL('zoo/models/', root);
const where = { native: 'engine', host: 'host', compile: 'compiler' };

/** Dtypes of each op's inputs (attributes that hold a type) over all graphs and functions of the zoo. */
function testedDtypes() {
  const tested = new Map();
  for (const family of readdirSync(zoo)) {
    let bytes;
    try {
      bytes = readFileSync(new URL(`${family}/saved_model.pb`, zoo));
    } catch {
      continue;
    }
    for (const { graphDef } of fromBinary(SavedModelSchema, bytes).metaGraphs) {
      for (const node of [graphDef?.node ?? [], ...(graphDef?.library?.function ?? []).map((f) => f.nodeDef)].flat()) {
        const dtypes = tested.get(node.op) ?? new Set();
        tested.set(node.op, dtypes);
        const { value } = node.attr['T'] ?? node.attr['dtype'] ?? node.attr['SrcT'] ?? {};
        if (value?.case === 'type' && value.value !== DataType.DT_INVALID) dtypes.add(dataTypeName(value.value));
      }
    }
  }
  return tested;
}

/** The release that each op is in since, as the page has it; what is new comes with the version being worked on. */
function knownSince() {
  const since = new Map();
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (/^\d+\.\d+\.\d+$/.test(cells[5] ?? '')) since.set(cells[1], cells[5]);
  }
  return since;
}

const { version } = JSON.parse(readFileSync(new URL('packages/savedmodel/package.json', root), 'utf8'));
const since = knownSince();
const coverage = JSON.parse(readFileSync(new URL('zoo/op-coverage.json', root), 'utf8'));
const tested = testedDtypes();
const ops = knownOps();
const rows = ops.map(({ op, family, runs }) => {
  const dtypes = [...(tested.get(op) ?? [])].sort().join(', ');
  return `| ${op} | ${family} | ${where[runs]} | ${dtypes || (tested.has(op) ? 'fixed' : '')} | ${since.get(op) ?? version} |`;
});
// What the compiler takes without an entry is in the list of ops that a graph can carry all the same.
const known = new Set([...ops.map(({ op }) => op), ...coverage.resolvedBefore]);
const missing = coverage.inference.filter((op) => !known.has(op));
// TensorFlow Text registers ops of its own, which TensorFlow Serving's program is linked with.
const textOps = JSON.parse(readFileSync(new URL('zoo/text-ops.json', root), 'utf8'));
const missingText = textOps.ops.filter((op) => !known.has(op));
const others = Object.entries(coverage.other)
  .map(([kind, names]) => `${kind} (${names.length})`)
  .join(', ');
const text = `# Ops

The ${ops.length} ops of TensorFlow and TensorFlow Text that the compiler knows. *Engine*: compiled to ONNX. *Host*: run by JavaScript between
the parts that the engine runs. *Compiler*: resolved while compiling. *Checked dtypes* are the dtypes in which the op
stands in a model of [zoo/](../zoo), whose answers are compared with TensorFlow's; *fixed* means that the op has no choice
of dtype, nothing that no model of the zoo uses it. *Since*: the first version of @servable/savedmodel that has it. Calls of functions are no ops here, as their bodies stand in their
place: \`PartitionedCall\` and its kind, and TF-TRT's \`TRTEngineOp\`, whose native segment runs.

This page is written by \`npm run docs:ops\`.

| op | family | runs | checked dtypes | since |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## StableHLO

The modules of \`XlaCallModule\`, which JAX leaves in a SavedModel, may hold these ${knownHloOps().length} ops and calls, in any version of
VHLO since 0.9 ([why and how](decisions/0013-stablehlo-to-onnx.md)):

${knownHloOps()
  .map((op) => `\`${op}\``)
  .join(', ')}

## What is not here

TensorFlow ${coverage.tensorflow} registers kernels for the processor of ${coverage.inference.length} ops that an inference graph can
carry; the compiler takes ${coverage.inference.length - missing.length} of them. These ${missing.length} it refuses, by name, when a model is loaded:

${missing.map((op) => `\`${op}\``).join(', ')}

The others that TensorFlow has are those of ${others}. [zoo/op_coverage.py](../zoo/op_coverage.py) draws the line, and
zoo/op-coverage.json lists them.

Of the ${textOps.ops.length} ops that TensorFlow Text ${textOps.tensorflow_text} registers, the compiler takes ${textOps.ops.length - missingText.length}. These ${missingText.length} it refuses: ${missingText.map((op) => `\`${op}\``).join(', ')}.
`;
const formatted = await format(text, { ...(await resolveConfig(page)), parser: 'markdown' });
if (process.argv.includes('--check')) {
  const current = readFileSync(page, 'utf8');
  if (current !== formatted) {
    console.error('docs/ops.md is not what the code says: run npm run docs:ops');
    process.exit(1);
  }
} else {
  writeFileSync(page, formatted);
  console.log(`${ops.length} ops`);
}
