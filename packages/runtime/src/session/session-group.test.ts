import { fileURLToPath } from 'node:url';
import { tensor } from '@servable/tensor';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadSavedModel } from '../model/load-saved-model.js';
import { addModel } from '../testing/onnx-model.js';
import { NativeSession } from './native-session.js';
import { SessionGroup } from './session-group.js';

afterEach(() => vi.restoreAllMocks());

/** Sessions whose calls end when the test says so. */
function puppets() {
  const calls: { readonly session: number; readonly end: () => void }[] = [];
  const closed: number[] = [];
  let made = 0;
  const create = vi.spyOn(NativeSession, 'create').mockImplementation(() => {
    const session = made++;
    const run = () => new Promise((resolve) => calls.push({ session, end: () => resolve(new Map()) }));
    return Promise.resolve({
      run,
      close: () => Promise.resolve(void closed.push(session)),
    } as unknown as NativeSession);
  });
  return { calls, closed, create, sessions: () => calls.map(({ session }) => session) };
}

describe('instances of a model', () => {
  it('take the next call where the fewest are under way', async () => {
    const { calls, sessions, closed } = puppets();
    const group = await SessionGroup.create(addModel(), { instances: 3 });
    const runs = Array.from({ length: 4 }, () => group.run(new Map(), ['sum']));
    expect(sessions()).toEqual([0, 1, 2, 0]);
    calls[1]!.end();
    await runs[1];
    const fifth = group.run(new Map(), ['sum']);
    expect(sessions()).toEqual([0, 1, 2, 0, 1]);
    for (const { end } of calls) end();
    await Promise.all([...runs, fifth]);
    await group.close();
    expect(closed).toEqual([0, 1, 2]);
  });

  it('give back those that were made when one cannot be', async () => {
    const { closed, create } = puppets();
    create.mockRejectedValueOnce(new Error('no memory'));
    await expect(SessionGroup.create(addModel(), { instances: 2 })).rejects.toThrow('no memory');
    expect(closed).toEqual([0]);
  });

  it('answer as one does', async () => {
    const group = await SessionGroup.create(addModel(), { instances: 2, execution: 'async' });
    const feeds = (x: number) =>
      new Map([
        ['x', tensor([x])],
        ['y', tensor([1])],
      ]);
    const answers = await Promise.all([1, 2, 3, 4].map((x) => group.run(feeds(x), ['sum'])));
    expect(answers.map((outputs) => outputs.get('sum')?.toArray())).toEqual([[2], [3], [4], [5]]);
    expect(group.inputs.map(({ name }) => name)).toEqual(['x', 'y']);
    await group.close();
  });

  it('share the variables that calls change', async () => {
    const dir = fileURLToPath(new URL('../../../../zoo/models/tf1_state', import.meta.url));
    await using model = await loadSavedModel(dir, { instances: 3, eager: [], session: { execution: 'async' } });
    const counter = async (signature: string) => (await model.predict({}, { signature })).outputs['y']?.toArray();
    const before = Number(await counter('get_counter'));
    await Promise.all(Array.from({ length: 20 }, () => counter('incr_counter')));
    expect(await counter('get_counter')).toBe(before + 20);
  });
});
