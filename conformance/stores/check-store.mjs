import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fakeStores } from './fake-stores.mjs';
import { freePort, startProgram, until } from './program.mjs';
import { serveModel } from './served-model.mjs';
import { startProxy } from './unreliable-proxy.mjs';

const model = fileURLToPath(new URL('../../examples/models/half_plus_two/1', import.meta.url));
const MiB = 1 << 20;

/**
 * One model in one store, through everything that happens to it. The checks build on one another.
 *
 * @param kind - `s3`, `gs` or `az`
 * @param check - runs one check under a name
 */
export async function checkStore(kind, check) {
  const directory = await mkdtemp(join(tmpdir(), 'servable-stores-'));
  const programs = [];
  const store = fakeStores[kind];
  const storePort = await freePort();
  const proxy = await startProxy(storePort);
  try {
    const program = await store.program();
    const fake = startProgram(program, store.args(storePort, proxy.port));
    programs.push(fake);
    const { env, create, put } = await store.open(storePort, proxy.port);
    let ended;
    void fake.exited.then((code) => (ended = code));
    await until('the store', async () => {
      if (ended !== undefined) throw new Error(`${program} ended with ${ended}: ${fake.output().slice(-500)}`);
      return (await create(), true);
    });
    const upload = async (path, weightBytes = 0) => {
      if (weightBytes > 0) await put(`${path}/assets.extra/weights`, Buffer.alloc(weightBytes, 7));
      for (const file of await readdir(model, { recursive: true, withFileTypes: true })) {
        if (!file.isFile()) continue;
        const at = join(file.parentPath, file.name);
        await put(`${path}/${relative(model, at).replaceAll('\\', '/')}`, await readFile(at));
      }
    };
    const serve = async (options = {}) => {
      const server = await serveModel({ basePath: `${kind}://models/m`, directory, env, ...options });
      programs.push(server);
      return server;
    };
    const cached = async (pattern) => {
      const cache = join(directory, 'cache');
      const path = (await readdir(cache, { recursive: true })).find((one) => pattern.test(one));
      return path && join(cache, path);
    };
    let server;

    await check('a version in the store is downloaded and answers', async () => {
      await upload('m/1');
      server = await serve();
      await server.serves(1);
    });

    await check('a new version whose connection breaks takes over, and no request fails', async () => {
      proxy.cutAfter(8 * MiB);
      await upload('m/2', 16 * MiB);
      let asked = 0;
      let taken = false;
      const failures = [];
      const asking = (async () => {
        while (!taken) {
          await server.predict().catch((error) => failures.push(error.message));
          asked += 1;
        }
      })();
      await server.serves(2).finally(() => (taken = true));
      await asking;
      if (failures.length > 0) throw new Error(`${failures.length} of ${asked} requests failed: ${failures[0]}`);
      if (!proxy.rangeStarts.some((start) => start > MiB)) throw new Error(`ranges from ${proxy.rangeStarts}`);
    });

    await check('a store that answers 500 and 403 takes nothing away, and is listened to again', async () => {
      for (const [status, code] of [
        [500, 'UNAVAILABLE'],
        [403, 'PERMISSION_DENIED'],
      ]) {
        proxy.answerWith(status);
        await server.logs(new RegExp(`E servable\\] Could not list base path .* with error ${code}: .*HTTP ${status}`));
        await server.serves(2);
      }
      proxy.answerWith(undefined);
      await server.logs(/ answers again/);
    });

    await check('kill -9 while a version is downloaded: the start serves the version before', async () => {
      proxy.holdAfter(8 * MiB);
      await upload('m/3', 16 * MiB);
      await until('half a download', async () => {
        const path = await cached(/\.partial\/3\/assets\.extra\/weights$/);
        return path && (await stat(path)).size > 4 * MiB;
      });
      await server.kill();
      proxy.holdAfter(MiB);
      server = await serve();
      await server.serves(2);
    });

    await check('and goes on with the download where it stopped', async () => {
      proxy.release();
      await server.serves(3);
      const [, bytes] = await server.logs(/Downloaded .*\/3: .*, (\d+) of them by an earlier attempt/);
      if (Number(bytes) < 4 * MiB) throw new Error(`only ${bytes} bytes were kept`);
    });

    await check('kill -9 while a version is loaded, and while it is swapped in', async () => {
      await upload('m/4');
      await server.logs(/Downloaded .*\/4: /);
      await server.kill();
      server = await serve();
      await server.serves(4);
      await upload('m/5');
      await server.logs(/Successfully loaded servable version {name: m version: 5}/);
      await server.kill();
      server = await serve();
      await server.serves(5);
    });

    await check('a cached file that is cut short comes again', async () => {
      await server.kill();
      const path = await cached(/\/5\/saved_model\.pb$/);
      await truncate(path, 100);
      server = await serve();
      await server.serves(5);
      await server.logs(/is damaged: saved_model\.pb has 100 of \d+ bytes/);
    });

    await check('a disk that is full ends a version with RESOURCE_EXHAUSTED, and the one before goes on', async () => {
      const disk = join(directory, 'disk');
      await mkdir(join(disk, 'cache'), { recursive: true });
      // A disk in a mount namespace of its own goes with the process.
      const unshare = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])];
      const script = 'mount -t tmpfs -o size=8m none "$0" && exec "$@"';
      const mount = (command, args) => [
        'unshare',
        [...unshare, 'sh', '-c', script, join(disk, 'cache'), command, ...args],
      ];
      const [command, args] = mount('true', []);
      if (spawnSync(command, args).status !== 0) return 'mount namespaces cannot be made here';
      await upload('full/m/1');
      const full = await serve({ basePath: `${kind}://models/full/m`, directory: disk, mount });
      await full.serves(1);
      await upload('full/m/2', 16 * MiB);
      const end = await until('the end of version 2', async () =>
        (await full.status()).find(({ version, state }) => version === '2' && state === 'END'),
      );
      if (end.status.error_code !== 'RESOURCE_EXHAUSTED' || !/ENOSPC/.test(end.status.error_message)) {
        throw new Error(JSON.stringify(end.status));
      }
      await full.logs(/ENOSPC: no space left on device/);
      await full.serves(1);
      await full.kill();
    });

    await check('a store that is away at the start is stood in for by the cache', async () => {
      await server.kill();
      await fake.kill();
      server = await serve();
      await server.serves(5);
      await server.logs(/W servable\] Serving m from the cache, as its base path does not answer/);
    });
  } finally {
    await Promise.all(programs.map((program) => program.kill()));
    proxy.close();
    await rm(directory, { recursive: true, force: true });
  }
}
