import { ServingError } from '@servable/core';
import type { CliIo } from './cli-io.js';
import { formatFlags } from './format-flags.js';
import { FlagError, parseFlags, type FlagSpecs, type FlagValues } from './parse-flags.js';

/** A command that does one thing and ends. */
export interface Tool<S extends FlagSpecs> {
  /** The word after `servable`. */
  readonly name: string;
  /** What follows the name in the usage: `DIR [flags]`. */
  readonly parameters: string;
  /** What it does, for the usage. */
  readonly description: string;
  readonly flags: S;
  /** One-letter flags and the flags that they stand for: `{ o: 'output' }`. */
  readonly short?: Readonly<Record<string, string>>;
  /** Flags that take every following argument of the form `name=value` as well, as one JSON list. */
  readonly assignments?: string;
  run(call: ToolCall<S>): Promise<number>;
}

/** A command line that was understood. */
export interface ToolCall<S extends FlagSpecs> {
  readonly io: CliIo;
  readonly values: FlagValues<S>;
  readonly given: ReadonlySet<string>;
  /** Arguments that are no flags. */
  readonly rest: readonly string[];
  /** What the flag for assignments was given, in order. */
  readonly assignments: readonly string[];
}

/** The usage of a command and its flags. */
export function toolUsage<S extends FlagSpecs>(
  { name, parameters, description, flags }: Tool<S>,
  columns?: number,
): string {
  return `usage: servable ${name} ${parameters}\n\n${description}\n\nFlags:\n${formatFlags(flags, columns)}`;
}

/**
 * Runs a command: `--help` prints its usage; a command line that cannot be understood is refused with the usage and ends
 * with 2; what fails later is one line on stderr, and ends with 1.
 */
export async function runTool<S extends FlagSpecs>(tool: Tool<S>, argv: readonly string[], io: CliIo): Promise<number> {
  try {
    const { others, assignments } = takeAssignments(
      tool,
      argv.flatMap((argument) => expandShort(tool, argument)),
    );
    const { values, given, rest } = parseFlags(others, tool.flags);
    if (given.has('help') && (values as { help?: boolean }).help === true) {
      io.stdout(toolUsage(tool, io.columns));
      return 0;
    }
    return await tool.run({ io, values, given, rest, assignments });
  } catch (error) {
    if (error instanceof FlagError) {
      io.stderr(`${error.message}\n\n${toolUsage(tool, io.columns)}`);
      return 2;
    }
    io.stderr(`servable ${tool.name}: ${ServingError.from(error).message}\n`);
    return 1;
  }
}

/**
 * The one argument that a command needs.
 *
 * @throws FlagError when there is none, or more than one
 */
export function oneArgument(name: string, what: string, rest: readonly string[]): string {
  const [first, ...others] = rest;
  if (first === undefined || others.length > 0) {
    throw new FlagError(`servable ${name} takes one ${what}; got ${rest.length}`);
  }
  return first;
}

/** Words between commas, without the spaces around them; empty for an empty text. */
export function commaSeparated(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function expandShort<S extends FlagSpecs>({ short = {} }: Tool<S>, argument: string): string[] {
  const [, letter, value] = /^-([a-z])(?:=(.*))?$/s.exec(argument) ?? [];
  if (letter === undefined || !Object.hasOwn(short, letter)) return [argument];
  return [`--${short[letter]}${value === undefined ? '' : `=${value}`}`];
}

function takeAssignments<S extends FlagSpecs>({ assignments: flag }: Tool<S>, argv: readonly string[]) {
  const others: string[] = [];
  const assignments: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    if (flag !== undefined && argument.startsWith(`--${flag}=`)) assignments.push(argument.slice(flag.length + 3));
    else if (flag !== undefined && argument === `--${flag}`) {
      const before = assignments.length;
      while (/^[^-=][^=]*=/.test(argv[index + 1] ?? '')) assignments.push(argv[++index]!);
      if (assignments.length === before) {
        throw new FlagError(`Flag --${flag} needs one or more values of the form NAME=VALUE`);
      }
    } else others.push(argument);
  }
  return { others, assignments };
}
