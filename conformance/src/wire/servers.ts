import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runProcess } from './run-process.js';
import type { ServerName } from './wire-case.js';

/** Where the servers of a run listen, as `127.0.0.1:port`. */
export type Addresses = Readonly<Record<ServerName, { readonly grpc: string; readonly rest: string }>>;

export interface Servers extends AsyncDisposable {
  readonly addresses: Addresses;
  /** The certificate of the server `tls`, which signs itself. */
  readonly certificate: string;
  /** The UNIX socket of the server `checked`. */
  readonly socket: string;
}

/** A name with every character that a URL has another use for. */
export const oddName = "!#$%&'()*+,/:;=?@[] ü";

/** The program under test. */
export function program(root: string): string {
  return join(root, 'packages/server/bin/servable.js');
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts the servers that the cases ask, all by the command line of `tensorflow_model_server`:
 *
 * - `main`: half_plus_two in both versions with the labels stable (1) and next (2), digits, wine, the wire model as
 *   `wire` and half_plus_two under an odd name; health check, Prometheus
 * - `checked`: half_plus_two, wire; signature method names are checked, tensors go out as `tensor_content`, CORS, a socket
 * - `tls`: half_plus_two and the health check behind a certificate for `localhost`
 */
export async function startServers(root: string, directory: string): Promise<Servers> {
  const models = join(root, 'examples/models');
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(directory, name), content);
    return join(directory, name);
  };
  const config = (name: string, path: string, more = ''): string =>
    `config { name: ${JSON.stringify(name)} base_path: "${path}" model_platform: "tensorflow" ${more} }\n`;
  const half = join(models, 'half_plus_two');
  const wire = join(root, 'conformance/wire/model');
  const all = 'model_version_policy { all {} }';
  const labels = 'version_labels { key: "stable" value: 1 } version_labels { key: "next" value: 2 }';
  const oddLabel = `version_labels { key: ${JSON.stringify(oddName)} value: 2 }`;
  const list = [
    config('half_plus_two', half, `${all} ${labels}`),
    config('digits', join(models, 'digits')),
    config('wine', join(models, 'wine')),
    config('wire', wire),
    config(oddName, half, oddLabel),
  ].join('');
  const monitoring = await file('monitoring.pbtxt', 'prometheus_config { enable: true }');
  const common = ['--max_num_load_retries=0', '--host=127.0.0.1'];
  const socket = join(directory, 'grpc.sock');
  const { key, certificate } = await selfSigned(directory);
  const ssl = `server_key: ${JSON.stringify(key.text)} server_cert: ${JSON.stringify(certificate.text)}`;
  const args: Record<ServerName, string[]> = {
    main: [
      `--model_config_file=${await file('models.pbtxt', `model_config_list {\n${list}}\n`)}`,
      '--allow_version_labels_for_unavailable_models',
      '--enable_grpc_healthcheck_service',
      `--monitoring_config_file=${monitoring}`,
      ...common,
    ],
    checked: [
      `--model_config_file=${await file('two.pbtxt', `model_config_list {\n${config('half_plus_two', half)}${config('wire', wire)}}\n`)}`,
      '--enable_signature_method_name_check=true',
      '--enable_serialization_as_tensor_content=true',
      '--rest_api_enable_cors_support=true',
      `--grpc_socket_path=${socket}`,
      ...common,
    ],
    tls: [
      '--model_name=half_plus_two',
      `--model_base_path=${half}`,
      `--ssl_config_file=${await file('ssl.pbtxt', ssl)}`,
      '--enable_grpc_healthcheck_service=true',
      ...common,
    ],
  };
  const names = Object.keys(args) as ServerName[];
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(
      children.map(async (child) => {
        const closed = once(child, 'close');
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGTERM');
          await closed;
        }
      }),
    );
  };
  try {
    const started = await Promise.all(
      names.map(async (name) => {
        const [grpc, rest] = [await freePort(), await freePort()];
        const child = spawn(
          process.execPath,
          [program(root), `--port=${grpc}`, `--rest_api_port=${rest}`, ...args[name]],
          { stdio: ['ignore', 'inherit', 'pipe'] },
        );
        children.push(child);
        await serving(name, child);
        return [name, { grpc: `127.0.0.1:${grpc}`, rest: `127.0.0.1:${rest}` }] as const;
      }),
    );
    return {
      addresses: Object.fromEntries(started) as unknown as Addresses,
      certificate: certificate.path,
      socket,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits for the line that upstream's users wait for. */
async function serving(name: string, child: ChildProcess): Promise<void> {
  let log = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr!.setEncoding('utf8').on('data', (part: string) => {
      log = (log + part).slice(-10_000);
      if (log.includes('Exporting HTTP/REST API at:')) resolve();
    });
    child.once('close', (status) => reject(new Error(`the server ${name} ended with ${status}: ${log}`)));
  });
}

async function selfSigned(directory: string): Promise<Record<'key' | 'certificate', { path: string; text: string }>> {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const made = await runProcess('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', key, '-out', certificate, ...subject],
  ]);
  if (made.status !== 0) throw new Error(`openssl ended with ${made.status}: ${made.stderr}`);
  const read = async (path: string): Promise<{ path: string; text: string }> => ({
    path,
    text: await readFile(path, 'utf8'),
  });
  return { key: await read(key), certificate: await read(certificate) };
}
