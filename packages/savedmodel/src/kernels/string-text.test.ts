import { stringTensor, tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { utf8 } from './byte-strings.js';
import { reduceJoin, segmentJoin, stringNGrams } from './string-join.js';
import { splitStrings, splitStringsByAny } from './string-split.js';
import { changeCase, stringJoin, stringLength, strip, substr } from './string-text.js';

const strings = (...values: (string | Uint8Array)[]) => stringTensor([values.length], values);
const scalar = (value: string) => stringTensor([], [value]);
const int = (values: number[] | number) => tensor(values, 'int32');

describe('case, blanks and lengths', () => {
  it('changes ASCII letters only, unless the text is UTF-8', () => {
    expect(changeCase(strings('ÀZz', ''), 'lower', '').text()).toEqual(['Àzz', '']);
    expect(changeCase(strings('ÀZz ß'), 'upper', 'utf-8').text()).toEqual(['ÀZZ SS']);
    expect(changeCase(strings(Uint8Array.of(0x41, 0xff)), 'lower', 'utf-8').text()).toEqual(['a\ufffd']);
    expect(changeCase(strings(Uint8Array.of(0x41, 0xff)), 'lower', '').data[0]).toEqual(Uint8Array.of(0x61, 0xff));
  });

  it('strips blanks but no zero bytes', () => {
    expect(strip(strings(' \t\v\f\r\n', ' a b ', '\0 ')).text()).toEqual(['', 'a b', '\0']);
  });

  it('counts bytes or characters', () => {
    expect([...stringLength(strings('é日', ''), 'BYTE').data]).toEqual([5, 0]);
    expect([...stringLength(strings('é日', Uint8Array.of(0xff, 0x80)), 'UTF8_CHAR').data]).toEqual([2, 1]);
  });
});

describe('substrings', () => {
  // Answers of TensorFlow for 'héllo'.
  it.each([
    ['BYTE', 0, -1, 'héllo'],
    ['BYTE', -2, 5, 'lo'],
    ['BYTE', 6, 1, ''],
    ['UTF8_CHAR', 0, -1, ''],
    ['UTF8_CHAR', 5, 1, ''],
    ['UTF8_CHAR', -5, 2, 'hé'],
    ['UTF8_CHAR', 1, 2 ** 31 - 1, 'éllo'],
  ] as const)('in %s units from %i, %i long', (unit, pos, len, expected) => {
    expect(substr(strings('héllo'), int(pos), int(len), unit).text()).toEqual([expected]);
  });

  it('refuses positions outside of the string', () => {
    expect(() => substr(strings('ab'), int(3), int(1), 'BYTE')).toThrow(
      `pos 3 out of range for string b'ab' at index 0`,
    );
    expect(() => substr(strings('ab'), int(-3), int(1), 'UTF8_CHAR')).toThrow('pos -3 out of range');
  });

  it('broadcasts', () => {
    const cut = substr(strings('hello'), int([[1], [2]] as never), int([[1], [2]] as never), 'BYTE');
    expect([cut.shape, cut.text()]).toEqual([
      [2, 1],
      ['e', 'll'],
    ]);
  });
});

describe('splitting', () => {
  it('splits at a separator or at blanks', () => {
    const [indices, values, shape] = splitStrings(strings('a,,b', '', ','), scalar(','), -1);
    expect(values.data.length).toBe(6);
    expect([indices.shape, [...(shape.data as BigInt64Array)]]).toEqual([
      [6, 2],
      [3n, 3n],
    ]);
    expect(splitStrings(strings('  a  b ', ' '), scalar(''), -1)[1].data).toHaveLength(2);
  });

  it('stops after so many cuts', () => {
    const values = (max: number, sep: string) =>
      (splitStrings(strings('a b c '), scalar(sep), max)[1] as ReturnType<typeof strings>).text();
    expect([values(1, ''), values(1, ' '), values(0, ' '), values(3, '')]).toEqual([
      ['a', 'b c '],
      ['a', 'b c '],
      ['a b c '],
      ['a', 'b', 'c', ''],
    ]);
  });

  it('splits at longer separators, which do not overlap', () => {
    const values = splitStrings(strings('aaaab'), scalar('aa'), -1)[1] as ReturnType<typeof strings>;
    expect(values.text()).toEqual(['', '', 'b']);
  });

  it('splits at any of some bytes, or between all', () => {
    const values = (delimiter: string, skip: boolean) =>
      (splitStringsByAny(strings('a b,c,'), scalar(delimiter), skip)[1] as ReturnType<typeof strings>).text();
    expect(values(' ,', true)).toEqual(['a', 'b', 'c']);
    expect(values(' ,', false)).toEqual(['a', 'b', 'c', '']);
    expect(values('', true)).toEqual(['a', ' ', 'b', ',', 'c', ',']);
  });
});

describe('joining', () => {
  it('repeats scalars', () => {
    expect(stringJoin([strings('a', ''), scalar('x')], utf8('-')).text()).toEqual(['a-x', '-x']);
    expect(() => stringJoin([strings('a'), strings('a', 'b')], utf8(''))).toThrow('Input shapes do not match');
  });

  it('moves fastest along the first of the axes', () => {
    const x = stringTensor([2, 2], ['a', 'b', 'c', 'd']);
    const join = (axes: number[], keep = false) => reduceJoin(x, int(axes), keep, utf8('')).toArray();
    expect([join([0, 1]), join([1, 0]), join([-1]), join([], false), join([0], true)]).toEqual([
      'acbd',
      'abcd',
      ['ab', 'cd'],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
      [['ac', 'bd']],
    ]);
    expect(() => join([0, -2])).toThrow('Duplicate reduction dimension');
  });

  it('joins segments, leaves negative ones out and refuses those out of range', () => {
    const join = (ids: number[]) => segmentJoin(strings('a', 'b', 'c'), int(ids), int(2), utf8('+'));
    expect((join([1, -1, 1]) as ReturnType<typeof strings>).text()).toEqual(['', 'a+c']);
    expect(() => join([0, 2, 0])).toThrow('segment_ids[1] = 2 is out of range [0, 2)');
  });

  it('refuses row splits that do not fit', () => {
    const options = {
      separator: utf8(' '),
      widths: [2],
      leftPad: utf8(''),
      rightPad: utf8(''),
      padWidth: 0,
      preserveShort: false,
    };
    expect(() => stringNGrams(strings('a', 'b'), int([0, 3]), options)).toThrow('Invalid split value 3');
    expect(() => stringNGrams(strings('a', 'b'), int([1, 2]), options)).toThrow('First split value must be 0, got 1');
    expect(() => stringNGrams(strings('a', 'b'), int([0, 1]), options)).toThrow('Expected 2, got 1');
    expect(() => stringNGrams(strings('a'), int([0, 1]), { ...options, widths: [0] })).toThrow('positive');
  });
});
