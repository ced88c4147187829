import { tensor } from '@servable/tensor';
import { describe, expect, it } from 'vitest';
import { VariableStore } from './variable-store.js';

describe('the variables of a loaded model', () => {
  it('keep the value that the first signature brought or a request wrote', () => {
    const store = new VariableStore();
    store.seed(new Map([['n', tensor(1)]]));
    store.assign('n', tensor(5));
    store.seed(new Map([['n', tensor(1)]]));
    expect(store.read('n')).toEqual(tensor(5));
  });

  it('are refused before they have a value', () => {
    const store = new VariableStore();
    store.seed(new Map([['n', undefined]]));
    expect(store.isInitialized('n')).toBe(false);
    expect(() => store.read('n')).toThrowError(
      expect.objectContaining({ code: 'FAILED_PRECONDITION', reason: 'UNINITIALIZED_VARIABLE' }) as Error,
    );
    store.assign('n', tensor(2));
    expect(store.read('n')).toEqual(tensor(2));
  });

  it('stay as they were when an update fails', () => {
    const store = new VariableStore();
    store.seed(new Map([['n', tensor(1)]]));
    const failing = () =>
      store.update('n', () => {
        throw new Error('refused');
      });
    expect(failing).toThrowError('refused');
    expect(store.read('n')).toEqual(tensor(1));
  });
});
