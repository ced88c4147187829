import { ServingError } from '@servable/core';

/** One thing that is wrong with a configuration file, and where. */
export interface ConfigProblem {
  /** What it is about: `models[0].versionPolicy`; empty for the whole file. */
  readonly key: string;
  /** What is expected, and what was given. */
  readonly message: string;
  /** From 1; absent where no place is to blame. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

/** A configuration file that says what cannot be; all of its problems are known. */
export class ConfigFileError extends ServingError {
  readonly path: string;
  readonly problems: readonly ConfigProblem[];

  constructor(path: string, problems: readonly ConfigProblem[]) {
    super(
      'INVALID_ARGUMENT',
      'CONFIG_FILE_INVALID',
      problems.map((problem) => formatProblem(path, problem)).join('\n'),
    );
    this.path = path;
    this.problems = problems;
  }
}

/** `file:line:column: key: message`, as compilers write it, so that editors find the place. */
export function formatProblem(path: string, { key, message, line, column }: ConfigProblem): string {
  const place = line === undefined ? '' : `:${line}:${column}`;
  return `${path}${place}: ${key === '' ? '' : `${key}: `}${message}`;
}
