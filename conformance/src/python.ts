import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What requirements.txt has wheels for. */
const supported = { least: 11, most: 13 };
const candidates = ['python3.11', 'python3', 'python3.12', 'python3.13', 'python'];

/** A virtual environment and what is installed in it. */
export interface Environment {
  /** Folder in `conformance/`. */
  readonly venv: string;
  /** File in `conformance/`. */
  readonly requirements: string;
  readonly what: string;
}

/** TensorFlow, the oracle, with the official stubs. */
export const oracleEnvironment: Environment = {
  venv: '.venv',
  requirements: 'requirements.txt',
  what: 'TensorFlow and the official stubs from PyPI (about 700 MB)',
};

/** Clients that cannot be installed beside TensorFlow. */
export const clientsEnvironment: Environment = {
  venv: '.venv-clients',
  requirements: 'requirements-clients.txt',
  what: 'tritonclient and schemathesis from PyPI',
};

/**
 * The Python of a virtual environment in `conformance/`, made and filled when it is missing or its requirements have
 * changed.
 *
 * @throws Error that says what is missing and what to do
 */
export async function ensurePython(directory: string, environment = oracleEnvironment): Promise<string> {
  const venv = join(directory, environment.venv);
  const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (!existsSync(python)) {
    const system = candidates.find(fits);
    if (system === undefined) {
      throw new Error(
        `no Python: TensorFlow, the oracle, needs Python 3.${supported.least} to 3.${supported.most}; ` +
          `tried ${candidates.join(', ')}. Install one of them and run this again`,
      );
    }
    console.log(`Making ${venv} with ${system} ...`);
    await run(system, ['-m', 'venv', venv], directory);
  }
  const requirements = join(directory, environment.requirements);
  const stamp = join(venv, 'requirements.sha256');
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
    console.log(`Installing ${environment.what} ...`);
    await run(
      python,
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
      directory,
    );
    writeFileSync(stamp, digest);
  }
  return python;
}

function fits(command: string): boolean {
  const { status, stdout } = spawnSync(command, ['-c', 'import sys, venv; print(*sys.version_info[:2])'], {
    encoding: 'utf8',
  });
  const [major, minor] = (stdout ?? '').trim().split(' ').map(Number);
  return status === 0 && major === 3 && minor! >= supported.least && minor! <= supported.most;
}

/** Runs a command to its end, its output on ours; @throws Error when it fails. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: 'inherit' });
  const status = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${status}`);
}
