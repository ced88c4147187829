import { fileURLToPath } from 'node:url';
import { createServer } from '@servable/server';

// The server that the clients call, a process of its own: half_plus_two in all its versions, digits and wine, on free
// ports, which it prints as a line of JSON. Ends with SIGTERM.

const models = fileURLToPath(new URL('../../examples/models/', import.meta.url));
const server = await createServer({
  models: [
    { name: 'half_plus_two', basePath: `${models}half_plus_two`, versionPolicy: { kind: 'all' } },
    { name: 'digits', basePath: `${models}digits` },
    { name: 'wine', basePath: `${models}wine` },
  ],
  grpcPort: 0,
  restPort: 0,
  waitForModels: true,
  maxLoadRetries: 0,
});
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
console.log(JSON.stringify({ grpcPort: server.grpcPort, restPort: server.restPort }));
