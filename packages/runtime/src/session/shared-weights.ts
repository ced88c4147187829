import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProto_DataLocation, type GraphProto, type TensorProto } from '@servable/protos/onnx';
import { WEIGHT_FILE_NAME, type WeightFile } from '@servable/savedmodel';
import type { Tensor } from '@servable/tensor';
import { addressOf } from '../native/address.js';
import { canMapFiles, MappedFile, sameBytes } from '../native/mapped-file.js';
import { ortEnv } from '../native/ort-env.js';
import type { Pointer } from '../native/ort-functions.js';
import { check } from '../native/ort-status.js';
import { createSession, releaseSession, type SessionLimits } from './create-session.js';
import type { ResolvedSessionOptions } from './session-options.js';
import { makeWeightFolder, removeWeightFolder, type PreparedWeights } from './with-weights.js';

/** Models with less are not worth the time that it takes to write them down once more. */
const LEAST_SHARED_BYTES = 16 * 1024 * 1024;
/** Initializers below this size are part of the model's bytes. */
const LEAST_EXTERNAL_BYTES = 64 * 1024;
/** What a session has to itself is copied up to this size, so that the file of what it shares can go. */
const MOST_COPIED_BYTES = 16 * 1024 * 1024;

const MODEL_FILE = 'optimized.onnx';
const DATA_FILE = 'optimized.data';

/** What weights lie in: a file, or a copy of the bytes of one weight. It stays until no weight in it is used. */
interface Memory {
  readonly file: MappedFile | undefined;
  readonly copy: Uint8Array | undefined;
  weights: number;
}

/** A weight that sessions use where it lies. */
interface SharedWeight {
  readonly address: Pointer;
  readonly byteLength: number;
  /** The `OrtValue` over it; dtype and dimensions are the same for all that use it. */
  readonly value: Pointer;
  readonly type: string;
  readonly memory: Memory;
  users: number;
}

/** A session, and the weights that it uses. */
export interface SharingSession {
  readonly address: Pointer;
  /** Gives up the weights; called when the session is gone. */
  readonly release: () => void;
}

/** What a session is made of. */
export interface SharingRequest {
  readonly model: Uint8Array;
  readonly options: ResolvedSessionOptions;
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Where the file of weights is that the model refers to. */
  readonly folder: string | undefined;
}

/** A model whose large initializers are used as they are. */
interface Written {
  readonly model: Uint8Array | string;
  readonly graph: GraphProto | undefined;
  /** Names of weights that the session has to itself. */
  readonly own?: ReadonlySet<string> | undefined;
  readonly options: ResolvedSessionOptions;
  readonly weightFolder?: string | undefined;
  /** The file that holds the initializers. */
  readonly data: string;
}

/**
 * Weights of one model, which its sessions share although they compute different things.
 *
 * Every large weight is given to the engine by address (`AddInitializer`), and equal bytes are one piece of memory: that of
 * the session that came first. What kernels pack for themselves goes into a container that the sessions share as well
 * (`CreateSessionWithPrepackedWeightsContainer`).
 *
 * While it optimizes a graph the engine puts the kernels of convolutions into blocks, which are weights that no one has
 * given to it. Sessions of which these are a good part are therefore made in two steps: the engine optimizes the model and
 * writes what has come out; then it makes a session of that as it is. Where they are few, each session has its own.
 */
export class SharedWeights {
  readonly #weights = new Map<string, SharedWeight[]>();
  #container: Pointer | undefined;
  #sessions = 0;

  /** Bytes of the weights that are in memory for the sessions, those that kernels have packed not counted. */
  get byteLength(): number {
    return [...this.#weights.values()].flat().reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Whether a session with these options and weights is worth it. */
  static async takes(
    { executionProviders, optimizedModelPath }: ResolvedSessionOptions,
    weights: WeightFile | PreparedWeights | undefined,
  ): Promise<boolean> {
    // Devices have copies of their own.
    if (!canMapFiles || executionProviders.length > 0 || optimizedModelPath !== undefined) return false;
    return (await sizeOf(weights)) >= LEAST_SHARED_BYTES;
  }

  /** Makes a session; `undefined` where there is no room for the files. @throws RuntimeError as `createSession` does */
  async create(request: SharingRequest, limits: SessionLimits): Promise<SharingSession | undefined> {
    const { model, options, initializers, folder: weightFolder } = request;
    const { graph } = fromBinary(ModelProtoSchema, model);
    if (graph === undefined || !isWorthRearranging(graph)) {
      if (weightFolder === undefined) return undefined;
      // Kernels that are not in blocks yet would stay in memory beside those that the engine makes of them.
      const own = graph && kernelsOfConvolutions(graph);
      return this.#open(
        { model, graph, own, options, weightFolder, data: join(weightFolder, WEIGHT_FILE_NAME) },
        limits,
      );
    }
    const folder = await makeWeightFolder();
    if (folder === undefined) return undefined;
    try {
      const path = join(folder, MODEL_FILE);
      const config = new Map(options.config)
        .set('session.optimized_model_external_initializers_file_name', DATA_FILE)
        .set('session.optimized_model_external_initializers_min_size_in_bytes', String(LEAST_EXTERNAL_BYTES))
        .set('session.disable_prepacking', '1');
      const optimizing = { ...options, config, optimizedModelPath: path };
      await releaseSession(await createSession(model, optimizing, initializers, limits, { folder: weightFolder }));
      const optimized = fromBinary(ModelProtoSchema, await readFile(path));
      const asItIs = { ...options, graphOptimizationLevel: 0 };
      const written = { model: path, graph: optimized.graph, options: asItIs, data: join(folder, DATA_FILE) };
      return await this.#open(written, limits);
    } finally {
      await removeWeightFolder(folder);
    }
  }

  async #open(
    { model, graph, own, options, weightFolder, data }: Written,
    limits: SessionLimits,
  ): Promise<SharingSession> {
    const used: SharedWeight[] = [];
    let isHeld = true;
    this.#sessions++;
    const release = () => {
      if (isHeld) this.#release(used);
      isHeld = false;
    };
    try {
      const values = new Map<string, Pointer>();
      const wanted = graph === undefined ? [] : largeInitializers(graph).filter(({ name }) => own?.has(name) !== true);
      if (wanted.length > 0) {
        const file = MappedFile.open(data);
        for (const [name, weight] of await this.#take(wanted, file, used)) values.set(name, weight.value);
      }
      const shared = { values, container: this.#containerNow() };
      const address = await createSession(model, options, new Map(), limits, { folder: weightFolder, shared });
      // What kernels have packed is not read any more; the rest comes back with the first request.
      for (const file of new Set(used.map(({ memory }) => memory.file))) file?.releasePages();
      return { address, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /**
   * Finds each weight among those in memory, or adds it.
   *
   * @param used - gets every weight that is held for the session
   */
  async #take(
    wanted: readonly LargeInitializer[],
    file: MappedFile,
    used: SharedWeight[],
  ): Promise<ReadonlyMap<string, SharedWeight>> {
    const found = new Map<string, SharedWeight>();
    const own: LargeInitializer[] = [];
    let memory: Memory | undefined;
    try {
      for (const initializer of wanted) {
        const weight = await this.#find(initializer, file.address + initializer.offset);
        file.releasePages(file.address + initializer.offset, initializer.byteLength);
        if (weight === undefined) {
          own.push(initializer);
          continue;
        }
        used.push(weight);
        found.set(initializer.name, weight);
      }
      const ownBytes = own.reduce((sum, { byteLength }) => sum + byteLength, 0);
      const isCopied = ownBytes < MOST_COPIED_BYTES && ownBytes < file.byteLength / 2;
      for (const initializer of own) {
        const from = file.address + initializer.offset;
        const weight = isCopied
          ? copyOf(initializer, from)
          : weightAt(initializer, from, (memory ??= { file, copy: undefined, weights: 0 }));
        this.#weights.set(weight.type, [...(this.#weights.get(weight.type) ?? []), weight]);
        used.push(weight);
        found.set(initializer.name, weight);
      }
      return found;
    } finally {
      if (memory === undefined || memory.weights === 0) file.unmap();
    }
  }

  /** A weight with the same bytes, held for the caller. */
  async #find({ type, byteLength }: LargeInitializer, address: Pointer): Promise<SharedWeight | undefined> {
    for (const weight of [...(this.#weights.get(type) ?? [])]) {
      // It must stay while it is compared.
      weight.users++;
      const isSame = await sameBytes(weight.address, address, byteLength);
      weight.memory.file?.releasePages(weight.address, byteLength);
      if (isSame) return weight;
      this.#drop(weight);
    }
    return undefined;
  }

  #containerNow(): Pointer {
    if (this.#container === undefined) {
      const { api } = ortEnv();
      const out = new BigUint64Array(1);
      check(api, api.CreatePrepackedWeightsContainer(out));
      this.#container = out[0] ?? 0n;
    }
    return this.#container;
  }

  #release(used: readonly SharedWeight[]): void {
    for (const weight of used) this.#drop(weight);
    if (--this.#sessions > 0 || this.#container === undefined) return;
    ortEnv().api.ReleasePrepackedWeightsContainer(this.#container);
    this.#container = undefined;
  }

  #drop(weight: SharedWeight): void {
    if (--weight.users > 0) return;
    const left = (this.#weights.get(weight.type) ?? []).filter((other) => other !== weight);
    if (left.length > 0) this.#weights.set(weight.type, left);
    else this.#weights.delete(weight.type);
    ortEnv().api.ReleaseValue(weight.value);
    if (--weight.memory.weights === 0) weight.memory.file?.unmap();
  }
}

/**
 * Whether the engine makes weights of its own (`onnxruntime/core/optimizer/nchwc_transformer.cc`) of so many of a graph's
 * that optimizing it ahead, which takes the time of making a session once more, spares much.
 */
function isWorthRearranging(graph: GraphProto): boolean {
  const kernels = kernelsOfConvolutions(graph);
  let [rearranged, all] = [0, 0];
  for (const { name, byteLength } of externalInitializers(graph)) {
    all += byteLength;
    if (kernels.has(name)) rearranged += byteLength;
  }
  return rearranged > all / 4;
}

function kernelsOfConvolutions(graph: GraphProto): ReadonlySet<string> {
  const nodes = [graph, ...subgraphsOf(graph)].flatMap(({ node }) => node.filter(({ opType }) => opType === 'Conv'));
  return new Set(nodes.flatMap(({ input }) => input.slice(1)));
}

/** An initializer that stands in the file of data. */
interface LargeInitializer {
  readonly name: string;
  readonly offset: bigint;
  readonly byteLength: number;
  readonly dataType: number;
  readonly dims: readonly bigint[];
  /** Dtype and dimensions. */
  readonly type: string;
}

function largeInitializers(graph: GraphProto): readonly LargeInitializer[] {
  // Values are given by name, and a subgraph may use one again.
  const inner = new Set(subgraphsOf(graph).flatMap(({ initializer }) => initializer.map(({ name }) => name)));
  return externalInitializers(graph).filter(({ name }) => !inner.has(name));
}

function externalInitializers(graph: GraphProto): readonly LargeInitializer[] {
  return graph.initializer
    .filter(({ dataLocation }) => dataLocation === TensorProto_DataLocation.EXTERNAL)
    .map(largeInitializer)
    .filter(({ byteLength }) => byteLength > 0);
}

function largeInitializer({ name, dims, dataType, externalData }: TensorProto): LargeInitializer {
  const entry = (wanted: string) => externalData.find(({ key }) => key === wanted)?.value ?? '0';
  return {
    name,
    offset: BigInt(entry('offset')),
    byteLength: Number(entry('length')),
    dataType,
    dims,
    type: `${dataType}[${dims.join()}]`,
  };
}

function subgraphsOf(graph: GraphProto): readonly GraphProto[] {
  return graph.node.flatMap(({ attribute }) =>
    attribute.flatMap(({ g, graphs }) =>
      [...(g === undefined ? [] : [g]), ...graphs].flatMap((each) => [each, ...subgraphsOf(each)]),
    ),
  );
}

function copyOf(initializer: LargeInitializer, from: Pointer): SharedWeight {
  const copy = new Uint8Array(initializer.byteLength);
  ortEnv().api.copyMemory(copy, from, copy.byteLength);
  return weightAt(initializer, addressOf(copy), { file: undefined, copy, weights: 0 });
}

function weightAt(
  { byteLength, dataType, dims, type }: LargeInitializer,
  address: Pointer,
  memory: Memory,
): SharedWeight {
  const { api, memoryInfo } = ortEnv();
  const out = new BigUint64Array(1);
  const shape = BigInt64Array.from([...dims, 0n]);
  check(
    api,
    // The numbers of element types are the same in models (TensorProto.DataType) and in the interface.
    api.CreateTensorWithDataAsOrtValue(memoryInfo, address, byteLength, shape, dims.length, dataType, out),
  );
  memory.weights++;
  return { address, byteLength, value: out[0] ?? 0n, type, memory, users: 1 };
}

async function sizeOf(weights: WeightFile | PreparedWeights | undefined): Promise<number> {
  if (weights === undefined) return 0;
  if ('weights' in weights) return weights.byteLength;
  return weights.folder === undefined ? 0 : (await stat(join(weights.folder, WEIGHT_FILE_NAME))).size;
}
