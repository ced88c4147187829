import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { runProcess } from './run-process.js';

/** Other people's programs: paths, or undefined for those that are not there and could not be installed. */
export interface Tools {
  readonly python: string | undefined;
  /** The Python that has tritonclient. */
  readonly tritonPython: string | undefined;
  readonly grpcurl: string | undefined;
  readonly h2spec: string | undefined;
  readonly healthProbe: string | undefined;
  readonly h2load: string | undefined;
  readonly chromium: string | undefined;
}

/** Finds the programs; what Go can install is put into conformance/.cache/gobin. */
export async function findTools(root: string): Promise<Tools> {
  const bin = join(root, 'conformance/.cache/gobin');
  const inVenv = (venv: string): Promise<string | undefined> =>
    existing(join(root, 'conformance', venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python'));
  return {
    python: await inVenv('.venv'),
    tritonPython: await inVenv('.venv-clients'),
    grpcurl: await goTool(bin, 'grpcurl', 'github.com/fullstorydev/grpcurl/cmd/grpcurl'),
    h2spec: await goTool(bin, 'h2spec', 'github.com/summerwind/h2spec/cmd/h2spec'),
    healthProbe: await goTool(
      bin,
      'grpc_health_probe',
      'github.com/grpc-ecosystem/grpc-health-probe',
      'grpc-health-probe',
    ),
    h2load: await onPath('h2load'),
    chromium: (await onPath('chromium')) ?? (await onPath('google-chrome')),
  };
}

async function goTool(bin: string, name: string, module: string, installed = name): Promise<string | undefined> {
  const found = (await existing(join(bin, name))) ?? (await existing(join(bin, installed))) ?? (await onPath(name));
  if (found !== undefined || (await onPath('go')) === undefined) return found;
  await runProcess('go', ['install', `${module}@latest`], { env: { GOBIN: bin }, timeoutMs: 300_000 });
  return existing(join(bin, installed));
}

async function onPath(name: string): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(':')) {
    const found = await existing(join(directory, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

async function existing(path: string): Promise<string | undefined> {
  return access(path).then(
    () => path,
    () => undefined,
  );
}
