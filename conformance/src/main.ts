import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments, usage, type Arguments } from './arguments.js';
import { runClient, startServer } from './clients.js';
import { checkDigits, checkGoldens, knownFailures } from './goldens.js';
import { compareModels } from './oracle/compare-models.js';
import { resultsPage, type Compared } from './oracle/results-page.js';
import { clientsEnvironment, ensurePython, run } from './python.js';
import { formatHead, formatRow, formatTotal, rowOf, type Row } from './row.js';
import { cacheOf, exportedModels, findSubjects } from './subjects.js';

/** Of one row; the rest is counted. */
const shownFailures = 20;

/**
 * Compares with TensorFlow: sets Python up, exports what is missing, runs every golden and other people's clients,
 * prints a table and `N passed, N failed`. What cannot be run, because there is no Python say, counts as failed.
 *
 * @returns the exit status
 */
export async function main(root: string, argv: readonly string[]): Promise<number> {
  let args: Arguments;
  try {
    args = readArguments(argv);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const rows: Row[] = [];
  const add = async (name: string, check: Parameters<typeof rowOf>[1]): Promise<void> => {
    const row = await rowOf(name, check);
    console.log(formatRow(row));
    for (const failure of row.failures.slice(0, shownFailures)) console.log(`    ${failure}`);
    if (row.failures.length > shownFailures) console.log(`    ... and ${row.failures.length - shownFailures} more`);
    rows.push(row);
  };

  const wanted = new Map([...exportedModels(root)].filter(([name]) => args.wants(`conformance/${name}`)));
  const python = await preparePython(root, args, wanted.size > 0);
  const missing = await exportMissing(root, [...wanted.keys()], python);
  if (args.exportOnly) {
    for (const [name, why] of missing) console.log(`${name} was not exported: ${why}`);
    console.log(`${wanted.size - missing.size} passed, ${missing.size} failed`);
    return missing.size === 0 ? 0 : 1;
  }

  console.log(formatHead());
  const known = knownFailures(root);
  const everyModel = exportedModels(root);
  const writePage = async (compared: readonly Compared[], others: readonly Row[]): Promise<void> => {
    if (wanted.size < everyModel.size || 'why' in python) return;
    const order = [...everyModel.keys()];
    const sorted = compared.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    const page = resultsPage({ models: sorted, wanted: order, rows: others });
    writeFileSync(join(root, 'conformance/RESULTS.md'), await formatted(page, root));
  };
  const models = await compareModels({
    root,
    models: wanted,
    python: 'path' in python ? python.path : undefined,
    missing,
    progress: (compared) => writePage(compared, []),
    add,
  });
  const others = rows.length;
  for (const subject of findSubjects(root).filter(({ name }) => args.wants(name))) {
    await add(subject.name, () => checkGoldens(subject, known));
  }
  if (args.wants('examples/digits')) await add('examples/digits, classes', () => checkDigits(root));
  await checkClients(root, args, python, add);
  await writePage(models, rows.slice(others));
  const total = formatTotal(rows);
  console.log(total);
  return total.startsWith('0 ') || rows.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

/** The Python to use, or why there is none. */
type Python = { readonly path: string } | { readonly why: string };

async function preparePython(root: string, { exportOnly, wants }: Arguments, models: boolean): Promise<Python> {
  if (!exportOnly && !models && !wants('clients/grpc_official')) return { why: 'not asked for' };
  try {
    return { path: await ensurePython(join(root, 'conformance')) };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

/** Exports the models that are not there; gives those that still are not, and why. */
async function exportMissing(root: string, models: readonly string[], python: Python): Promise<Map<string, string>> {
  const isMissing = (name: string): boolean => !existsSync(join(cacheOf(root), name, 'golden.json'));
  const wanted = models.filter(isMissing);
  let why = 'why' in python ? python.why : 'it failed';
  if ('path' in python && wanted.length > 0) {
    console.log(`Exporting ${wanted.join(', ')} ...`);
    try {
      await run(python.path, [join(root, 'conformance/export/export.py'), ...wanted], root);
    } catch (error) {
      why = (error as Error).message;
    }
  }
  return new Map(wanted.filter(isMissing).map((name) => [name, why]));
}

/** Aligns the tables as the rest of the repository is formatted. */
async function formatted(page: string, root: string): Promise<string> {
  const { format, resolveConfig } = await import('prettier');
  return format(page, { ...(await resolveConfig(join(root, 'README.md'))), parser: 'markdown' });
}

async function checkClients(
  root: string,
  { wants }: Arguments,
  python: Python,
  add: (name: string, check: Parameters<typeof rowOf>[1]) => Promise<void>,
): Promise<void> {
  const [official, rest] = ['clients/grpc_official', 'clients/rest'];
  const others = (['triton', 'openapi'] as const).filter((name) => wants(`clients/${name}`));
  if (!wants(official) && !wants(rest) && others.length === 0) return;
  await using server = await startServer();
  if (wants(official)) {
    await add(official, () => {
      if ('why' in python) throw new Error(`skipped, as it needs Python: ${python.why}`);
      return runClient(python.path, [join(root, 'conformance/clients/grpc_official.py'), server.grpc]);
    });
  }
  if (wants(rest)) await add(rest, () => runClient('bash', [join(root, 'conformance/clients/rest.sh'), server.rest]));
  for (const name of others) {
    await add(`clients/${name}`, async () => {
      const path = await ensurePython(join(root, 'conformance'), clientsEnvironment);
      const addresses = name === 'triton' ? [server.rest, server.grpc] : [server.rest];
      return runClient(path, [join(root, `conformance/clients/${name}.py`), ...addresses]);
    });
  }
}
