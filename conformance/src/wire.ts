import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wireTable } from './wire/cases/wire-table.js';
import { runCliTopic } from './wire/cli-client.js';
import { runGrpcTopic } from './wire/grpc-clients.js';
import { peerChecks } from './wire/peers.js';
import { runRestTopic } from './wire/rest-clients.js';
import { startServers } from './wire/servers.js';
import { findTools } from './wire/tools.js';
import type { Verdict } from './wire/wire-case.js';

/**
 * Starts the servers, runs the table of cases with other people's clients and then the peers, and prints a line for
 * each failure and totals by topic.
 *
 * @param root - the folder of the repository
 * @param wanted - parts of the names of the topics to run; all without one
 * @returns the exit status: 1 for a failure that known-failures.json does not list, or a listed one that passes
 */
export async function wire(root: string, wanted: readonly string[]): Promise<number> {
  const known = JSON.parse(await readFile(join(root, 'conformance/wire/known-failures.json'), 'utf8')) as Record<
    string,
    string
  >;
  const asked = (topic: string): boolean =>
    wanted.length === 0 || wanted.some((part) => topic.toLowerCase().includes(part.toLowerCase()));
  const tools = await findTools(root);
  const directory = await mkdtemp(join(tmpdir(), 'wire-'));
  const verdicts: Verdict[] = [];
  try {
    await using servers = await startServers(root, directory);
    const { addresses } = servers;
    for (const topic of wireTable.filter((each) => asked(each.topic))) {
      const run = {
        rest: () => topic.kind === 'rest' && runRestTopic(topic, addresses, root, tools.python),
        grpc: () => topic.kind === 'grpc' && runGrpcTopic(topic, addresses, root, tools),
        cli: () => topic.kind === 'cli' && runCliTopic(topic, root),
      }[topic.kind]();
      verdicts.push(...((await run) || []));
    }
    for (const { topic, run } of peerChecks(servers, root, tools))
      if (asked(topic)) verdicts.push(...(await run()).map((verdict) => ({ topic, ...verdict })));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return report(verdicts, known, wanted.length === 0);
}

function report(verdicts: readonly Verdict[], known: Readonly<Record<string, string>>, whole: boolean): number {
  const failed = new Map(verdicts.filter((each) => each.failure !== undefined).map((each) => [nameOf(each), each]));
  const ran = new Set(verdicts.filter((each) => each.skipped === undefined).map(nameOf));
  let unexpected = 0;
  const complain = (line: string): void => {
    unexpected += 1;
    console.log(line);
  };
  for (const [name, { failure }] of failed) if (!(name in known)) complain(`FAIL ${name}: ${failure}`);
  for (const name of Object.keys(known)) {
    if (ran.has(name) && !failed.has(name)) complain(`PASSES, though listed in known-failures.json: ${name}`);
    if (whole && !verdicts.some((each) => nameOf(each) === name))
      complain(`Listed in known-failures.json, but there is none: ${name}`);
  }
  for (const each of verdicts) if (each.skipped !== undefined) console.log(`skipped ${nameOf(each)}: ${each.skipped}`);
  const totals: Record<string, { cases: number; passed: number; known: number; skipped: number }> = {};
  for (const each of verdicts) {
    const total = (totals[each.topic] ??= { cases: 0, passed: 0, known: 0, skipped: 0 });
    total.cases += 1;
    if (each.skipped !== undefined) total.skipped += 1;
    else if (each.failure === undefined) total.passed += 1;
    else if (nameOf(each) in known) total.known += 1;
  }
  const line = (topic: string, numbers: readonly (string | number)[]): string =>
    topic.padEnd(28) + numbers.map((number) => String(number).padStart(9)).join('');
  console.log(line('\n', ['cases', 'passed', 'known', 'skipped']));
  const sum = { cases: 0, passed: 0, known: 0, skipped: 0 };
  for (const [topic, total] of Object.entries(totals)) {
    console.log(line(topic, Object.values(total)));
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += total[key];
  }
  console.log(line('all', Object.values(sum)));
  console.log(
    `${sum.passed} passed, ${sum.cases - sum.passed - sum.skipped} failed (${sum.known} known), ${sum.skipped} skipped`,
  );
  return unexpected === 0 ? 0 : 1;
}

function nameOf({ topic, name }: Verdict): string {
  return `${topic}: ${name}`;
}
