import { beforeEach, expect, test, vi } from 'vitest';

const flags: string[] = [];
vi.mock('node:v8', () => ({ setFlagsFromString: (flag: string) => void flags.push(flag) }));

beforeEach(() => {
  flags.length = 0;
  vi.resetModules();
});
const fresh = () => import('./process-heap.js');

test('the heap may grow, except while models are loaded', async () => {
  const { letHeapGrow, whileLoading } = await fresh();
  letHeapGrow();
  expect(flags).toEqual(['--heap-growing-percent=300']);
  let endFirst!: () => void;
  const first = whileLoading(() => new Promise<void>((resolve) => (endFirst = resolve)));
  const second = whileLoading(() => Promise.reject(new Error('broken')));
  await expect(second).rejects.toThrow('broken');
  expect(flags.at(-1)).toBe('--heap-growing-percent=0');
  endFirst();
  await first;
  expect(flags.at(-1)).toBe('--heap-growing-percent=300');
});

test('a process that did not ask for it keeps V8’s own limits', async () => {
  const { whileLoading } = await fresh();
  expect(await whileLoading(() => Promise.resolve(7))).toBe(7);
  expect(flags).toEqual([]);
});

test('what the program was started with stays', async () => {
  const { letHeapGrow } = await fresh();
  process.execArgv.push('--heap-growing-percent=50');
  try {
    letHeapGrow();
  } finally {
    process.execArgv.pop();
  }
  expect(flags).toEqual([]);
});
