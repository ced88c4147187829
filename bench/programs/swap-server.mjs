// A server whose versions come and go: swap-server.mjs NAME BASE_PATH [OPTIONS as JSON]
// {"until": version} → {} once that version is the only one that is loaded.
import { createInterface } from 'node:readline';
import { createServer } from '@servable/server';

const [name, basePath, options = '{}'] = process.argv.slice(2);
const server = await createServer({
  models: [{ name, basePath }],
  grpcPort: 0,
  waitForModels: true,
  pollIntervalMs: 100,
  ...JSON.parse(options),
});
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
console.log(JSON.stringify({ port: server.grpcPort }));
for await (const line of createInterface({ input: process.stdin })) {
  const { until } = JSON.parse(line);
  for (;;) {
    const states = server.states.getVersionStates(name);
    const failed = states.find(({ managerState, health }) => managerState === 'END' && health !== undefined);
    if (failed) throw failed.health;
    const loaded = states.filter(({ managerState }) => managerState !== 'END');
    if (loaded.length === 1 && loaded[0].id.version === BigInt(until) && loaded[0].managerState === 'AVAILABLE') break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  console.log('{}');
}
