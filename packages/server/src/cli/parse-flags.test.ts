import { describe, expect, test } from 'vitest';
import { flag, flagSpecs, parseFlags } from './parse-flags.js';

const specs = flagSpecs({
  port: flag('int32', 8500, 'A port.'),
  interval: flag('int64', 60_000_000n, 'An interval.'),
  model_name: flag('string', 'default', 'A name.'),
  enable_batching: flag('bool', false, 'A switch.'),
  share: flag('float', 0, 'A share.'),
});

const parse = (...argv: string[]) => parseFlags(argv, specs);

test('without arguments every flag has its default', () => {
  const { values, given, rest } = parse();
  expect(values).toEqual({
    port: 8500,
    interval: 60_000_000n,
    model_name: 'default',
    enable_batching: false,
    share: 0,
  });
  expect([given.size, rest]).toEqual([0, []]);
});

test('--flag=value and --flag value are the same', () => {
  const joined = parse('--port=1', '--interval=-2', '--model_name=a=b', '--enable_batching=true', '--share=0.5');
  const spaced = parse('--port', '1', '--interval', '-2', '--model_name', 'a=b', '--enable_batching', '--share', '.5');
  expect(joined.values).toEqual({ port: 1, interval: -2n, model_name: 'a=b', enable_batching: true, share: 0.5 });
  expect(spaced.values).toEqual(joined.values);
  expect([...spaced.given]).toEqual(['port', 'interval', 'model_name', 'enable_batching', 'share']);
});

test('the last of several values wins, a string may be empty', () => {
  expect(parse('--model_name=a', '--model_name=').values.model_name).toBe('');
});

test('a bool takes no value after a space: the next argument stands for itself', () => {
  const { values, rest } = parse('--enable_batching', 'false');
  expect([values.enable_batching, rest]).toEqual([true, ['false']]);
});

test('arguments after -- and those without dashes are left over', () => {
  expect(parse('dir', '--port=1', '--', '--port=2')).toMatchObject({ values: { port: 1 }, rest: ['dir', '--port=2'] });
});

describe('what cannot be understood is refused', () => {
  test.each([
    ['--port=8500x', "Couldn't interpret value 8500x for flag port. Expected int32."],
    ['--port=2147483648', "Couldn't interpret value 2147483648 for flag port. Expected int32."],
    ['--port=', "Couldn't interpret value  for flag port. Expected int32."],
    [
      '--interval=9223372036854775808',
      "Couldn't interpret value 9223372036854775808 for flag interval. Expected int64.",
    ],
    ['--share=half', "Couldn't interpret value half for flag share. Expected float."],
    ['--enable_batching=1', "Couldn't interpret value =1 for flag enable_batching. Expected true or false."],
    ['--enable_batching=True', "Couldn't interpret value =True for flag enable_batching. Expected true or false."],
    ['--port', 'Flag --port needs a value (int32): --port=<value>'],
    ['--prot=1', 'unknown argument: --prot=1; did you mean --port?'],
    ['--model-name=m', 'unknown argument: --model-name=m; did you mean --model_name?'],
    ['-port=1', 'unknown argument: -port=1; did you mean --port?'],
    ['--entirely_different', 'unknown argument: --entirely_different'],
    ['--toString', 'unknown argument: --toString'],
  ])('%s', (argument, message) => {
    expect(() => parse('--enable_batching', argument)).toThrow(message);
    expect(() => parse(argument)).toThrow(expect.objectContaining({ name: 'FlagError', message }));
  });
});

test('a flag is no value for the flag before it', () => {
  expect(() => parse('--model_name', '--port=1')).toThrow('Flag --model_name needs a value (string)');
  expect(parse('--model_name=--port').values.model_name).toBe('--port');
});
