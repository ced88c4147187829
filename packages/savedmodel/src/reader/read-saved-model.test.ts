import { mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  AssetFileDefSchema,
  MetaGraphDefSchema,
  MetaGraphDef_MetaInfoDefSchema,
  SavedModelSchema,
  type AttrValue,
  type SavedModel as SavedModelProto,
} from '@servable/protos/tensorflow';
import { describe, expect, it } from 'vitest';
import { SavedModelError } from '../diagnostics/saved-model-error.js';
import { readSavedModel } from './read-saved-model.js';
import { described, expected, scratch, testdata, type ExpectedTensor } from './testing/testdata.js';

interface Expected {
  readonly variables: Readonly<Record<string, ExpectedTensor>>;
  readonly vocabulary: string;
}

async function failure(promise: Promise<unknown>): Promise<SavedModelError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SavedModelError);
  return error as SavedModelError;
}

/** Writes a SavedModel with one MetaGraph and the tag `serve`. */
async function writeModel(dir: string, init: MessageInitShape<typeof MetaGraphDefSchema>): Promise<void> {
  const metaGraph = create(MetaGraphDefSchema, init);
  metaGraph.metaInfoDef = create(MetaGraphDef_MetaInfoDefSchema, { tags: ['serve'] });
  const model = create(SavedModelSchema, { metaGraphs: [metaGraph] });
  await writeFile(join(dir, 'saved_model.pb'), toBinary(SavedModelSchema, model));
}

async function parsed(...path: string[]): Promise<SavedModelProto> {
  // Not a Buffer, whose views are Buffers too.
  const bytes = new Uint8Array(await readFile(testdata(...path, 'saved_model.pb')));
  return fromBinary(SavedModelSchema, bytes, { readUnknownFields: false });
}

/** Values of attributes by name, unknown fields aside. */
function values(attributes: Readonly<Record<string, AttrValue>> | undefined): Map<string, unknown> {
  const entries = Object.entries(attributes ?? {}).map(([name, { value }]) => [name, value] as const);
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The functions that attributes name. */
function named(attributes: Readonly<Record<string, AttrValue>>): string[] {
  return Object.values(attributes).flatMap(({ value }) => {
    if (value.case === 'func') return [value.value.name];
    return value.case === 'list' ? value.value.func.map((func) => func.name) : [];
  });
}

describe('an export of TensorFlow 2', () => {
  it('gives signatures, variables, assets, the initialiser and the objects', async () => {
    await using model = await readSavedModel(testdata('tf2'));
    const { variables, vocabulary } = await expected<Expected>('tf2');
    expect(model.dir).toBe(testdata('tf2'));
    expect(model.tags).toEqual(['serve']);
    expect([...model.signatureDefs.keys()].sort()).toEqual(['__saved_model_init_op', 'serving_default']);
    const inputs = model.signatureDefs.get('serving_default')!.inputs;
    expect(Object.keys(inputs)).toEqual(['words']);
    expect(model.initOp).toBe('NoOp');
    expect(model.assets.size).toBe(1);
    for (const path of model.assets.values()) expect(await readFile(path, 'utf8')).toBe(vocabulary);
    for (const [name, value] of Object.entries(variables)) {
      const key = `${name}/.ATTRIBUTES/VARIABLE_VALUE`;
      expect(described(await model.variables!.read(key)), key).toEqual(value);
    }
    const kinds = model.objectGraph!.nodes.map((node) => node.kind.case);
    expect(kinds.filter((kind) => kind === 'variable').length).toBe(Object.keys(variables).length);
    expect(kinds).toContain('asset');
  });

  it('parses the same MetaGraph as a parser of the whole file, without its unknown fields', async () => {
    await using model = await readSavedModel(testdata('tf2'));
    const [metaGraph] = (await parsed('tf2')).metaGraphs;
    for (const { name, op, input, attr } of metaGraph!.graphDef!.node) {
      const node = model.nodes.get(name);
      expect([node?.op, node?.input], name).toEqual([op, input]);
      expect(values(node?.attr), name).toEqual(values(attr));
    }
    expect(model.nodes.size).toBe(metaGraph!.graphDef!.node.length);
    for (const { signature, nodeDef, ret, controlRet, argAttr } of metaGraph!.graphDef!.library!.function) {
      const stored = model.functions.get(signature!.name)!;
      expect(stored.inputs.map(({ name, type, attr }) => [name, type, values(attr)])).toEqual(
        signature!.inputArg.map(({ name, type }, i) => [name, type, values(argAttr[i]?.attr)]),
      );
      expect(stored.outputs.map(({ name, type }) => [name, type])).toEqual(
        signature!.outputArg.map(({ name, type }) => [name, type]),
      );
      expect(Object.fromEntries(stored.returns)).toEqual(ret);
      expect([...stored.controlReturns].sort()).toEqual(Object.values(controlRet).sort());
      expect(
        [...stored.nodes.values()].map((node) => [node.name, node.op, node.input, values(node.attr), node.functions]),
      ).toEqual(nodeDef.map((node) => [node.name, node.op, node.input, values(node.attr), named(node.attr)]));
    }
    expect(model.metaGraph.saverDef!.restoreOpName).toBe(metaGraph!.saverDef!.restoreOpName);
  });

  it('keeps constants as views of the file, not as copies', async () => {
    await using model = await readSavedModel(testdata('tf2'));
    const contents = [...model.nodes.values()].flatMap((node) => {
      const value = node.attr['value']?.value;
      return value?.case === 'tensor' ? [...value.value.stringVal, value.value.tensorContent] : [];
    });
    const filled = contents.filter((content) => content.length > 0);
    const { length } = await readFile(testdata('tf2/saved_model.pb'));
    expect(filled.length).toBeGreaterThan(0);
    for (const content of filled) expect(content.buffer.byteLength).toBe(length);
  });
});

describe('an export of TensorFlow 1', () => {
  it('gives the collection of assets, the legacy initialiser and variables in parts', async () => {
    await using model = await readSavedModel(testdata('tf1'));
    const { variables, vocabulary } = await expected<Expected>('tf1');
    expect([...model.signatureDefs.keys()]).toEqual(['serving_default']);
    expect(model.initOp).toBe('legacy_init');
    expect([...model.assets.keys()]).toEqual(['vocabulary:0']);
    expect(await readFile(model.assets.get('vocabulary:0')!, 'utf8')).toBe(vocabulary);
    expect(model.objectGraph?.nodes ?? []).toEqual([]);
    const tensors = await model.variables!.readMany();
    expect([...tensors.keys()].sort()).toEqual(Object.keys(variables).sort());
    for (const [key, tensor] of tensors) expect(described(tensor), key).toEqual(variables[key]);
  });

  it('reads assets and init ops from where TensorFlow 1 alone wrote them', async () => {
    await using folder = await scratch();
    const asset = create(AssetFileDefSchema, {
      tensorInfo: { encoding: { case: 'name', value: 'path:0' } },
      filename: 'sub/words.txt',
    });
    await writeModel(folder.path, {
      collectionDef: {
        saved_model_assets: { kind: { case: 'anyList', value: { value: [anyPack(AssetFileDefSchema, asset)] } } },
        saved_model_main_op: { kind: { case: 'nodeList', value: { value: ['main'] } } },
        legacy_init_op: { kind: { case: 'nodeList', value: { value: ['legacy'] } } },
      },
    });
    await using model = await readSavedModel(folder.path);
    expect([...model.assets]).toEqual([['path:0', join(folder.path, 'assets/sub/words.txt')]]);
    expect(model.initOp).toBe('main');
    expect(model.variables).toBeUndefined();
  });
});

describe('choosing a MetaGraph', () => {
  it('takes the one with exactly the asked tags, in any order', async () => {
    await using second = await readSavedModel(testdata('tf1'), { tags: ['second', 'serve'] });
    expect([...second.signatureDefs.keys()]).toEqual(['only_second']);
    expect(second.initOp).toBe('second_main');
  });

  it.each([[['train']], [['second']], [[]], [['serve', 'second', 'gpu']]])(
    'has none for %j and lists those there are',
    async (tags) => {
      const error = await failure(readSavedModel(testdata('tf1'), { tags }));
      expect(error).toMatchObject({
        code: 'NOT_FOUND',
        reason: 'META_GRAPH_NOT_FOUND',
        file: testdata('tf1/saved_model.pb'),
      });
      expect(error.message).toBe(
        `Could not find meta graph def matching supplied tags: { ${tags.join(' ')} }. ` +
          'Available tag-sets in the SavedModel: { serve }, { serve second }',
      );
    },
  );
});

describe('a directory that is no SavedModel', () => {
  it('is not found, in the words of tensorflow_model_server', async () => {
    await using folder = await scratch();
    for (const dir of [folder.path, join(folder.path, 'absent')]) {
      expect(await failure(readSavedModel(dir))).toMatchObject({
        code: 'NOT_FOUND',
        reason: 'SAVED_MODEL_NOT_FOUND',
        message:
          'Specified file path does not appear to contain a SavedModel bundle (should have a file called `saved_model.pb`)\n' +
          `Specified file path: ${dir}`,
      });
    }
  });

  it.each([
    ['export.meta', 'SESSION_BUNDLE', 'Session Bundle is deprecated and removed.'],
    ['saved_model.pbtxt', 'TEXT_FORMAT', 'given the text form only'],
    ['saved_model.cpb', 'CHUNKED_FORMAT', 'given the chunked form'],
  ])('is not supported when it holds %s', async (name, reason, message) => {
    await using folder = await scratch();
    await writeFile(join(folder.path, name), '');
    const error = await failure(readSavedModel(folder.path));
    expect(error).toMatchObject({ code: 'UNIMPLEMENTED', reason });
    expect(error.message).toContain(message);
  });

  it('has a file that is no SavedModel', async () => {
    await using folder = await scratch();
    const file = join(folder.path, 'saved_model.pb');
    await writeFile(file, 'just some text');
    const error = await failure(readSavedModel(folder.path));
    expect(error).toMatchObject({ code: 'DATA_LOSS', reason: 'MALFORMED_PROTO', file });
    expect(error.message).toContain(`Can't parse ${file} as binary proto`);
    await writeFile(file, '');
    expect((await failure(readSavedModel(folder.path))).message).toContain(
      'Available tag-sets in the SavedModel: none',
    );
    await rm(file);
    await mkdir(file);
    expect(await failure(readSavedModel(folder.path))).toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'NOT_A_FILE',
    });
  });

  it('has a file that no protobuf can be in', async () => {
    await using folder = await scratch();
    const file = join(folder.path, 'saved_model.pb');
    await writeFile(file, '');
    await truncate(file, 2 ** 31);
    const error = await failure(readSavedModel(folder.path));
    expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'FILE_TOO_LARGE' });
    expect(error.message).toBe(`${file}: expected at most 2147483647 bytes, given 2147483648`);
  });

  it('has variables that are corrupt', async () => {
    await using folder = await scratch('tf2');
    const index = join(folder.path, 'variables/variables.index');
    await truncate(index, 100);
    expect(await failure(readSavedModel(folder.path))).toMatchObject({
      code: 'DATA_LOSS',
      reason: 'BAD_MAGIC',
      file: index,
    });
    await rename(join(folder.path, 'variables'), join(folder.path, 'elsewhere'));
    await using model = await readSavedModel(folder.path);
    expect(model.variables).toBeUndefined();
  });

  it('stops when its caller does', async () => {
    const options = { signal: AbortSignal.abort() };
    expect(await failure(readSavedModel(testdata('tf2'), options))).toMatchObject({ code: 'CANCELLED' });
    expect(await failure(readSavedModel(testdata('tf2'), { timeoutMs: 0 }))).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
  });
});

describe('models that cannot be trusted', () => {
  const asset = (filename: string) => ({
    tensorInfo: { encoding: { case: 'name' as const, value: 'path:0' } },
    filename,
  });

  it.each([
    '../secret',
    'a/../../secret',
    '/etc/passwd',
    '..\\secret',
    'C:\\secret',
    'C:secret',
    '',
    'a//b',
    '.',
    'a\0b',
  ])('may not name the asset file %j', async (filename) => {
    await using folder = await scratch();
    await writeModel(folder.path, { assetFileDef: [asset(filename)] });
    expect(await failure(readSavedModel(folder.path))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'ASSET_OUTSIDE',
    });
  });

  it.each<[string, MessageInitShape<typeof MetaGraphDefSchema>, string]>([
    ['an asset without a tensor', { assetFileDef: [{ filename: 'words.txt' }] }, 'expected the name of a tensor'],
    [
      'an asset that is something else',
      {
        collectionDef: { saved_model_assets: { kind: { case: 'anyList', value: { value: [{ typeUrl: 'x/y.Z' }] } } } },
      },
      'expected Any type_url for: tensorflow.AssetFileDef. Got: x/y.Z',
    ],
    [
      'two init ops',
      { collectionDef: { legacy_init_op: { kind: { case: 'nodeList', value: { value: ['a', 'b'] } } } } },
      'Expected exactly one main op in',
    ],
    [
      'an init op without its output',
      { signatureDef: { __saved_model_init_op: {} } },
      'Could not find output __saved_model_init_op',
    ],
  ])('may not have %s', async (_name, metaGraph, problem) => {
    await using folder = await scratch();
    await writeModel(folder.path, metaGraph);
    const error = await failure(readSavedModel(folder.path));
    expect(error.code).toBe('FAILED_PRECONDITION');
    expect(error.message).toContain(problem);
  });
});
