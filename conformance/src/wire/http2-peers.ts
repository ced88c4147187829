import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePredictRequest, tensor } from '@servable/tensor';
import { runProcess } from './run-process.js';
import type { Servers } from './servers.js';
import type { Tools } from './tools.js';
import type { Verdict } from './wire-case.js';

type Checks = Promise<Omit<Verdict, 'topic'>[]>;

/**
 * h2spec: every requirement of RFC 7540 and 7541 that it knows, one check each. Some depend on whether an answer is out
 * before a frame is in: what fails is tried twice more, and has held if it holds once.
 */
export async function h2specChecks(program: string | undefined, address: string): Checks {
  if (program === undefined)
    return [{ name: 'h2spec', skipped: 'h2spec is not there, and `go install` did not get it' }];
  const verdicts = new Map((await h2spec(program, address, [])).map((each) => [each.name, each]));
  if (verdicts.size === 0) return [{ name: 'runs to its end', failure: 'it wrote no report' }];
  for (let attempt = 2; attempt <= 3; attempt += 1) {
    const failed = [...verdicts.values()].filter(({ failure }) => failure !== undefined);
    const sections = new Set(failed.map(({ name }) => name.split(' ')[0]!));
    if (sections.size === 0) break;
    for (const again of await h2spec(program, address, [...sections]))
      if (verdicts.get(again.name)?.failure !== undefined) verdicts.set(again.name, again);
  }
  return [...verdicts.values()];
}

/** One run, of all sections or of some, such as `http2/5.1`. */
async function h2spec(program: string, address: string, sections: readonly string[]): Checks {
  const directory = await mkdtemp(join(tmpdir(), 'h2spec-'));
  try {
    const [host, port] = address.split(':') as [string, string];
    const report = join(directory, 'report.xml');
    await runProcess(program, [...sections, '-h', host, '-p', port, '-o', '5', '-j', report], { timeoutMs: 300_000 });
    return parseReport(await readFile(report, 'utf8').catch(() => ''));
  } finally {
    await rm(directory, { recursive: true });
  }
}

function parseReport(xml: string): Omit<Verdict, 'topic'>[] {
  const verdicts = new Map<string, Omit<Verdict, 'topic'>>();
  for (const [, attributes, body = ''] of xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g)) {
    const attribute = (key: string): string => unescape(new RegExp(`\\b${key}="([^"]*)"`).exec(attributes!)?.[1] ?? '');
    let name = `${attribute('package')} ${attribute('classname')}`;
    for (let again = 2; verdicts.has(name); again += 1)
      name = `${attribute('package')} ${attribute('classname')} (${again})`;
    const failure = /<(failure|error)\b[^>]*>([^]*?)<\/\1>/.exec(body)?.[2];
    verdicts.set(name, {
      name,
      failure: failure === undefined ? undefined : unescape(failure).replace(/\s+/g, ' ').trim() || 'no reason given',
      skipped: /<skipped\b/.test(body) ? 'h2spec leaves it out without --strict' : undefined,
    });
  }
  return [...verdicts.values()];
}

function unescape(text: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:(\w+)|#x?(\w+));/g, (all, name?: string, code?: string) =>
    name !== undefined
      ? (named[name] ?? all)
      : String.fromCodePoint(Number.parseInt(code!, all.includes('x') ? 16 : 10)),
  );
}

/** nghttp2's h2load with the body of a Predict call: every request has to be answered with 200. */
export async function h2loadChecks(program: string | undefined, address: string): Checks {
  const requests = 4000;
  const shapes: readonly [name: string, args: readonly string[]][] = [
    ['1 connection, 1 stream', ['-c', '1', '-m', '1']],
    ['4 connections, 32 streams', ['-c', '4', '-m', '32']],
    ['2 connections, 100 streams, small windows', ['-c', '2', '-m', '100', '-w', '16', '-W', '16']],
  ];
  if (program === undefined) return shapes.map(([name]) => ({ name, skipped: 'h2load of nghttp2 is not installed' }));
  const directory = await mkdtemp(join(tmpdir(), 'h2load-'));
  try {
    const body = join(directory, 'body');
    await writeFile(body, predictFrame());
    const verdicts: Omit<Verdict, 'topic'>[] = [];
    for (const [name, args] of shapes) {
      const { stdout } = await runProcess(
        program,
        [
          ...['-n', String(requests), ...args, '-d', body],
          ...['-H', 'content-type: application/grpc', '-H', 'te: trailers'],
          `http://${address}/tensorflow.serving.PredictionService/Predict`,
        ],
        { timeoutMs: 120_000 },
      );
      const text = stdout.toString();
      const held =
        text.includes(`${requests} succeeded, 0 failed, 0 errored, 0 timeout`) &&
        text.includes(`status codes: ${requests} 2xx, 0 3xx, 0 4xx, 0 5xx`);
      verdicts.push({ name, failure: held ? undefined : text.slice(-800) });
    }
    return verdicts;
  } finally {
    await rm(directory, { recursive: true });
  }
}

function predictFrame(): Uint8Array {
  const message = encodePredictRequest({
    modelSpec: { name: 'half_plus_two', signatureName: '' },
    inputs: new Map([['x', tensor([2, 4], 'float32')]]),
    outputFilter: [],
  });
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}

/** grpc_health_probe, as Kubernetes uses it; its exit status says what it found. */
export async function healthProbeChecks(program: string | undefined, { addresses, certificate }: Servers): Checks {
  const { main, checked, tls } = addresses;
  const probes: readonly [name: string, args: readonly string[], status: number, text: string][] = [
    ['the server', [`-addr=${main.grpc}`], 0, 'status: SERVING'],
    ['PredictionService', [`-addr=${main.grpc}`, '-service=PredictionService'], 0, 'status: SERVING'],
    ['its full name', [`-addr=${main.grpc}`, '-service=tensorflow.serving.PredictionService'], 0, 'status: SERVING'],
    ['compressed', [`-addr=${main.grpc}`, '-gzip'], 0, 'status: SERVING'],
    ['an unknown service', [`-addr=${main.grpc}`, '-service=nope'], 3, 'code = NotFound'],
    [
      'a server without the health service',
      [`-addr=${checked.grpc}`],
      3,
      'does not implement the grpc health protocol',
    ],
    [
      'TLS',
      [`-addr=${tls.grpc}`, '-tls', `-tls-ca-cert=${certificate}`, '-tls-server-name=localhost'],
      0,
      'status: SERVING',
    ],
    [
      'TLS without the certificate of its signer',
      [`-addr=${tls.grpc}`, '-tls', '-tls-server-name=localhost'],
      2,
      'x509',
    ],
    ['plain text where TLS is spoken', [`-addr=${tls.grpc}`], 2, 'failed to connect'],
  ];
  if (program === undefined)
    return probes.map(([name]) => ({ name, skipped: 'it is not there, and `go install` did not get it' }));
  const verdicts: Omit<Verdict, 'topic'>[] = [];
  for (const [name, args, status, text] of probes) {
    const result = await runProcess(program, ['-connect-timeout=10s', '-rpc-timeout=10s', ...args]);
    const said = result.stdout.toString() + result.stderr;
    const held =
      result.status === status && (status === 2 ? /x509|failed to connect|timeout/.test(said) : said.includes(text));
    verdicts.push({
      name,
      failure: held ? undefined : `exit status ${result.status}, expected ${status}: ${said.trim()}`,
    });
  }
  return verdicts;
}

/** grpcurl over a UNIX socket and over TLS. */
export async function socketChecks({ grpcurl }: Tools, { addresses, certificate, socket }: Servers): Checks {
  const status = 'tensorflow.serving.ModelService/GetModelStatus';
  const request = ['-d', '{"model_spec": {"name": "half_plus_two"}}'];
  const localhost = addresses.tls.grpc.replace('127.0.0.1', 'localhost');
  const calls: readonly [name: string, args: readonly string[], text: string][] = [
    ['a UNIX socket', ['-plaintext', '-unix', ...request, socket, status], '"AVAILABLE"'],
    ['TLS', ['-cacert', certificate, ...request, localhost, status], '"AVAILABLE"'],
    ['TLS by address', ['-cacert', certificate, ...request, addresses.tls.grpc, status], '"AVAILABLE"'],
    ['TLS with a signer that is not known', ['-max-time', '10', ...request, localhost, status], 'x509'],
  ];
  if (grpcurl === undefined) return calls.map(([name]) => ({ name, skipped: 'there is no grpcurl' }));
  const verdicts: Omit<Verdict, 'topic'>[] = [];
  for (const [name, args, text] of calls) {
    const result = await runProcess(grpcurl, args);
    const said = result.stdout.toString() + result.stderr;
    verdicts.push({ name, failure: said.includes(text) ? undefined : `no ${text} in: ${said.trim()}` });
  }
  return verdicts;
}
