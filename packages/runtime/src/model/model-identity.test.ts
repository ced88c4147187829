import { describe, expect, it } from 'vitest';
import { modelIdentity } from './model-identity.js';

describe('the identity of a model', () => {
  it.each([
    ['models/resnet/3', {}, 'resnet', 3n],
    ['models/resnet/0017/', {}, 'resnet', 17n],
    ['models/resnet', {}, 'resnet', 1n],
    ['models/resnet.onnx', {}, 'resnet', 1n],
    ['models/resnet/3', { name: 'other' }, 'other', 3n],
    ['models/resnet/3', { version: 9n }, 'resnet', 9n],
  ])('of %s with %o is %s, version %i', (path, options, name, version) => {
    expect(modelIdentity(path, options)).toEqual({ name, version });
  });

  it.each([[{ name: '' }], [{ version: -1n }], [{ version: 1 as never }]])('refuses %o', (options) => {
    expect(() => modelIdentity('m/1', options)).toThrow(expect.objectContaining({ reason: 'BAD_OPTION' }) as Error);
  });
});
