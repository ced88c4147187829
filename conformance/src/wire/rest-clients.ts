import { join } from 'node:path';
import type { Addresses } from './servers.js';
import { httpVerdict, type HttpAnswer } from './http-verdict.js';
import { inParallel, runProcess } from './run-process.js';
import type { RestCase, RestTopic, Verdict } from './wire-case.js';

/** Runs the cases of a topic that go over HTTP. */
export async function runRestTopic(
  { topic, client, cases }: RestTopic,
  addresses: Addresses,
  root: string,
  python: string | undefined,
): Promise<Verdict[]> {
  const verdicts = new Map<RestCase, Verdict>();
  const judge = (test: RestCase, answer: HttpAnswer): void => {
    verdicts.set(test, { topic, name: test.name, failure: httpVerdict(test, answer) });
  };
  const by = (wanted: 'curl' | 'requests'): RestCase[] => cases.filter((test) => (test.client ?? client) === wanted);
  await inParallel(by('curl'), 4, async (test) => {
    try {
      judge(test, await curl(test, url(test, addresses)));
    } catch (error) {
      verdicts.set(test, { topic, name: test.name, failure: String(error) });
    }
  });
  const forPython = by('requests');
  if (forPython.length > 0 && python === undefined) {
    for (const test of forPython) verdicts.set(test, { topic, name: test.name, skipped: 'there is no Python' });
  } else if (forPython.length > 0) {
    const calls = forPython.map((test) => ({
      method: methodOf(test),
      url: url(test, addresses),
      headers: test.headers ?? {},
      body: Buffer.from(test.send ?? '').toString('base64'),
    }));
    const answers = await askPython<HttpAnswer>(
      python!,
      join(root, 'conformance/wire/clients/rest_requests.py'),
      calls,
    );
    for (const [index, test] of forPython.entries()) {
      const answer = answers[index]!;
      if ('error' in answer) verdicts.set(test, { topic, name: test.name, failure: String(answer.error) });
      else judge(test, answer);
    }
  }
  return cases.map((test) => verdicts.get(test)!);
}

/**
 * Gives calls, one JSON text a line, to a Python program that answers each with one line.
 *
 * @throws Error when it ends before its last answer
 */
export async function askPython<T>(
  python: string,
  program: string,
  calls: readonly unknown[],
  args: readonly string[] = [],
): Promise<T[]> {
  const input = calls.map((call) => `${JSON.stringify(call)}\n`).join('');
  const { stdout, stderr, status } = await runProcess(python, [program, ...args], { input, timeoutMs: 300_000 });
  const answers = stdout.toString().trim().split('\n').filter(Boolean);
  if (answers.length !== calls.length)
    throw new Error(`${program} ended with ${status} after ${answers.length} of ${calls.length} answers: ${stderr}`);
  return answers.map((line) => JSON.parse(line) as T);
}

/** Sends one request with curl, the path as it is. */
export async function curl(
  test: Pick<RestCase, 'method' | 'path' | 'headers' | 'send'>,
  address: string,
  args: readonly string[] = [],
): Promise<HttpAnswer> {
  const method = methodOf(test);
  const all = ['-sS', '-i', '-g', '--path-as-is', '-m', '30', ...args];
  if (method === 'HEAD') all.push('-I');
  else all.push('-X', method);
  // Without these two curl would wait for a 100 first, and say what kind of body it has.
  if (test.send !== undefined) all.push('-H', 'Expect:', '-H', 'Content-Type:', '--data-binary', '@-');
  for (const [name, value] of Object.entries(test.headers ?? {})) all.push('-H', `${name}: ${value}`);
  const { status, stdout, stderr } = await runProcess('curl', [...all, address], { input: test.send ?? '' });
  if (status !== 0) throw new Error(`curl ended with ${status}: ${stderr.trim()}`);
  return parseAnswer(stdout.toString('latin1'));
}

function parseAnswer(text: string): HttpAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status: Number(first!.split(' ')[1]), headers, body: text.slice(end + 4) };
}

function methodOf(test: Pick<RestCase, 'method' | 'send'>): string {
  return test.method ?? (test.send === undefined ? 'GET' : 'POST');
}

function url(test: RestCase, addresses: Addresses): string {
  return `http://${addresses[test.server ?? 'main'].rest}${test.path}`;
}
