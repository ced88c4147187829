import { type CorsOrigins, logLevels, type ServableVersionPolicy } from '@servable/core';
import { logFormats } from '../logging/server-logger.js';
import { accessShape } from '../security/access-file.js';
import {
  bytes,
  choice,
  described,
  either,
  fields,
  flag,
  list,
  mapped,
  number,
  oneOf,
  record,
  text,
  version,
  whole,
} from './shape.js';

const versionPolicy = described(
  'Which versions are served: the latest one, all, the latest few, or the ones listed.',
  choice<ServableVersionPolicy>(
    mapped(oneOf('latest', 'all'), (word) => (word === 'all' ? { kind: 'all' } : { kind: 'latest', numVersions: 1 })),
    mapped(fields({ latest: whole(1), specific: list(version) }), ({ latest, specific }, place) => {
      if ((latest === undefined) === (specific === undefined)) {
        place.report('expected latest, all, { latest: <count> } or { specific: [<version>, …] }');
        return undefined;
      }
      return latest === undefined ? { kind: 'specific', versions: specific! } : { kind: 'latest', numVersions: latest };
    }),
  ),
);

const executionProvider = fields(
  {
    name: described('cpu, cuda, tensorrt, webgpu, or a provider of the plugin library that library names.', text),
    library: described('Plugin library that has the provider; relative to this file.', text),
    deviceId: described(
      'Number of the device; a list of them is for instances, which take turns.',
      either<number | readonly number[]>(whole(0), list(whole(0))),
    ),
    deviceType: described('What kind of device deviceId counts, for plugins.', oneOf('cpu', 'gpu', 'npu')),
    memoryLimitBytes: described("Most bytes of the device's memory that it takes.", whole(1)),
    memoryFraction: described("The same as part of the device's memory, above 0 and at most 1.", number),
    growth: described('How the arena of cuda grows; default doubling.', oneOf('doubling', 'as-needed')),
    fp16: described('Compute in half precision where that is faster (tensorrt); default false.', flag),
    engineCacheDir: described('Directory that keeps the engines of tensorrt; relative to this file.', text),
    options: described("Other settings, by the provider's own names.", record(text)),
  },
  ['name'],
);

const executionProviders = described(
  'What runs the models, the preferred one first: names, or maps with settings. Default: the processor.',
  list(choice<{ readonly name?: string } | string>(text, executionProvider)),
);

const instances = described('Sessions of a model: a number, or per-device. Default 1.', {
  schema: { anyOf: [whole(1, 256).schema, oneOf('per-device').schema] },
  read: (value, place) => (typeof value === 'string' ? oneOf('per-device') : whole(1, 256)).read(value, place),
});

const trafficSettings = fields({
  maxRequests: described('Most requests kept of each signature; default 16.', whole(1, 1000)),
  maxBytes: described('Most bytes kept of each model; default 16 MiB.', whole(1, 2 ** 31 - 1)),
  directory: described('Keeps them over restarts; relative to this file.', text),
});

const warmupFromTraffic = described(
  'Keep a sample of live requests and replay it into new versions; default false.',
  choice<boolean | { maxRequests?: number; maxBytes?: number; directory?: string }>(flag, trafficSettings),
);

const model = fields(
  {
    name: described('The name that requests use.', text),
    basePath: described(
      'Directory with one directory for each version, relative to this file; or s3://, gs://, az:// and a tarball on https://.',
      text,
    ),
    directory: described('Directory of a single version, in place of basePath; relative to this file.', text),
    version: described('The version that directory is served as; default 1.', version),
    platform: described('What must run it: tensorflow or onnx; default what its files are.', text),
    versionPolicy,
    versionLabels: described('Words that requests may use in place of a version.', record(version)),
    logging: described(
      'Records a sample of the requests as PredictionLogs in TFRecord files; the path is relative to this file.',
      fields({ filenamePrefix: text, samplingRate: number }, ['filenamePrefix', 'samplingRate']),
    ),
    pinned: described('With modelMemoryBudget: loaded at the start, and never unloaded for others.', flag),
    executionProviders,
    instances,
    warmupFromTraffic,
    isolation: described(
      'process: runs in a process of its own, which is started again when it crashes.',
      oneOf('none', 'process'),
    ),
  },
  ['name'],
);

const tls = fields({ keyFile: text, certFile: text, caFile: text, verifyClient: flag }, ['keyFile', 'certFile']);

const milliseconds = number;
const port = whole(0, 65_535);

/** Everything that a configuration file may say; names and meanings are those of `createServer`. */
export const configShape = fields({
  models: described('The models to serve.', list(model)),
  executionProviders,
  instances,
  modelConfigFile: described('File with a ModelServerConfig in text format, in place of models.', text),
  modelConfigFilePollMs: described('Milliseconds between looks at modelConfigFile; default 0: none.', milliseconds),
  host: described('Address to listen on; default 127.0.0.1.', text),
  restHost: described('Address to listen on for REST; default host.', text),
  grpcPort: described('Port for gRPC; 0 takes any free one.', port),
  restPort: described('Port for HTTP/REST; 0 takes any free one.', port),
  adminPort: described(
    'Port that alone takes new configurations and tells the one that counts, over gRPC and HTTP; 0 takes any free one.',
    port,
  ),
  adminHost: described('Address to listen on for adminPort; default 127.0.0.1.', text),
  grpcSocketPath: described('UNIX socket for gRPC; relative to this file.', text),
  grpcTls: described('TLS for gRPC; paths of PEM files, relative to this file.', tls),
  restTls: described('TLS for REST, gRPC-Web and Connect; paths of PEM files, relative to this file.', tls),
  accessFile: described(
    'File with tokens, client certificates and what their owners may call; relative to this file.',
    text,
  ),
  access: described('The same here, in place of a file; its tokensFile is relative to this file.', accessShape),
  credentialsPollMs: described(
    'Milliseconds between looks at certificates, tokens and access rules; 0: never.',
    milliseconds,
  ),
  waitForModels: described('Open the ports only when every model is available; default false.', flag),
  unavailableLabels: described(
    'Which labels may point to versions that are not available; default refuse.',
    oneOf('refuse', 'accept-new', 'accept'),
  ),
  reloadOverGrpc: described('Take configurations by HandleReloadConfigRequest; default true.', flag),
  modelRoots: described('Directories that such a configuration may name; relative to this file.', list(text)),
  pollIntervalMs: described(
    'Milliseconds between looks for versions; 0 looks once, a negative number never.',
    milliseconds,
  ),
  modelCacheDirectory: described(
    'Keeps versions of models in object stores and tarballs; relative to this file.',
    text,
  ),
  modelCacheBytes: described('What it may take: bytes, or digits with K, M, G or T behind them; default 16G.', text),
  objectStores: described(
    'Where object stores are; what is left out comes from the environment.',
    fields({
      s3: fields({ endpoint: text, region: text, pathStyle: flag, anonymous: flag }),
      gs: fields({ endpoint: text, anonymous: flag }),
      az: fields({ endpoint: text }),
    }),
  ),
  maxLoadRetries: described('Attempts after a first failed load; default 5.', whole(0)),
  loadRetryIntervalMs: described('Milliseconds between attempts.', milliseconds),
  maxConcurrentLoads: described('Versions that load at the same time; default the number of CPUs.', whole(1)),
  maxConcurrentUnloads: described('Versions that unload at the same time; default the number of CPUs.', whole(1)),
  modelMemoryBudget: described(
    'Bytes that all loaded models may take together, as a number or as 512M or 2G; default none.',
    bytes,
  ),
  pinnedModels: described('Names of models that stay in memory.', list(text)),
  isolatedModels: described('Names of models that run in processes of their own.', list(text)),
  warmup: described(
    'Replaying of recorded requests into new versions.',
    fields({ enabled: flag, iterations: whole(1), threads: whole(1) }),
  ),
  warmupFromTraffic,
  drainTimeoutMs: described('Milliseconds that running requests get to end; default 30000.', milliseconds),
  maxReceiveMessageBytes: described('Largest request in bytes.', whole(1, 2 ** 31 - 1)),
  restTimeoutMs: described('Milliseconds that a model may run for a REST call; 0: no limit.', whole(0, 2 ** 31 - 1)),
  restCors: described(
    'Let the pages of any web site call REST, gRPC-Web and Connect, or those of listed origins; default false.',
    either<CorsOrigins>(flag, list(text)),
  ),
  healthService: described('Answer the standard gRPC health service; default true.', flag),
  tensorContent: described('Send tensors as tensor_content; default false.', flag),
  checkMethodNames: described('Refuse signatures whose method_name does not fit the call; default false.', flag),
  prometheus: described(
    'Metrics on the REST port.',
    fields({ path: text, nameStyle: oneOf('upstream', 'prometheus') }),
  ),
  limits: described(
    'Bounds on what callers may send and hold.',
    fields({
      maxHeaderBytes: described('Most bytes of the headers of a REST request; default 16384.', whole(1024)),
      headersTimeoutMs: described(
        'Milliseconds to send the headers of a REST request, or to shake hands for gRPC; default 60000.',
        whole(1),
      ),
      requestTimeoutMs: described('Milliseconds to send a whole request; default 300000.', whole(1)),
      keepAliveTimeoutMs: described('Milliseconds that an idle REST connection is kept; default 75000.', whole(1)),
      maxRestConnections: described('Most REST connections.', whole(1)),
      maxGrpcConnections: described('Most gRPC connections.', whole(1)),
      maxConcurrentStreams: described('Most calls at the same time on one gRPC connection.', whole(1)),
      grpcKeepaliveMs: described('Milliseconds between pings on a gRPC connection; default 60000.', whole(1000)),
      grpcIdleTimeoutMs: described('Milliseconds that a gRPC connection without calls is kept.', whole(1)),
      maxHeldBodyBytes: described('Most bytes of REST bodies held at the same time.', whole(1)),
      maxJsonDepth: described('Most arrays and objects inside one another in a JSON body.', whole(64)),
      maxInputElements: described('Most elements of one input of a Predict call.', whole(1)),
    }),
  ),
  log: described(
    'How the log is written; default text from info on.',
    fields({ format: oneOf(...logFormats), level: oneOf(...logLevels) }),
  ),
  tracing: described('Make OpenTelemetry spans of requests; default: when an SDK is registered.', flag),
  requestLog: described(
    'How the files of models with logging are cut.',
    fields({
      roots: described('Directories that configurations over the wire may name; relative to this file.', list(text)),
      maxFileBytes: described('A file of this size is complete; default 268435456.', whole(1)),
      maxFileAgeMs: described('A file is complete after so many milliseconds; default 600000.', whole(1)),
      maxQueuedBytes: described(
        'Most bytes that wait to be written, over which records are dropped; default 67108864.',
        whole(1),
      ),
    }),
  ),
  slowRequestMs: described('Requests that take this many milliseconds or more are logged as warnings.', milliseconds),
  admission: described(
    'Bounds on inference requests that run and wait at the same time.',
    fields({ maxConcurrent: whole(1), maxQueued: whole(0), maxWaitMs: milliseconds, maxPerCaller: whole(1) }),
  ),
});

/** The JSON Schema of a configuration file, for editors. */
export const configJsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Servable configuration',
  ...configShape.schema,
};
