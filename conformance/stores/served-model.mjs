import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startProgram, until } from './program.mjs';

const cli = fileURLToPath(new URL('../../packages/server/dist/cli.js', import.meta.url));

/** `servable serve` of the model `m` at a base path; `mount` wraps the command so that it sees a disk of its own. */
export async function serveModel({ basePath, directory, env, mount = (command, args) => [command, args] }) {
  const port = await freePort();
  const config = join(directory, 'servable.yaml');
  await writeFile(
    config,
    JSON.stringify({
      models: [{ name: 'm', basePath }],
      modelCacheDirectory: join(directory, 'cache'),
      pollIntervalMs: 300,
      maxLoadRetries: 1,
      loadRetryIntervalMs: 100,
    }),
  );
  const [command, args] = mount(process.execPath, [
    ...[cli, 'serve', '--config', config, '--port', '0', '--rest-port', String(port)],
  ]);
  const program = startProgram(command, args, { ORT_DISABLE_TELEMETRY: '1', NODE_NO_WARNINGS: '1', ...env });
  const url = `http://127.0.0.1:${port}/v1/models/m`;
  const status = async () => (await (await fetch(url)).json()).model_version_status ?? [];
  const predict = async () => {
    const reply = await fetch(`${url}:predict`, { method: 'POST', body: '{"instances":[1]}' });
    const { predictions, error } = await reply.json();
    if (predictions?.[0] !== 2.5) throw new Error(`prediction ${JSON.stringify(predictions)}, error ${error}`);
    return true;
  };
  return {
    ...program,
    status,
    predict,
    /** Resolves when this version is the only one that is available, and answers. */
    serves: (version) =>
      until(`version ${version}`, async () => {
        const available = (await status()).filter(({ state }) => state === 'AVAILABLE');
        return available.map((one) => one.version).join() === String(version) && (await predict());
      }),
    /** Resolves to the match of a line in the log. */
    logs: (pattern) => until(`a line ${pattern} in the log`, async () => pattern.exec(program.output())),
  };
}
