import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { SignatureDefSchema } from '@servable/protos/tensorflow';
import type { NativeIsland, OutputWork, Plan, PlanStep, SignatureTensor } from '@servable/savedmodel';
import { Tensor, type DType } from '@servable/tensor';
import type { PreparedIsland, PreparedPlan, SharedIsland } from '../plan/prepared-plan.js';

/** A tensor as plain data. */
interface TensorMessage {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: NodeJS.TypedArray | readonly Uint8Array[];
}

/** A native island as plain data, with its weights where the engine finds them. */
interface PreparedIslandMessage {
  readonly model: Uint8Array;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly folder: string | undefined;
  readonly initializers: ReadonlyMap<string, TensorMessage>;
  readonly origins: PreparedIsland['origins'];
}

export type IslandMessage = PreparedIslandMessage | SharedIsland;

/** A plan of native islands as plain data. */
export interface PlanMessage {
  readonly signatureName: string;
  readonly signatureDef: Uint8Array;
  readonly inputs: readonly SignatureTensor[];
  readonly outputs: readonly SignatureTensor[];
  readonly constants: ReadonlyMap<string, TensorMessage>;
  readonly islands: readonly IslandMessage[];
  readonly effects: readonly string[];
  readonly variables: ReadonlyMap<string, TensorMessage | undefined>;
  readonly work: readonly OutputWork[];
}

/** The islands of a plan that holds no functions; `undefined` for a plan with host steps, branches or loops of its own. */
export function onlyIslands({ steps }: Plan): readonly NativeIsland[] | undefined {
  const islands = steps.filter((step) => step.kind === 'native');
  return islands.length === steps.length ? islands : undefined;
}

/** All islands of a plan, with those in bodies of its branches and loops. */
export function allIslands(steps: readonly PlanStep[]): readonly NativeIsland[] {
  return steps.flatMap((step) => {
    switch (step.kind) {
      case 'native':
        return [step];
      case 'host':
        return [];
      case 'loop':
        return allIslands(step.body.steps);
      case 'if':
        return [...allIslands(step.whenTrue.steps), ...allIslands(step.whenFalse.steps)];
    }
  });
}

/**
 * Takes a plan apart.
 *
 * @param islands - its steps, with their weights written
 * @returns the message and the memory that goes over with it; what is not all of its buffer is copied
 */
export function planToMessage(
  plan: Plan,
  islands: readonly (PreparedIsland | SharedIsland)[],
): { readonly message: PlanMessage; readonly transfer: ArrayBuffer[] } {
  const sender = new Sender();
  const tensor = (value: Tensor) => sender.tensor(value);
  const message: PlanMessage = {
    signatureName: plan.signatureName,
    signatureDef: toBinary(SignatureDefSchema, plan.signatureDef),
    inputs: plan.inputs,
    outputs: plan.outputs,
    constants: mapValues(plan.constants, tensor),
    islands: islands.map((island) => sender.island(island)),
    effects: plan.effects ?? [],
    variables: mapValues(plan.variables ?? new Map<string, Tensor>(), (value) => value && tensor(value)),
    work: plan.work ?? [],
  };
  return { message, transfer: sender.transfer };
}

/** Takes islands apart, as {@link planToMessage} does. */
export function islandsToMessages(islands: readonly PreparedIsland[]): {
  readonly messages: readonly IslandMessage[];
  readonly transfer: ArrayBuffer[];
} {
  const sender = new Sender();
  return { messages: islands.map((island) => sender.island(island)), transfer: sender.transfer };
}

/** The islands again. */
export function islandsFromMessages(messages: readonly IslandMessage[]): readonly PreparedIsland[] {
  return messages.map(islandFromMessage).filter((island): island is PreparedIsland => !('shared' in island));
}

/** Makes plain data of what a plan holds, and keeps a list of the memory that goes over with it. */
class Sender {
  readonly #memory = new Set<ArrayBuffer>();

  get transfer(): ArrayBuffer[] {
    return [...this.#memory];
  }

  island(island: PreparedIsland | SharedIsland): IslandMessage {
    if ('shared' in island) return island;
    const { model, inputs, outputs, weights, origins } = island;
    const initializers = mapValues(weights.initializers, (value) => this.tensor(value));
    return { model: this.#own(model), inputs, outputs, folder: weights.folder, initializers, origins };
  }

  tensor({ dtype, shape, data }: Tensor): TensorMessage {
    return { dtype, shape, data: ArrayBuffer.isView(data) ? this.#own(data) : data.map((text) => text.slice()) };
  }

  #own<T extends NodeJS.TypedArray>(view: T): T {
    // A clone of a view is a clone of the whole buffer below it.
    const isWhole = view.buffer instanceof ArrayBuffer && view.byteLength === view.buffer.byteLength;
    const whole = isWhole ? view : (view.slice() as T);
    this.#memory.add(whole.buffer as ArrayBuffer);
    return whole;
  }
}

/** The plan again. */
export function planFromMessage(message: PlanMessage): PreparedPlan {
  const { signatureName, inputs, outputs, effects } = message;
  return {
    signatureName,
    signatureDef: fromBinary(SignatureDefSchema, message.signatureDef),
    inputs,
    outputs,
    constants: mapValues(message.constants, tensorFromMessage),
    steps: message.islands.map(islandFromMessage),
    effects,
    variables: mapValues(message.variables, (value) => value && tensorFromMessage(value)),
    work: message.work,
  };
}

function islandFromMessage(island: IslandMessage): PreparedIsland | SharedIsland {
  if ('shared' in island) return island;
  const { model, inputs, outputs, folder, initializers, origins } = island;
  const weights = { folder, initializers: mapValues(initializers, tensorFromMessage) };
  return { kind: 'native', model, inputs, outputs, weights, origins };
}

function tensorFromMessage({ dtype, shape, data }: TensorMessage): Tensor {
  return new Tensor<DType>(dtype, shape, data as never);
}

function mapValues<A, B>(map: ReadonlyMap<string, A>, change: (value: A) => B): Map<string, B> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}
