// The server
export { createServer, type Server, type ServerState } from './server.js';
export type { ServerOptions, SingleVersionModel } from './server-options.js';
export type { PrometheusOptions, RequestOptions } from './request-options.js';
export { version } from './version.js';

// Platforms: what can be served
export type { Platform } from './platforms/platform.js';
export type { LoadedModel } from './platforms/model-loader.js';
export { savedModelPlatform, type SavedModelPlatformOptions } from './platforms/savedmodel.js';
export { onnxPlatform, type OnnxPlatformOptions } from './platforms/onnx.js';

// Command line
export { main, type CliIo } from './cli/main.js';
