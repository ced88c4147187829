import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { httpVerdict } from './http-verdict.js';
import { curl } from './rest-clients.js';
import { inParallel } from './run-process.js';
import { freePort, program } from './servers.js';
import type { CliCase, CliTopic, Verdict } from './wire-case.js';

/** Runs the cases of a topic that start the program. */
export async function runCliTopic({ topic, cases }: CliTopic, root: string): Promise<Verdict[]> {
  const verdicts = new Map<CliCase, Verdict>();
  await inParallel(cases, 3, async (test) => {
    const directory = await mkdtemp(join(tmpdir(), 'wire-'));
    try {
      verdicts.set(test, { topic, name: test.name, failure: await start(test, root, directory) });
    } catch (error) {
      verdicts.set(test, { topic, name: test.name, failure: String(error) });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
  return cases.map((test) => verdicts.get(test)!);
}

async function start(test: CliCase, root: string, directory: string): Promise<string | undefined> {
  const values: Record<string, string> = {
    port: String(await freePort()),
    rest: String(await freePort()),
    models: join(root, 'examples/models'),
    wire: join(root, 'conformance/wire/model'),
    dir: directory,
  };
  for (const name of Object.keys(test.files ?? {})) values[name] = join(directory, name);
  const fill = (text: string): string => text.replace(/\{([\w.]+)\}/g, (all, name: string) => values[name] ?? all);
  for (const [name, content] of Object.entries(test.files ?? {})) await writeFile(values[name]!, fill(content));
  const child = spawn(process.execPath, [program(root), ...test.args.map(fill)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  const why: string[] = [];
  const ended = once(child, 'close') as Promise<[number | null]>;
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part));
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      stderr += part;
      const wanted = test.then ? 'Exporting HTTP/REST API at:' : /Running gRPC ModelServer at .* \.\.\./;
      if (typeof wanted === 'string' ? stderr.includes(wanted) : wanted.test(stderr)) resolve();
    });
  });
  const clock = setTimeout(() => child.kill('SIGKILL'), 60_000);
  if (test.exit === undefined) {
    await Promise.race([ready, ended]);
    if (child.exitCode !== null) why.push(`it ended with ${child.exitCode} and did not serve`);
    else if (test.then) {
      const answer = await curl(test.then, `http://127.0.0.1:${values['rest']}${test.then.path}`);
      const verdict = httpVerdict(test.then, answer);
      if (verdict !== undefined) why.push(verdict);
    }
    child.kill('SIGTERM');
  }
  const [status] = await ended;
  clearTimeout(clock);
  if (status !== (test.exit ?? 0)) why.push(`exit status ${status}, expected ${test.exit ?? 0}`);
  for (const part of test.stdout ?? []) if (!stdout.includes(fill(part))) why.push(`no [${fill(part)}] on stdout`);
  for (const part of test.stderr ?? []) if (!stderr.includes(fill(part))) why.push(`no [${fill(part)}] on stderr`);
  for (const part of test.stderrLacks ?? []) if (stderr.includes(fill(part))) why.push(`[${fill(part)}] on stderr`);
  if (why.length === 0) return undefined;
  return `${why.join('; ')}; stdout [${stdout.slice(0, 400)}] stderr [${stderr.slice(0, 800)}]`;
}
