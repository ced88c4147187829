import { isDeepStrictEqual } from 'node:util';
import type { HttpExpectation } from './wire-case.js';

/** An answer over HTTP; the body has a character per byte (latin1). */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Says what of an answer is not as expected, or nothing. */
export function httpVerdict(expected: HttpExpectation, answer: HttpAnswer): string | undefined {
  const text = Buffer.from(answer.body, 'latin1').toString();
  const why: string[] = [];
  if (answer.status !== expected.status) why.push(`status ${answer.status}, expected ${expected.status}`);
  const body = expected.error === undefined ? expected.body : errorBody(expected.error);
  if (body !== undefined && text !== body) why.push(`body ${shown(text)}, expected ${shown(body)}`);
  if (expected.json !== undefined && !isDeepStrictEqual(parsed(text), expected.json))
    why.push(`body ${shown(text)}, expected JSON ${JSON.stringify(expected.json)}`);
  for (const part of expected.holds ?? [])
    if (!text.includes(part)) why.push(`no ${JSON.stringify(part)} in ${shown(text)}`);
  for (const part of expected.lacks ?? [])
    if (text.includes(part)) why.push(`${JSON.stringify(part)} in ${shown(text)}`);
  for (const [name, value] of Object.entries(expected.header ?? {})) {
    const given = answer.headers[name] ?? null;
    if (given !== value) why.push(`header ${name}: ${given}, expected ${value}`);
  }
  return why.length > 0 ? why.join('; ') : undefined;
}

/** The body of upstream's errors: RapidJSON's pretty writer with an indent of 4 (util/json_tensor.cc). */
export function errorBody(message: string): string {
  return `{\n    "error": ${JSON.stringify(message)}\n}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}

function shown(text: string): string {
  const printed = JSON.stringify(text);
  return printed.length > 600 ? `${printed.slice(0, 600)}… (${text.length} characters)` : printed;
}
