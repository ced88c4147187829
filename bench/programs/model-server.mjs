// A server of one model: model-server.mjs NAME BASE_PATH [OPTIONS as JSON]
import { createServer, letHeapGrow } from '@servable/server';

// As the program `servable` does.
letHeapGrow();
const [name, basePath, options = '{}'] = process.argv.slice(2);
const models = basePath === undefined ? [] : [{ name, basePath }];
const server = await createServer({ models, grpcPort: 0, waitForModels: true, ...JSON.parse(options) });
console.log(JSON.stringify({ port: server.grpcPort }));
process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
