import type { Tensor } from '@servable/tensor';
import { invalidRequest } from '../elements.js';
import { ZIGZAG } from './jpeg/entropy-decoder.js';

/** The attributes of TensorFlow's EncodeJpeg that are supported. */
export interface JpegEncoding {
  /** `grayscale`, `rgb`, or empty to take it from the channels. */
  readonly format: string;
  readonly quality: number;
  readonly chromaDownsampling: boolean;
  /** 1 per inch, 2 per centimetre. */
  readonly densityUnit: number;
  readonly xDensity: number;
  readonly yDensity: number;
}

/** Quantization of light and colour at quality 50, row by row (ITU-T T.81, annex K). */
const LIGHT = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];
const COLOUR = [
  17,
  18,
  24,
  47,
  99,
  99,
  99,
  99,
  18,
  21,
  26,
  66,
  99,
  99,
  99,
  99,
  24,
  26,
  56,
  99,
  99,
  99,
  99,
  99,
  47,
  66,
  99,
  99,
  99,
  99,
  99,
  99,
  ...new Array<number>(32).fill(99),
];

interface Code {
  readonly counts: readonly number[];
  readonly symbols: readonly number[];
}

/** The usual Huffman tables of the same annex: light and colour, DC and AC. */
const DC_LIGHT: Code = {
  counts: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
  symbols: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};
const DC_COLOUR: Code = {
  counts: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
  symbols: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};
const hex = (text: string) => Array.from(text.matchAll(/../g), ([pair]) => Number.parseInt(pair, 16));
const AC_LIGHT: Code = {
  counts: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
  symbols: hex(
    '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a43' +
      '4445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2' +
      'b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
  ),
};
const AC_COLOUR: Code = {
  counts: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
  symbols: hex(
    '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a43' +
      '4445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aa' +
      'b2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
  ),
};

/** Code and length by symbol. */
function codesOf({ counts, symbols }: Code): { readonly code: Uint16Array; readonly length: Uint8Array } {
  const [code, length] = [new Uint16Array(256), new Uint8Array(256)];
  let next = 0;
  let index = 0;
  counts.forEach((count, i) => {
    for (let k = 0; k < count; k++, index++, next++) {
      code[symbols[index]!] = next;
      length[symbols[index]!] = i + 1;
    }
    next <<= 1;
  });
  return { code, length };
}

/** Bytes of a file that grows. */
class Writer {
  private bytes = new Uint8Array(4096);
  private size = 0;
  private bits = 0;
  private count = 0;

  byte(...values: readonly number[]): void {
    for (const value of values) {
      if (this.size === this.bytes.length) {
        const grown = new Uint8Array(this.size * 2);
        grown.set(this.bytes);
        this.bytes = grown;
      }
      this.bytes[this.size++] = value;
    }
  }

  segment(marker: number, body: readonly number[]): void {
    this.byte(0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255, ...body);
  }

  put(value: number, length: number): void {
    this.bits = (this.bits << length) | (value & ((1 << length) - 1));
    this.count += length;
    while (this.count >= 8) {
      const byte = (this.bits >>> (this.count - 8)) & 255;
      this.byte(byte);
      if (byte === 255) this.byte(0);
      this.count -= 8;
    }
  }

  finish(): Uint8Array {
    if (this.count > 0) this.put(127, 7);
    this.count = 0;
    this.byte(0xff, 0xd9);
    return this.bytes.slice(0, this.size);
  }
}

interface Component {
  readonly samples: Uint8Array;
  readonly stride: number;
  readonly sampling: number;
  readonly table: 0 | 1;
  predictor: number;
}

/** Encodes one `[height, width, 1 or 3]` image to the bytes that TensorFlow's libjpeg-turbo writes. */
export function encodeJpeg(image: Tensor, options: JpegEncoding): Uint8Array {
  const [height = 0, width = 0, channels = 0] = image.shape;
  const { quality, format } = options;
  const expected = format === 'grayscale' ? [1] : format === 'rgb' ? [3] : [1, 3];
  if (
    image.rank !== 3 ||
    height === 0 ||
    width === 0 ||
    height > 65535 ||
    width > 65535 ||
    !expected.includes(channels)
  ) {
    throw invalidRequest(
      'BAD_IMAGE',
      `expected an image [height, width, ${expected.join(' or ')}], got [${image.shape.join(', ')}]`,
    );
  }
  if (!(quality >= 0 && quality <= 100))
    throw invalidRequest('BAD_QUALITY', `quality must be in [0,100], got ${quality}`);
  const halved = channels === 3 && options.chromaDownsampling;
  const components = componentsOf(image.data as Uint8Array, width, height, channels, halved);
  const scale = quality <= 0 ? 5000 : quality < 50 ? Math.trunc(5000 / quality) : 200 - quality * 2;
  const tables = [LIGHT, COLOUR].map((table) =>
    table.map((value) => Math.min(Math.max(Math.trunc((value * scale + 50) / 100), 1), 255)),
  );
  const writer = new Writer();
  writer.byte(0xff, 0xd8);
  const { densityUnit, xDensity, yDensity } = options;
  const jfif = [
    0x4a,
    0x46,
    0x49,
    0x46,
    0,
    1,
    1,
    densityUnit,
    xDensity >> 8,
    xDensity & 255,
    yDensity >> 8,
    yDensity & 255,
  ];
  writer.segment(0xe0, [...jfif, 0, 0]);
  const used = channels === 1 ? 1 : 2;
  for (let i = 0; i < used; i++) {
    writer.segment(0xdb, [i, ...Array.from(ZIGZAG.subarray(0, 64), (place) => tables[i]![place]!)]);
  }
  writer.segment(0xc0, [
    8,
    height >> 8,
    height & 255,
    width >> 8,
    width & 255,
    channels,
    ...components.flatMap(({ sampling, table }, i) => [i + 1, sampling * 17, table]),
  ]);
  const codes = [
    [DC_LIGHT, AC_LIGHT],
    [DC_COLOUR, AC_COLOUR],
  ] as const;
  for (let i = 0; i < used; i++) {
    codes[i]!.forEach(({ counts, symbols }, kind) => writer.segment(0xc4, [(kind << 4) | i, ...counts, ...symbols]));
  }
  writer.segment(0xda, [channels, ...components.flatMap(({ table }, i) => [i + 1, table * 17]), 0, 63, 0]);
  const encoders = codes.map(([dc, ac]) => ({ dc: codesOf(dc), ac: codesOf(ac) }));
  const unit = halved ? 16 : 8;
  for (let y = 0; y < height; y += unit) {
    for (let x = 0; x < width; x += unit) {
      for (const component of components) {
        const { sampling, samples, stride, table } = component;
        const [left, top] = [(x / unit) * sampling * 8, (y / unit) * sampling * 8];
        for (let row = 0; row < sampling; row++) {
          for (let column = 0; column < sampling; column++) {
            // Blocks wholly outside the image repeat the mean of the one before and nothing else (jccoefct.c).
            if (sampling > 1 && (left + column * 8 >= width || top + row * 8 >= height)) {
              block.fill(0);
              block[0] = component.predictor;
            } else transform(samples, (top + row * 8) * stride + left + column * 8, stride, tables[table]!);
            component.predictor = writeBlock(writer, encoders[table]!, component.predictor);
          }
        }
      }
    }
  }
  return writer.finish();
}

/** Light and colours (jccolor.c), each padded to whole units by its last row and column. */
function componentsOf(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: number,
  halved: boolean,
): Component[] {
  const unit = halved ? 16 : 8;
  const stride = Math.ceil(width / unit) * unit;
  const rows = Math.ceil(height / unit) * unit;
  const planes = Array.from({ length: channels }, () => new Uint8Array(stride * rows));
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < stride; x++) {
      const from = (Math.min(y, height - 1) * width + Math.min(x, width - 1)) * channels;
      const to = y * stride + x;
      if (channels === 1) {
        planes[0]![to] = pixels[from]!;
        continue;
      }
      const [r, g, b] = [pixels[from]!, pixels[from + 1]!, pixels[from + 2]!];
      planes[0]![to] = (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
      planes[1]![to] = (-11059 * r - 21709 * g + 32768 * b + 8421375) >> 16;
      planes[2]![to] = (32768 * r - 27439 * g - 5329 * b + 8421375) >> 16;
    }
  }
  return planes.map((samples, i): Component => {
    if (i === 0 || !halved)
      return { samples, stride, sampling: i === 0 && halved ? 2 : 1, table: i === 0 ? 0 : 1, predictor: 0 };
    return { samples: halve(samples, stride, rows, height), stride: stride / 2, sampling: 1, table: 1, predictor: 0 };
  });
}

/** Means of two by two samples, rounded down and up in turn so that no shade is favoured (jcsample.c). */
function halve(samples: Uint8Array, stride: number, rows: number, height: number): Uint8Array {
  const half = stride / 2;
  const result = new Uint8Array((half * rows) / 2);
  for (let y = 0; y < rows / 2; y++) {
    for (let x = 0; x < half; x++) {
      // Rows below the image repeat the last mean, not the mean of the last row.
      const at = Math.min(y, Math.ceil(height / 2) - 1) * 2 * stride + x * 2;
      const sum = samples[at]! + samples[at + 1]! + samples[at + stride]! + samples[at + stride + 1]!;
      result[y * half + x] = (sum + 1 + (x & 1)) >> 2;
    }
  }
  return result;
}

const block = new Int32Array(64);

/** Forward transform (jfdctint.c) and quantization of the block at `at` into `block`. */
function transform(samples: Uint8Array, at: number, stride: number, table: readonly number[]): void {
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) block[y * 8 + x] = samples[at + y * stride + x]! - 128;
    line(y * 8, 1, true);
  }
  for (let x = 0; x < 8; x++) line(x, 8, false);
  for (let i = 0; i < 64; i++) {
    const divisor = table[i]! * 8;
    const value = block[i]!;
    const size = Math.floor((Math.abs(value) + (divisor >> 1)) / divisor);
    block[i] = value < 0 ? -size : size;
  }
}

function line(start: number, step: number, first: boolean): void {
  const d = (i: number) => block[start + i * step]!;
  const [t0, t7, t1, t6] = [d(0) + d(7), d(0) - d(7), d(1) + d(6), d(1) - d(6)];
  const [t2, t5, t3, t4] = [d(2) + d(5), d(2) - d(5), d(3) + d(4), d(3) - d(4)];
  const [t10, t13, t11, t12] = [t0 + t3, t0 - t3, t1 + t2, t1 - t2];
  const shift = first ? 11 : 15;
  const put = (i: number, value: number) => (block[start + i * step] = (value + (1 << (shift - 1))) >> shift);
  const whole = (i: number, value: number) => (block[start + i * step] = first ? value << 2 : (value + 2) >> 2);
  whole(0, t10 + t11);
  whole(4, t10 - t11);
  const z = (t12 + t13) * 4433;
  put(2, z + t13 * 6270);
  put(6, z - t12 * 15137);
  const z5 = (t4 + t6 + t5 + t7) * 9633;
  const [z1, z2] = [(t4 + t7) * -7373, (t5 + t6) * -20995];
  const [z3, z4] = [(t4 + t6) * -16069 + z5, (t5 + t7) * -3196 + z5];
  put(7, t4 * 2446 + z1 + z3);
  put(5, t5 * 16819 + z2 + z4);
  put(3, t6 * 25172 + z2 + z3);
  put(1, t7 * 12299 + z1 + z4);
}

type Codes = ReturnType<typeof codesOf>;

/** @returns the DC value, which the next block is told from */
function writeBlock(writer: Writer, { dc, ac }: { readonly dc: Codes; readonly ac: Codes }, predictor: number): number {
  const bitsOf = (value: number) => 32 - Math.clz32(Math.abs(value));
  const number = (value: number, bits: number) => writer.put(value < 0 ? value - 1 : value, bits);
  const difference = block[0]! - predictor;
  const size = bitsOf(difference);
  writer.put(dc.code[size]!, dc.length[size]!);
  if (size > 0) number(difference, size);
  let run = 0;
  for (let k = 1; k < 64; k++) {
    const value = block[ZIGZAG[k]!]!;
    if (value === 0) {
      run++;
      continue;
    }
    for (; run > 15; run -= 16) writer.put(ac.code[0xf0]!, ac.length[0xf0]!);
    const bits = bitsOf(value);
    const symbol = (run << 4) | bits;
    writer.put(ac.code[symbol]!, ac.length[symbol]!);
    number(value, bits);
    run = 0;
  }
  if (run > 0) writer.put(ac.code[0]!, ac.length[0]!);
  return block[0]!;
}
