// `npm run conformance:stores`: models in real object stores (moto, fake-gcs-server, azurite), served by the built program:
// upload, serve, swap, kill -9 while a version is downloaded, start again, and start again without the store.
// Needs `npm run build`, moto in conformance/.venv, azurite in .cache/azurite, and fake-gcs-server (FAKE_GCS_SERVER).
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const model = join(here, '../examples/models/half_plus_two/1');
const azureKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

async function until(what, look) {
  for (let left = 600; left > 0; left -= 1) {
    const found = await look().catch(() => undefined);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within a minute`);
}

const stores = {
  async s3(port) {
    const env = {
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    };
    const sdk = await import('@aws-sdk/client-s3');
    const client = new sdk.S3Client({
      endpoint: env.AWS_ENDPOINT_URL,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    });
    return {
      env,
      basePath: 's3://models/m',
      command: [join(here, '.venv/bin/moto_server'), '-H', '127.0.0.1', '-p', String(port)],
      create: () => client.send(new sdk.CreateBucketCommand({ Bucket: 'models' })).then(() => true),
      put: (Key, Body) => client.send(new sdk.PutObjectCommand({ Bucket: 'models', Key, Body })),
    };
  },
  async gs(port) {
    const env = { STORAGE_EMULATOR_HOST: `http://127.0.0.1:${port}` };
    const post = (path, body, type) =>
      fetch(`${env.STORAGE_EMULATOR_HOST}${path}`, { method: 'POST', body, headers: { 'content-type': type } });
    return {
      env,
      basePath: 'gs://models/m',
      command: [
        process.env.FAKE_GCS_SERVER ?? 'fake-gcs-server',
        ...['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'],
        ...['-public-host', `127.0.0.1:${port}`],
      ],
      create: async () => (await post('/storage/v1/b', '{"name":"models"}', 'application/json')).ok,
      put: (key, body) =>
        post(
          `/upload/storage/v1/b/models/o?uploadType=media&name=${encodeURIComponent(key)}`,
          body,
          'application/octet-stream',
        ),
    };
  },
  async az(port) {
    const connection =
      `DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=${azureKey};` +
      `BlobEndpoint=http://127.0.0.1:${port}/devstoreaccount1;`;
    const { BlobServiceClient } = await import('@azure/storage-blob');
    const container = BlobServiceClient.fromConnectionString(connection).getContainerClient('models');
    return {
      env: { AZURE_STORAGE_CONNECTION_STRING: connection },
      basePath: 'az://models/m',
      command: [
        join(here, '.cache/azurite/node_modules/.bin/azurite-blob'),
        ...[
          '--inMemoryPersistence',
          '--silent',
          '--skipApiVersionCheck',
          '--blobHost',
          '127.0.0.1',
          '--blobPort',
          String(port),
        ],
      ],
      create: () => container.create().then(() => true),
      put: (key, body) => container.getBlockBlobClient(key).uploadData(body),
    };
  },
};

async function check(kind) {
  const cache = await mkdtemp(join(tmpdir(), 'servable-stores-'));
  const children = [];
  const start = (command, args, env) => {
    const child = spawn(command, args, {
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', ...env },
      stdio: 'ignore',
    });
    children.push(child);
    return child;
  };
  const kill = async (child) => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  try {
    const { env, basePath, command, create, put } = await stores[kind](await freePort());
    const store = start(command[0], command.slice(1), {});
    await until('the store', create);
    const upload = async (version, extra) => {
      if (extra) await put(`m/${version}/assets.extra/weights`, extra);
      for (const file of await readdir(model, { recursive: true, withFileTypes: true })) {
        const at = join(file.parentPath, file.name);
        if (file.isFile()) await put(`m/${version}/${relative(model, at).replaceAll('\\', '/')}`, await readFile(at));
      }
    };
    const serve = async () => {
      const port = await freePort();
      const args = ['--port=0', '--rest-port', String(port), '--model-cache-dir', cache];
      const child = start(
        process.execPath,
        [join(here, '../packages/server/dist/cli.js'), 'serve', basePath, ...args],
        env,
      );
      const url = `http://127.0.0.1:${port}/v1/models/m`;
      const available = async () => {
        const { model_version_status: all = [] } = await (await fetch(url)).json();
        return all
          .filter(({ state }) => state === 'AVAILABLE')
          .map(({ version }) => version)
          .join();
      };
      const predict = async () =>
        (await (await fetch(`${url}:predict`, { method: 'POST', body: '{"instances":[1]}' })).json()).predictions?.[0];
      return {
        child,
        serves: (version) =>
          until(`version ${version}`, async () => (await available()) === version && (await predict()) === 2.5),
      };
    };
    await upload(1);
    const first = await serve();
    await first.serves('1');
    await upload(2);
    await first.serves('2');
    await upload(3, Buffer.alloc(64 << 20, 7));
    await until('a download', async () =>
      (await readdir(cache, { recursive: true })).some((path) => path.endsWith('weights') && path.includes('.partial')),
    );
    await kill(first.child);
    const second = await serve();
    await second.serves('3');
    await kill(second.child);
    await kill(store);
    await (await serve()).serves('3');
    console.log(`ok   ${kind}: served, swapped, killed, resumed, served without the store`);
    return true;
  } catch (error) {
    console.log(`FAIL ${kind}: ${error.message}`);
    return false;
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await rm(cache, { recursive: true, force: true });
  }
}

const results = [];
for (const kind of Object.keys(stores)) results.push(await check(kind));
console.log(`${results.filter(Boolean).length} passed, ${results.filter((ok) => !ok).length} failed`);
process.exit(results.every(Boolean) ? 0 : 1);
