/** How one group of checks went: a line of the table. */
export interface Row {
  readonly name: string;
  readonly passed: number;
  /** Why each of the others did not pass. */
  readonly failures: readonly string[];
  /** Failures that are expected (zoo/known-failures.json). */
  readonly known?: number;
  /** Greatest distance to TensorFlow's answers. */
  readonly absolute?: number;
  readonly relative?: number;
  readonly seconds: number;
}

/** Makes a row of what `run` finds, timed; what it throws is a failure. */
export async function rowOf(name: string, run: () => Promise<Omit<Row, 'name' | 'seconds'>>): Promise<Row> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    return { name, ...(await run()), seconds: seconds() };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { name, passed: 0, failures: [why], seconds: seconds() };
  }
}

const widths = [38, 8, 8, 8, 12, 12, 9];

/** The head of the table. */
export function formatHead(): string {
  return line(['', 'passed', 'failed', 'known', 'max abs', 'max rel', 'seconds']);
}

export function formatRow({ name, passed, failures, known = 0, absolute, relative, seconds }: Row): string {
  return line([name, passed, failures.length, known, distance(absolute), distance(relative), seconds.toFixed(1)]);
}

/** The closing line. */
export function formatTotal(rows: readonly Row[]): string {
  const sum = (count: (row: Row) => number): number => rows.reduce((total, row) => total + count(row), 0);
  return `${sum((row) => row.passed)} passed, ${sum((row) => row.failures.length)} failed`;
}

function line(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[0]!) : String(cell || '-').padStart(widths[i]!)))
    .join('');
}

function distance(value: number | undefined): string {
  return value === undefined ? '' : value.toExponential(1);
}
