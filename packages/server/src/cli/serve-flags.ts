import { executionProvidersHelp, instancesHelp } from './engine-flags.js';
import { kebabFlags } from './kebab-flags.js';
import { limitFlags } from './limit-flags.js';
import { logFormatHelp, logLevelHelp, slowRequestHelp, tracingHelp } from './observability-flags.js';
import { flag, flagSpecs, inGroup } from './parse-flags.js';
import { platformHelp } from './platform-help.js';

/** The flags of `servable serve`. Flags that are given win over the configuration file. */
export const serveFlags = flagSpecs({
  ...inGroup('Models', {
    config: flag(
      'string',
      '',
      'YAML or JSON file with the models and everything else; flags that are given win over it.',
    ),
    'model-cache-dir': flag('string', '', 'Directory that keeps models of object stores and tarballs.', {
      defaultText: '~/.cache/servable/models',
    }),
    'model-cache-bytes': flag('string', '16G', 'What it may take; K, M, G and T may follow the digits.'),
    'model-memory-budget': flag(
      'string',
      '',
      'Bytes that all loaded models may take together, as 512M or 2G: they are loaded when they are asked for.',
    ),
    'warmup-from-traffic': flag('bool', false, 'Keep a sample of live requests and replay it into new versions.'),
    'warmup-from-traffic-dir': flag('string', '', 'Directory that keeps it over restarts; implies the flag above.'),
  }),
  ...inGroup('Ports', {
    port: flag('int32', 8500, 'Port for gRPC; 0 takes any free one.'),
    'rest-port': flag('int32', 8501, 'Port for HTTP/REST; 0 takes any free one.'),
    host: flag('string', '127.0.0.1', 'Address to listen on; 0.0.0.0 or :: serves other machines too.'),
    'grpc-socket': flag('string', '', 'Path of a UNIX socket to listen on for gRPC, beside the port.'),
    'admin-port': flag(
      'int32',
      0,
      'Port that alone takes new configurations and tells the one that counts, over gRPC and HTTP; zero opens none.',
    ),
    'admin-host': flag('string', '127.0.0.1', 'Address to listen on for --admin-port.'),
    'cors-origins': flag(
      'string',
      '',
      'Origins, separated by commas, whose pages may call REST, gRPC-Web and Connect; * for all.',
    ),
    metrics: flag('bool', false, 'Answer /monitoring/prometheus/metrics on the REST port.'),
    'drain-timeout-seconds': flag('float', 30, 'Seconds that running requests get to end after SIGTERM.'),
  }),
  ...inGroup('TLS and access', {
    'tls-cert': flag('string', '', 'PEM file with the certificate of all ports; needs --tls-key.'),
    'tls-key': flag('string', '', 'PEM file with its key.'),
    'tls-client-ca': flag(
      'string',
      '',
      'PEM file with the authorities that must have signed the certificates of callers.',
    ),
    'token-file': flag(
      'string',
      '',
      'File with a name and a bearer token, or a name and sha256:<hash>, on each line: only who has one of them may call.',
    ),
    'access-file': flag(
      'string',
      '',
      'File in YAML or JSON with tokens, client certificates and what their owners may call, in place of --token-file.',
    ),
    'reload-over-grpc': flag('bool', true, 'Take configurations by HandleReloadConfigRequest.'),
    'model-roots': flag(
      'string',
      '',
      'Directories, separated by commas, that such a configuration may name, besides those beside the models.',
    ),
  }),
  ...inGroup('Engine and devices', {
    platform: flag('string', 'auto', platformHelp),
    'execution-providers': flag('string', '', executionProvidersHelp),
    instances: flag('string', '', instancesHelp),
  }),
  ...kebabFlags(limitFlags),
  ...inGroup('Log and traces', {
    'log-format': flag('string', 'text', logFormatHelp),
    'log-level': flag('string', 'info', logLevelHelp),
    'slow-request-ms': flag('float', 0, slowRequestHelp),
    tracing: flag('bool', false, tracingHelp, { defaultText: 'with an SDK' }),
  }),
  ...inGroup('Help', { help: flag('bool', false, 'Print this and exit.') }),
});
