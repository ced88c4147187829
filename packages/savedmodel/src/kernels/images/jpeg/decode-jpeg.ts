import type { DecodedImage } from '../decoded-image.js';
import { EntropyDecoder, HuffmanTable, ZIGZAG } from './entropy-decoder.js';
import { inverseDct, levelOf, multipliers } from './inverse-dct.js';
import { badJpeg } from './jpeg-error.js';
import { ceilDiv, readFrame, uint16, type Component, type Frame } from './jpeg-frame.js';
import type { JpegOptions } from './jpeg-options.js';
import { renderFrame } from './render-frame.js';

/** A component as one scan has it. */
interface Member {
  readonly component: Component;
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
}

/** What of the coefficients a progressive scan brings. */
interface Band {
  readonly from: number;
  readonly to: number;
  readonly high: number;
  readonly low: number;
}

/**
 * Decodes a JPEG to the very pixels that TensorFlow gives: sequential and progressive, 8 bits, one to four components.
 *
 * @throws SavedModelError INVALID_ARGUMENT for what is no JPEG, is cut short or is of a kind that is not supported
 */
export function decodeJpeg(data: Uint8Array, options: JpegOptions): DecodedImage {
  return new JpegDecoder(data, options).decode();
}

class JpegDecoder {
  private at = 2;
  private frame: Frame | undefined;
  private readonly tables: (Uint16Array | undefined)[] = [];
  private readonly dc: (HuffmanTable | undefined)[] = [];
  private readonly ac: (HuffmanTable | undefined)[] = [];
  private restartInterval = 0;
  private jfif = false;
  private adobeTransform: number | undefined;
  private scans = 0;

  constructor(
    private readonly data: Uint8Array,
    private readonly options: JpegOptions,
  ) {}

  decode(): DecodedImage {
    const { data } = this;
    if (data[0] !== 0xff || data[1] !== 0xd8) throw badJpeg('it does not start as a JPEG');
    for (;;) {
      const marker = this.nextMarker();
      if (marker === undefined || marker === 0xd9) {
        const complete = this.frame !== undefined && this.scans > 0;
        // A sequential image is complete with its scan; a progressive one needs its end to be told so.
        if (
          !complete ||
          (marker === undefined && this.frame?.progressive === true && !this.options.tryRecoverTruncated)
        ) {
          throw badJpeg('it ends before its image does');
        }
        break;
      }
      if (marker === 0xda) {
        this.readScan();
        if (this.frame?.progressive === false && this.frame.components.every((c) => c.quantization !== undefined))
          break;
        continue;
      }
      this.readSegment(marker);
    }
    const { jfif, adobeTransform, options } = this;
    const frame = this.frame as Frame;
    this.transformCoefficients(frame);
    return renderFrame(frame, { jfif, adobeTransform }, options);
  }

  private nextMarker(): number | undefined {
    const { data } = this;
    for (;;) {
      while (this.at < data.length && data[this.at] !== 0xff) this.at++;
      while (this.at < data.length && data[this.at] === 0xff) this.at++;
      if (this.at >= data.length) return undefined;
      const marker = data[this.at++]!;
      if (marker !== 0) return marker;
    }
  }

  /** The body of the segment at the position. */
  private segment(): Uint8Array {
    const length = uint16(this.data, this.at);
    if (length < 2 || this.at + length > this.data.length) throw badJpeg('a segment is longer than the data');
    const body = this.data.subarray(this.at + 2, this.at + length);
    this.at += length;
    return body;
  }

  private readSegment(marker: number): void {
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) return;
    if (marker === 0xd8) throw badJpeg('it starts twice');
    const body = this.segment();
    if (marker === 0xe0) this.jfif ||= startsWith(body, 'JFIF\0') && body.length >= 14;
    else if (marker === 0xee && startsWith(body, 'Adobe') && body.length >= 12) this.adobeTransform = body[11];
    else if (marker === 0xdb) this.readQuantization(body);
    else if (marker === 0xc4) this.readHuffman(body);
    else if (marker === 0xdd) this.restartInterval = uint16(body, 0);
    else if (marker >= 0xc0 && marker <= 0xc2) {
      if (this.frame !== undefined) throw badJpeg('it has two frames');
      this.frame = readFrame(body, marker === 0xc2, this.options.ratio);
    } else if (marker >= 0xc3 && marker <= 0xcf && marker !== 0xc8 && marker !== 0xcc) {
      throw badJpeg(`its coding process (SOF${marker - 0xc0}) is not supported`);
    }
  }

  private readQuantization(body: Uint8Array): void {
    for (let at = 0; at < body.length;) {
      const head = body[at++]!;
      const wide = head >> 4 !== 0;
      const slot = head & 15;
      if (slot > 3) throw badJpeg('a quantization table has a number above 3');
      const table = new Uint16Array(64);
      for (let k = 0; k < 64; k++, at += wide ? 2 : 1) {
        const value = wide ? uint16(body, at) : body[at];
        if (value === undefined) throw badJpeg('a quantization table is cut short');
        table[ZIGZAG[k]!] = value;
      }
      this.tables[slot] = table;
    }
  }

  private readHuffman(body: Uint8Array): void {
    for (let at = 0; at < body.length;) {
      const head = body[at]!;
      const counts = body.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (counts.length < 16 || total > 256 || at + 17 + total > body.length)
        throw badJpeg('a Huffman table is cut short');
      const table = new HuffmanTable(counts, body.subarray(at + 17, at + 17 + total));
      if ((head & 15) > 3) throw badJpeg('a Huffman table has a number above 3');
      (head >> 4 === 0 ? this.dc : this.ac)[head & 15] = table;
      at += 17 + total;
    }
  }

  private readScan(): void {
    const { frame } = this;
    if (frame === undefined) throw badJpeg('a scan stands before the frame');
    const body = this.segment();
    const count = body[0] ?? 0;
    if (count < 1 || count > 4 || body.length !== 4 + count * 2) throw badJpeg('a scan has a bad header');
    const members = Array.from({ length: count }, (_, i) => {
      const component = frame.components.find(({ id }) => id === body[1 + i * 2]);
      if (component === undefined) throw badJpeg('a scan is of a component that is not there');
      const tables = body[2 + i * 2]!;
      return { component, dc: this.dc[tables >> 4], ac: this.ac[tables & 15] };
    });
    const [from = 0, to = 0, approximation = 0] = body.subarray(1 + count * 2);
    const [high, low] = [approximation >> 4, approximation & 15];
    if (
      frame.progressive &&
      (from > to || to > 63 || (from > 0 && count > 1) || (from === 0 && to !== 0) || low > 13)
    ) {
      throw badJpeg('a scan has bad progression parameters');
    }
    for (const { component } of members) {
      component.predictor = 0;
      if (component.quantization !== undefined) continue;
      const table = this.tables[component.table];
      if (table === undefined) throw badJpeg(`quantization table ${component.table} is missing`);
      component.quantization = multipliers(table, this.options.dctMethod, component.size);
    }
    this.scans++;
    const decoder = new EntropyDecoder(this.data, this.at, this.options.tryRecoverTruncated);
    const band = { from, to, high, low };
    this.overUnits(frame, members, decoder, (member, x, y, skip) => {
      if (frame.progressive) {
        if (!skip) this.progressiveBlock(decoder, member, x, y, band);
      } else {
        this.sequentialBlock(decoder, member, x, y, skip);
      }
    });
    this.at = decoder.position;
  }

  private overUnits(
    frame: Frame,
    members: readonly Member[],
    decoder: EntropyDecoder,
    decodeBlock: (member: Member, x: number, y: number, skip: boolean) => void,
  ): void {
    const [only] = members;
    const single = members.length === 1 && only !== undefined ? only.component : undefined;
    const { size = 8 } = single ?? {};
    const across = single ? ceilDiv(single.width, size) : ceilDiv(frame.width, 8 * frame.maxH);
    const down = single ? ceilDiv(single.height, size) : ceilDiv(frame.height, 8 * frame.maxV);
    let untilRestart = this.restartInterval;
    for (let y = 0; y < down; y++) {
      for (let x = 0; x < across; x++) {
        if (this.restartInterval > 0 && untilRestart === 0) {
          decoder.restart();
          for (const { component } of members) component.predictor = 0;
          untilRestart = this.restartInterval;
        }
        untilRestart--;
        // When the data has run out, what follows keeps its zeros: a uniform grey.
        const skip = decoder.exhausted;
        if (skip && frame.progressive && this.restartInterval === 0) return;
        for (const member of members) {
          const { h, v } = single ? { h: 1, v: 1 } : member.component;
          for (let row = 0; row < v; row++) {
            for (let column = 0; column < h; column++) decodeBlock(member, x * h + column, y * v + row, skip);
          }
        }
      }
    }
  }

  private readonly block = new Int16Array(64);

  private sequentialBlock(
    decoder: EntropyDecoder,
    { component, dc, ac }: Member,
    x: number,
    y: number,
    skip: boolean,
  ): void {
    const { block } = this;
    block.fill(0);
    if (dc === undefined || ac === undefined) throw badJpeg('a Huffman table is missing');
    if (!skip) {
      component.predictor = decoder.sequentialBlock(block, dc, ac, component.predictor);
      if (decoder.lastCoefficient === 0 && component.size === 8) {
        this.fillBlock(component, block[0]!, x, y);
        return;
      }
    }
    this.transform(component, block, 0, x, y);
  }

  private progressiveBlock(
    decoder: EntropyDecoder,
    { component, dc, ac }: Member,
    x: number,
    y: number,
    { from, to, high, low }: Band,
  ): void {
    const at = (y * component.blocksAcross + x) * 64;
    const blocks = component.coefficients as Int16Array;
    if (from === 0) {
      if (high > 0) return decoder.dcRefine(blocks, at, low);
      if (dc === undefined) throw badJpeg('a Huffman table is missing');
      component.predictor = decoder.dcFirst(blocks, at, dc, component.predictor, low);
      return;
    }
    if (ac === undefined) throw badJpeg('a Huffman table is missing');
    if (high > 0) decoder.acRefine(blocks, at, ac, from, to, low);
    else decoder.acFirst(blocks, at, ac, from, to, low);
  }

  private transform(component: Component, block: Int16Array, start: number, x: number, y: number): void {
    const { size, blocksAcross, pixels, quantization } = component;
    const stride = blocksAcross * size;
    const write = inverseDct(this.options.dctMethod, size);
    write(block, start, quantization as Int32Array, pixels, y * size * stride + x * size, stride);
  }

  /** The transform of a block that is all of one colour. */
  private fillBlock({ blocksAcross, pixels, quantization }: Component, dc: number, x: number, y: number): void {
    const stride = blocksAcross * 8;
    const level = levelOf(this.options.dctMethod, dc * (quantization as Int32Array)[0]!);
    for (let row = 0, at = y * 8 * stride + x * 8; row < 8; row++, at += stride) pixels.fill(level, at, at + 8);
  }

  /** A progressive frame's samples; a sequential one has them already. */
  private transformCoefficients(frame: Frame): void {
    for (const component of frame.components) {
      const { coefficients } = component;
      if (coefficients === undefined) continue;
      if (component.quantization === undefined) throw badJpeg('a component is in no scan');
      for (let y = 0; y < component.blocksDown; y++) {
        for (let x = 0; x < component.blocksAcross; x++) {
          this.transform(component, coefficients, (y * component.blocksAcross + x) * 64, x, y);
        }
      }
    }
  }
}

function startsWith(body: Uint8Array, text: string): boolean {
  return Array.from(text).every((char, i) => body[i] === char.charCodeAt(0));
}
