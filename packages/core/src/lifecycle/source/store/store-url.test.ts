import { expect, test } from 'vitest';
import type { ServingError } from '../../../servable/serving-error.js';
import { parseStoreUrl } from './store-url.js';

const azure = 'https://account.blob.core.windows.net';
const hash = 'AB'.repeat(32);

test.each([
  ['s3://bucket', { kind: 's3', bucket: 'bucket', prefix: '' }],
  ['gs://bucket/models/resnet/', { kind: 'gs', bucket: 'bucket', prefix: 'models/resnet' }],
  [`${azure}/models/a%20b`, { kind: 'az', bucket: 'models', prefix: 'a b', endpoint: azure }],
  [`https://host/m.tgz#sha256=${hash}`, { kind: 'tarball', url: 'https://host/m.tgz', sha256: hash.toLowerCase() }],
])('%s', (basePath, expected) => {
  expect(parseStoreUrl(basePath)).toEqual(expected);
});

test.each([
  ['s3://', 'must be <scheme>://<bucket>/<prefix>'],
  ['s3://bucket/a/../b', 'must not have empty segments, . or .. in it'],
  [`${azure}/models/a%2F..%2Fx`, 'must not have empty segments, . or .. in it'],
  [`${azure}/models/100%`, 'has a percent sign in it that does not stand for a character'],
  [`${azure}/models?sig=secret`, 'must not have a query; a signature belongs into AZURE_STORAGE_SAS_TOKEN'],
  ['https://user:secret@host/m.tgz', 'must not have a user or a password in it'],
  ['https://host/models/', 'must end in .tar, .tar.gz or .tgz: web servers have no folders to list'],
])('%s is refused', (basePath, why) => {
  const refused = (): unknown => parseStoreUrl(basePath);
  expect(refused).toThrow(why);
  try {
    refused();
  } catch (error) {
    const { code, reason, message } = error as ServingError;
    expect([code, reason, message.includes('secret')]).toEqual(['INVALID_ARGUMENT', 'BASE_PATH_INVALID', false]);
  }
});
