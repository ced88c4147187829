// Servers that speak what the clouds speak: what starts each, how to upload to it, and how to point a program at it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const conformance = fileURLToPath(new URL('..', import.meta.url));
const tools = join(conformance, '.cache');
/** The published key of every emulator of Azure. */
const azureKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

/** The program at the first of the paths where there is one, installed where there is none. */
async function installed(paths, commands) {
  const found = () => paths.find((path) => path && existsSync(path));
  if (!found()) {
    await mkdir(tools, { recursive: true });
    console.log(`Installing ${paths.at(-1)} ...`);
    for (const [command, args, env] of commands) {
      const { status, error, stderr } = spawnSync(command, args, {
        cwd: tools,
        env: { ...process.env, ...env },
        encoding: 'utf8',
        timeout: 300_000,
      });
      if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
    }
  }
  return found() ?? paths.at(-1);
}

/** Each: `open(port)` for what runs at that port, seen at `seenPort`. */
export const fakeStores = {
  s3: {
    program: () =>
      installed(
        [join(conformance, '.venv/bin/moto_server'), join(tools, 'moto/bin/moto_server')],
        [
          ['python3', ['-m', 'venv', 'moto']],
          ['moto/bin/pip', ['install', '--quiet', '-r', join(conformance, 'requirements-stores.txt')]],
        ],
      ),
    args: (port) => ['-H', '127.0.0.1', '-p', String(port)],
    async open(port, seenPort) {
      const sdk = await import('@aws-sdk/client-s3');
      const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
      const endpoint = `http://127.0.0.1:${port}`;
      const client = new sdk.S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
      return {
        env: {
          AWS_ACCESS_KEY_ID: credentials.accessKeyId,
          AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
          AWS_ENDPOINT_URL: `http://127.0.0.1:${seenPort}`,
        },
        create: () => client.send(new sdk.CreateBucketCommand({ Bucket: 'models' })),
        put: (Key, Body) => client.send(new sdk.PutObjectCommand({ Bucket: 'models', Key, Body })),
      };
    },
  },

  gs: {
    program: () =>
      installed(
        [process.env.FAKE_GCS_SERVER, join(tools, 'gobin/fake-gcs-server')],
        [
          [
            'go',
            ['install', 'github.com/fsouza/fake-gcs-server@v1.56.1'],
            { GOBIN: join(tools, 'gobin'), GOFLAGS: '-modcacherw' },
          ],
        ],
      ),
    args: (port, seenPort) => [
      ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'],
      ...['-public-host', `127.0.0.1:${seenPort}`],
    ],
    async open(port, seenPort) {
      const post = async (path, body, type) => {
        const reply = await fetch(`http://127.0.0.1:${port}${path}`, {
          method: 'POST',
          body,
          headers: { 'content-type': type },
        });
        if (!reply.ok) throw new Error(`POST ${path}: ${reply.status} ${await reply.text()}`);
      };
      return {
        env: { STORAGE_EMULATOR_HOST: `127.0.0.1:${seenPort}` },
        create: () => post('/storage/v1/b', '{"name":"models"}', 'application/json'),
        put: (key, body) =>
          post(
            `/upload/storage/v1/b/models/o?uploadType=media&name=${encodeURIComponent(key)}`,
            body,
            'application/octet-stream',
          ),
      };
    },
  },

  az: {
    program: () =>
      installed(
        [join(tools, 'azurite/node_modules/.bin/azurite-blob')],
        [['npm', ['install', '--prefix', 'azurite', '--no-audit', '--no-fund', 'azurite@3.35.0']]],
      ),
    args: (port) => [
      ...['--inMemoryPersistence', '--silent', '--skipApiVersionCheck', '--disableTelemetry'],
      ...['--blobHost', '127.0.0.1', '--blobPort', String(port)],
    ],
    async open(port, seenPort) {
      const connection = (at) =>
        `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${azureKey};` +
        `BlobEndpoint=http://127.0.0.1:${at}/devstoreaccount1;`;
      const { BlobServiceClient } = await import('@azure/storage-blob');
      const container = BlobServiceClient.fromConnectionString(connection(port)).getContainerClient('models');
      return {
        env: { AZURE_STORAGE_CONNECTION_STRING: connection(seenPort) },
        create: () => container.create(),
        put: (key, body) => container.getBlockBlobClient(key).uploadData(body),
      };
    },
  },
};
