// The server
export { createServer, type Server, type ServerState } from './server.js';
export type { OptionNames, ServerOptions } from './server-options.js';
export type { Isolation, ServedModel, ServedModelInput, SingleVersionModel } from './models/served-model.js';
export type { ListenerOptions, TlsOptions } from './listener-options.js';
export { fromPino, type LogFormat, type LogOptions, serverLogger } from './logging/server-logger.js';
export type { PrometheusOptions, RequestLimits, RequestLogOptions, RequestOptions } from './request-options.js';
export { accessFromFile, type AccessOptions } from './security/access-file.js';
export { tlsFromFiles, type TlsFiles, tlsFromSslConfig } from './security/tls-files.js';
export type { TrafficWarmupOptions } from './warmup/traffic-options.js';
export type { WarmupOptions } from './warmup/warmup-options.js';
export { letHeapGrow } from './process-heap.js';
export { version } from './version.js';

// Platforms: what can be served
export type { IsolatedPlatform, Platform } from './platforms/platform.js';
export type { LoadedModel } from './platforms/model-loader.js';
export type { EnginePlatformOptions } from './platforms/engine-options.js';
export { savedModelPlatform, type SavedModelPlatformOptions } from './platforms/savedmodel.js';
export type { PlatformChoice } from './platforms/tensorflow.js';
export { onnxPlatform, type OnnxPlatformOptions } from './platforms/onnx.js';

// Command line
export { main, type CliIo } from './cli/main.js';
