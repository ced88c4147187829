import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { type DType, rawDataSize, readRawData, type Tensor, writeRawData } from '@servable/tensor';

/** A message between the server and a model's process: a head that is small, and tensors. */
export interface Frame<H> {
  readonly head: H;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Why the tensors could not be read, of a frame that came. */
  readonly error?: Error | undefined;
}

/** What goes over the wire of a frame, as JSON. */
interface WireHead {
  readonly head: unknown;
  readonly tensors: readonly (readonly [alias: string, dtype: DType, shape: readonly number[], bytes: number])[];
}

/** Length of the head as a uint32, then of the tensors in six bytes; both little-endian. */
const prefixBytes = 10;
/** Every tensor begins at a multiple of it, so that typed arrays can be views. */
const alignment = 8;
/** A head is aliases, shapes and a text or two: more comes from a process that has gone wrong. */
const maxHeadBytes = 64 * 1024 ** 2;

/**
 * Writes a frame. Numbers go from where they lie: they must not change until the other end has answered.
 */
export function writeFrame(stream: Duplex, { head, tensors }: Frame<unknown>): void {
  const described: WireHead['tensors'][number][] = [];
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const [alias, tensor] of tensors) {
    const data = rawBytes(tensor);
    const padding = paddingAfter(data.length);
    described.push([alias, tensor.dtype, tensor.shape, data.length]);
    parts.push(data, new Uint8Array(padding));
    bytes += data.length + padding;
  }
  const json = Buffer.from(JSON.stringify({ head, tensors: described } satisfies WireHead));
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32LE(json.length, 0);
  prefix.writeUIntLE(bytes, 4, 6);
  stream.cork();
  stream.write(prefix);
  stream.write(json);
  for (const part of parts) if (part.length > 0) stream.write(part);
  stream.uncork();
}

function rawBytes(tensor: Tensor): Uint8Array {
  if (tensor.dtype !== 'string') {
    const { buffer, byteOffset, byteLength } = tensor.data as Uint8Array;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  const bytes = new Uint8Array(rawDataSize(tensor));
  writeRawData(bytes, 0, tensor);
  return bytes;
}

function paddingAfter(bytes: number): number {
  return (alignment - (bytes % alignment)) % alignment;
}

/** Puts frames together from the pieces in which they come; the tensors of one are views of one buffer of its own. */
export class FrameReader<H> {
  readonly #onFrame: (frame: Frame<H>) => void;
  #part: 'prefix' | 'head' | 'tensors' = 'prefix';
  #target: Uint8Array = new Uint8Array(prefixBytes);
  #filled = 0;
  #tensorBytes = 0;
  #wire: WireHead = { head: undefined, tensors: [] };

  constructor(onFrame: (frame: Frame<H>) => void) {
    this.#onFrame = onFrame;
  }

  /**
   * Takes what came; it may be written over afterwards.
   *
   * @throws Error for bytes that are no frame: nothing can be read after them
   */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      const count = Math.min(chunk.length - at, this.#target.length - this.#filled);
      this.#target.set(chunk.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      while (this.#filled === this.#target.length) this.#advance();
    }
  }

  #advance(): void {
    const done = Buffer.from(this.#target.buffer, this.#target.byteOffset, this.#target.length);
    switch (this.#part) {
      case 'prefix': {
        const headBytes = done.readUInt32LE(0);
        if (headBytes > maxHeadBytes) throw new Error(`A head of ${headBytes} bytes is no head`);
        this.#tensorBytes = done.readUIntLE(4, 6);
        return this.#expect('head', headBytes);
      }
      case 'head':
        this.#wire = JSON.parse(done.toString()) as WireHead;
        return this.#expect('tensors', this.#tensorBytes);
      case 'tensors': {
        const { head, tensors } = this.#wire;
        this.#expect('prefix', prefixBytes);
        this.#onFrame({ head: head as H, ...readTensors(tensors, new Uint8Array(done.buffer)) });
      }
    }
  }

  #expect(part: 'prefix' | 'head' | 'tensors', bytes: number): void {
    this.#part = part;
    // Of its own, as typed arrays are views on it from its beginning.
    this.#target = Buffer.allocUnsafeSlow(bytes);
    this.#filled = 0;
  }
}

/** Bytes that are no tensor of the dtype and shape that they come with spoil their own frame only. */
function readTensors(described: WireHead['tensors'], bytes: Uint8Array): Omit<Frame<unknown>, 'head'> {
  const tensors = new Map<string, Tensor>();
  let start = 0;
  try {
    for (const [alias, dtype, shape, length] of described) {
      tensors.set(alias, readRawData(dtype, shape, bytes.subarray(start, start + length)));
      start += length + paddingAfter(length);
    }
    return { tensors };
  } catch (error) {
    return { tensors: new Map(), error: error as Error };
  }
}
