import { join } from 'node:path';
import { runBrowser } from './browser.js';
import { h2loadChecks, h2specChecks, healthProbeChecks, socketChecks } from './http2-peers.js';
import { runProcess } from './run-process.js';
import type { Servers } from './servers.js';
import type { Tools } from './tools.js';
import type { Verdict } from './wire-case.js';

export interface PeerCheck {
  readonly topic: string;
  readonly run: () => Promise<Omit<Verdict, 'topic'>[]>;
}

/** Programs that bring their own checks. */
export function peerChecks(servers: Servers, root: string, tools: Tools): readonly PeerCheck[] {
  const { grpc, rest } = servers.addresses.main;
  const clients = join(root, 'conformance/clients');
  return [
    { topic: 'tensorflow-serving-api', run: () => script(tools.python, [join(clients, 'grpc_official.py'), grpc]) },
    { topic: 'curl', run: () => script('bash', [join(clients, 'rest.sh'), rest]) },
    {
      topic: 'request logs',
      run: () =>
        script(tools.python, [
          join(clients, 'request_log.py'),
          process.execPath,
          join(root, 'packages/server/bin/servable.js'),
        ]),
    },
    { topic: 'tritonclient', run: () => script(tools.tritonPython, [join(clients, 'triton.py'), rest, grpc]) },
    { topic: 'Chromium', run: () => runBrowser(tools.chromium, servers.addresses.checked) },
    { topic: 'grpc_health_probe', run: () => healthProbeChecks(tools.healthProbe, servers) },
    { topic: 'sockets and TLS', run: () => socketChecks(tools, servers) },
    { topic: 'h2load', run: () => h2loadChecks(tools.h2load, grpc) },
    { topic: 'h2spec', run: () => h2specChecks(tools.h2spec, grpc) },
  ];
}

/** A program that prints `ok <name>` or `FAIL <name>: <why>` for each of its checks. */
async function script(command: string | undefined, args: readonly string[]): Promise<Omit<Verdict, 'topic'>[]> {
  const name = args[0]!.split('/').at(-1)!;
  if (command === undefined)
    return [{ name, skipped: 'there is no Python with its packages; see conformance/README.md' }];
  const { stdout, stderr, status } = await runProcess(command, args, { timeoutMs: 300_000 });
  const verdicts = stdout
    .toString()
    .split('\n')
    .flatMap((line): Omit<Verdict, 'topic'>[] => {
      if (line.startsWith('ok ')) return [{ name: line.slice(3) }];
      const [, failed, why] = /^FAIL (.*?): ([^]*)$/.exec(line) ?? [];
      return failed === undefined ? [] : [{ name: failed, failure: why }];
    });
  const [, , total] = /(\d+) of (\d+) checks hold/.exec(stderr) ?? [];
  if (Number(total) === verdicts.length) return verdicts;
  return [...verdicts, { name: 'runs to its end', failure: `it ended with ${status}: ${stderr.slice(-1000)}` }];
}
