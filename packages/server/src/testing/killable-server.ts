import { basename } from 'node:path';
import { createServer } from '../server.js';
import { halfPlusTwoPlatform } from './half-plus-two-platform.js';

/**
 * A program for tests that end it with SIGKILL: serves `s3://bucket/models/m` from the endpoint in its first argument with
 * the cache in its second. It writes its log, `port N`, `loading N` and `running`, and stops for good at the line that is
 * its third.
 */
const [endpoint, modelCacheDirectory, stopAt] = process.argv.slice(2) as [string, string, string];

const say = (text: string): void => void process.stdout.write(`${text}\n`);
async function reach(what: string): Promise<void> {
  say(what);
  if (what === stopAt) await new Promise(() => undefined);
}

const platform = halfPlusTwoPlatform();
platform.beforeLoad = (directory) => reach(`loading ${basename(directory)}`);
platform.beforeRun = () => reach('running');
const server = await createServer({
  models: [{ name: 'm', basePath: 's3://bucket/models/m' }],
  platforms: [platform],
  modelCacheDirectory,
  objectStores: { s3: { endpoint } },
  restPort: 0,
  pollIntervalMs: 20,
  maxLoadRetries: 0,
  logger: { debug: say, info: say, warning: say, error: say },
});
say(`port ${server.restPort}`);
