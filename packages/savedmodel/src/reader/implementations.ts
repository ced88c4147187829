import { fromBinary } from '@bufbuild/protobuf';
import { AttrValueSchema } from '@servable/protos/tensorflow';
import { messagesOf, textOf } from './message-parts.js';
import { readMapEntry } from './stored-node.js';

/** The field number of `FunctionDef.attr` (`tensorflow/core/framework/function.proto`). */
const ATTR = 5;
const INTERFACE = 'api_implements';
/** What the processor is called as a preferred device. */
const PROCESSOR = 'CPU';

/** One implementation of an interface of which there are several, each for a kind of device. */
interface Implementation {
  readonly name: string;
  readonly interface: string;
  readonly device: string;
  /** Implementations stand for each other among those for inference, and of each pass of training. */
  readonly pass: 'inference' | 'forward' | 'backward';
}

/**
 * Which of the functions that implement one interface runs: on a processor, one that prefers it takes the place of those
 * that do not (upstream tensorflow/core/grappler/optimizers/implementation_selector.cc, which TensorFlow applies to every
 * function that it instantiates). Exporters write a call of the general implementation and leave the others beside it.
 */
export class Implementations {
  readonly #byName = new Map<string, Implementation>();

  /** @param functions - serialised `FunctionDef`s by name */
  constructor(functions: ReadonlyMap<string, Uint8Array>) {
    for (const [name, bytes] of functions) {
      const found = mayImplement(bytes) ? readImplementation(name, bytes) : undefined;
      if (found !== undefined) this.#byName.set(name, found);
    }
  }

  /** The name of the function that runs where `name` is called. */
  chosen(name: string): string {
    const called = this.#byName.get(name);
    if (called === undefined || called.device === PROCESSOR) return name;
    for (const other of this.#byName.values()) {
      const equivalent = other.interface === called.interface && other.pass === called.pass;
      if (equivalent && other.device === PROCESSOR) return other.name;
    }
    return name;
  }
}

/** Whether a function's bytes hold the attribute's name, perhaps for another reason. */
export function mayImplement({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
  return Buffer.from(buffer, byteOffset, byteLength).includes(INTERFACE);
}

function readImplementation(name: string, bytes: Uint8Array): Implementation | undefined {
  const attributes = new Map(messagesOf(bytes, ATTR).map(readMapEntry));
  const textAt = (key: string) => {
    const written = attributes.get(key);
    const value = written && fromBinary(AttrValueSchema, written).value;
    return value?.case === 's' ? textOf(value.value) : '';
  };
  const implemented = textAt(INTERFACE);
  if (implemented === '') return undefined;
  const pass = attributes.has('forward_function_name')
    ? 'backward'
    : attributes.has('backward_function_name')
      ? 'forward'
      : 'inference';
  return { name, interface: implemented, device: textAt('api_preferred_device'), pass };
}
