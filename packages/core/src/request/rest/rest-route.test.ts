import { describe, expect, it } from 'vitest';
import { isApiTarget, restRoute } from './rest-route.js';

describe('routes', () => {
  it.each([
    ['POST', '/v1/models/m:predict', { kind: 'predict', name: 'm' }],
    ['POST', '/v1/models/m:classify', { kind: 'classify', name: 'm' }],
    ['POST', '/v1/models/m/versions/3:regress', { kind: 'regress', name: 'm', version: 3n }],
    ['POST', '/v1/models/m/labels/stable:predict', { kind: 'predict', name: 'm', versionLabel: 'stable' }],
    ['POST', '/V1/MODELS/m/VERSIONS/0003:predict', { kind: 'predict', name: 'm', version: 3n }],
    ['GET', '/v1/models/m', { kind: 'status', name: 'm' }],
    ['GET', '/v1/models', { kind: 'list', name: '' }],
    ['GET', '/v1/models?x', { kind: 'list', name: '' }],
    ['GET', '/v1/models/versions/1', { kind: 'status', name: '', version: 1n }],
    ['POST', '/v1/models/m:predict?x=1', { kind: 'predict', name: 'm' }],
    [
      'POST',
      '/v1/models/m:predict?signature_name=s%20t&output_filter=a,b&output_filter=c',
      { kind: 'predict', name: 'm', signatureName: 's t', outputFilter: ['a', 'b', 'c'] },
    ],
    ['POST', '/v1/models/m:regress?signature_name=s', { kind: 'regress', name: 'm', signatureName: 's' }],
    ['GET', '/v1/models/metadata', { kind: 'status', name: 'metadata' }],
    ['GET', '/v1/models/m/versions/9223372036854775807', { kind: 'status', name: 'm', version: 2n ** 63n - 1n }],
    ['GET', '/v1/models/m/labels/stable', { kind: 'status', name: 'm', versionLabel: 'stable' }],
    ['GET', '/v1/models/m/metadata', { kind: 'metadata', name: 'm' }],
    ['GET', '/v1/models/m/versions/1/metadata', { kind: 'metadata', name: 'm', version: 1n }],
    ['GET', '/v1/models/m/labels/l/metadata', { kind: 'metadata', name: 'm', versionLabel: 'l' }],
    ['GET', '/v1/models/m/METADATA', { kind: 'status', name: 'm' }],
    ['GET', '/v1/models/m?x=1', { kind: 'status', name: 'm' }],
    ['GET', '/v1/models/a%2Fb%3ac+d%', { kind: 'status', name: 'a/b:c+d%' }],
    ['GET', '/v1/models/%C3%A9%zz', { kind: 'status', name: 'é%zz' }],
  ])('%s %s', (method, target, route) => {
    expect(restRoute(method, target)).toEqual(route);
  });

  it.each([..."!#$%&'()*+,/:;=?@[]"])('take %s in names and labels as a percent escape', (c) => {
    const escaped = `%${c.charCodeAt(0).toString(16)}`;
    expect(restRoute('POST', `/v1/models/a${escaped}b/labels/${escaped}:predict`)).toEqual({
      kind: 'predict',
      name: `a${c}b`,
      versionLabel: c,
    });
  });

  it.each([
    ['GET', '/v1/models/m/'],
    ['GET', '/v1/models/m:predict'],
    ['GET', '/v1/models/m/version/1'],
    ['GET', '/v1/models/m/label/1'],
    ['GET', '/v1/models/m/versions/'],
    ['GET', '/v1/models/m/versions/x'],
    ['GET', '/v1/models/m/versions/1/labels/l'],
    ['GET', '/v1/models/m/metadata/'],
    ['GET', '/v1/model/m'],
    ['POST', '/v1/models/m'],
    ['POST', '/v1/models/m/metadata'],
    ['POST', '/v1/models/m:explain'],
    ['POST', '/v1/models/m:PREDICT'],
    ['POST', '/v1/models/m?x=:predict'],
    ['POST', '/v1/models/:predict'],
    ['POST', '/v1/models/m/versions/-1:predict'],
    ['POST', '/v1/models/m/versions/1/labels/l:predict'],
    ['PUT', '/v1/models/m:predict'],
    ['HEAD', '/v1/models/m'],
  ])('%s %s is malformed', (method, target) => {
    expect(restRoute(method, target)).toBeUndefined();
  });

  it('take an output filter for predict only', () => {
    expect(() => restRoute('GET', '/v1/models/m?output_filter=y')).toThrow(
      'output_filter is for predict; given {y} on status',
    );
  });

  it('refuse versions beyond int64', () => {
    for (const digits of ['9223372036854775808', '18446744073709551615', '9'.repeat(10_000)]) {
      expect(() => restRoute('GET', `/v1/models/m/versions/${digits}`)).toThrow(
        `Failed to convert version: ${digits} to numeric.`,
      );
    }
  });

  it('belong to the API when they are below /v1/', () => {
    expect(['/v1/models', '/V1/x', '/v1/'].map(isApiTarget)).toEqual([true, true, true]);
    expect(['/statuspage', '/index', '/v1', '/v2/models', 'x/v1/models'].map(isApiTarget)).toEqual(
      new Array(5).fill(false),
    );
  });
});
