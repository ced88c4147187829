import { nearestName } from '../nearest-name.js';

export type FlagType = 'int32' | 'int64' | 'bool' | 'string' | 'float';

interface Value {
  int32: number;
  int64: bigint;
  bool: boolean;
  string: string;
  float: number;
}

/** One flag of a command line. */
export interface FlagSpec<T extends FlagType = FlagType> {
  readonly type: T;
  readonly default: Value[T];
  readonly help: string;
  /** The default in documents, where it depends on the machine. */
  readonly defaultText?: string | undefined;
  /** Why the flag does nothing, for one that is only accepted. */
  readonly ignored?: string | undefined;
  /** The heading that the flag is listed under. */
  readonly group?: string | undefined;
  /** Whether TensorFlow Serving's program has no such flag. */
  readonly isOwn?: boolean | undefined;
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

/** The values of all flags: those given, else the defaults. */
export type FlagValues<S extends FlagSpecs> = { readonly [K in keyof S]: Value[S[K]['type']] };

export interface ParsedFlags<S extends FlagSpecs> {
  readonly values: FlagValues<S>;
  /** Names of the flags that were given. */
  readonly given: ReadonlySet<string>;
  /** Arguments that are no flags, in order. */
  readonly rest: readonly string[];
}

/** A command line that cannot be understood; the message says which part and what was expected. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

/** Keeps the literal types of a table of flags. */
export function flagSpecs<S extends FlagSpecs>(specs: S): S {
  return specs;
}

export function flag<T extends FlagType>(
  type: T,
  defaultValue: Value[T],
  help: string,
  more: Pick<FlagSpec, 'defaultText' | 'ignored'> = {},
): FlagSpec<T> {
  return { type, default: defaultValue, help, ...more };
}

/** Lists flags under a heading. */
export function inGroup<S extends FlagSpecs>(group: string, specs: S): S {
  return mapSpecs(specs, (spec) => ({ ...spec, group }));
}

/** Tells flags that TensorFlow Serving's program does not have from those that it has. */
export function ownFlags<S extends FlagSpecs>(specs: S): S {
  return mapSpecs(specs, (spec) => ({ ...spec, isOwn: true }));
}

function mapSpecs<S extends FlagSpecs>(specs: S, map: (spec: FlagSpec) => FlagSpec): S {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, map(spec)])) as unknown as S;
}

/**
 * Reads `--name=value` and `--name value`; a bool's name alone means true, and its value can only follow an `=`. The
 * last of several values wins and `--` ends the flags.
 *
 * @throws FlagError for an unknown flag (with the nearest known one), a value of the wrong type or a missing value
 */
export function parseFlags<S extends FlagSpecs>(argv: readonly string[], specs: S): ParsedFlags<S> {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) values[name] = spec.default;
  const given = new Set<string>();
  const rest: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    if (argument === '--') {
      rest.push(...argv.slice(index + 1));
      break;
    }
    if (!argument.startsWith('--')) {
      if (argument.startsWith('-') && argument.length > 1) throw new FlagError(unknownFlag(argument, specs));
      rest.push(argument);
      continue;
    }
    const equals = argument.indexOf('=');
    const name = argument.slice(2, equals === -1 ? undefined : equals);
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (!spec) throw new FlagError(unknownFlag(argument, specs));
    let text: string | undefined = equals === -1 ? undefined : argument.slice(equals + 1);
    if (text === undefined && spec.type === 'bool') text = 'true';
    if (text === undefined) {
      index += 1;
      text = argv[index];
      // A value that begins with dashes can still be given after an `=`.
      if (text === undefined || text.startsWith('--'))
        throw new FlagError(`Flag --${name} needs a value (${spec.type}): --${name}=<value>`);
    }
    values[name] = parseValue(name, spec.type, text);
    given.add(name);
  }
  return { values: values as FlagValues<S>, given, rest };
}

function unknownFlag(argument: string, specs: FlagSpecs): string {
  const name = argument.replace(/^-+/, '').replace(/=.*$/s, '');
  const nearest = nearestName(name, Object.keys(specs));
  return `unknown argument: ${argument}${nearest === undefined ? '' : `; did you mean --${nearest}?`}`;
}

/** The types take what upstream's parser takes (TensorFlow's core/util/command_line_flags.cc). */
function parseValue(name: string, type: FlagType, text: string): Value[FlagType] {
  switch (type) {
    case 'string':
      return text;
    case 'bool':
      if (text === 'true' || text === 'false') return text === 'true';
      throw new FlagError(`Couldn't interpret value =${text} for flag ${name}. Expected true or false.`);
    case 'float':
      if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
      break;
    case 'int32':
    case 'int64': {
      if (!/^[+-]?\d+$/.test(text)) break;
      const value = BigInt(text.replace(/^\+/, ''));
      const bits = type === 'int32' ? 32 : 64;
      if (BigInt.asIntN(bits, value) !== value) break;
      return type === 'int32' ? Number(value) : value;
    }
  }
  throw new FlagError(`Couldn't interpret value ${text} for flag ${name}. Expected ${type}.`);
}
