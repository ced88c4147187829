// Programs under measurement run in processes of their own, so that one's garbage is not the other's.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Starts a script that prints one line of JSON when it is ready, and answers each line on stdin with one on stdout. */
export async function startProgram(script, args = [], env = {}, runner = process.execPath) {
  const child = spawn(runner, [fileURLToPath(new URL(`../programs/${script}`, import.meta.url)), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // The binding that is measured against would otherwise report its use over the network.
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', ...env },
  });
  const lines = lineReader(child);
  const ready = JSON.parse(await lines());
  return {
    ...ready,
    pid: child.pid,
    async ask(message) {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      return JSON.parse(await lines());
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function lineReader(child) {
  const waiting = [];
  const ready = [];
  let buffer = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    buffer += text;
    const lines = buffer.split('\n');
    buffer = lines.pop();
    for (const line of lines) waiting.length > 0 ? waiting.shift().resolve(line) : ready.push(line);
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting) reject(new Error(`the program ended with ${code}`));
  });
  return () =>
    ready.length > 0
      ? Promise.resolve(ready.shift())
      : new Promise((resolve, reject) => waiting.push({ resolve, reject }));
}

/** Resident memory and its peak in MiB, from /proc (Linux). */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mib = (key) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? NaN) / 1024;
  return { resident: mib('VmRSS'), peak: mib('VmHWM') };
}

/** Milliseconds of processor time that a process has taken, from /proc (Linux), which counts in hundredths of a second. */
export function processorTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
