/** A set of code points, each of which is asked for once. */
class PointSet {
  /** By code point: 0 not asked yet, 1 no, 2 yes. */
  private readonly known = new Uint8Array(0x110000);

  constructor(private readonly test: (point: number) => boolean) {}

  has(point: number): boolean {
    if (point < 0 || point > 0x10ffff) return false;
    return (this.known[point] ||= this.test(point) ? 2 : 1) === 2;
  }
}

const WHITE_SPACE = /^\p{White_Space}$/u;
const PUNCTUATION = /^\p{P}$/u;

const spaces = new PointSet((point) => WHITE_SPACE.test(String.fromCodePoint(point)));

/** ICU's `u_isUWhiteSpace`. */
export const isWhiteSpace = (point: number): boolean => spaces.has(point);

const separators = new PointSet(
  (point) => isChineseCharacter(point) || isAsciiSign(point) || PUNCTUATION.test(String.fromCodePoint(point)),
);

/** `IsPunctuationOrChineseChar` of tensorflow_text/core/kernels/fast_wordpiece_tokenizer_utils.h. */
export const isPunctuationOrChinese = (point: number): boolean => separators.has(point);

const isAsciiSign = (point: number) =>
  (point >= 33 && point <= 47) ||
  (point >= 58 && point <= 64) ||
  (point >= 91 && point <= 96) ||
  (point >= 123 && point <= 126);

function isChineseCharacter(point: number): boolean {
  return (
    (point >= 0x4e00 && point <= 0x9fff) ||
    (point >= 0x3400 && point <= 0x4dbf) ||
    (point >= 0x20000 && point <= 0x2a6df) ||
    (point >= 0x2a700 && point <= 0x2b73f) ||
    (point >= 0x2b740 && point <= 0x2b81f) ||
    (point >= 0x2b820 && point <= 0x2ceaf) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0x2f800 && point <= 0x2fa1f)
  );
}
