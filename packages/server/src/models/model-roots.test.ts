import { expect, test } from 'vitest';
import { ModelRoots } from './model-roots.js';
import { servedModels } from './served-model.js';

function check(roots: ModelRoots, basePath: string): void {
  roots.check(servedModels([{ name: 'm', basePath }], []));
}

test('a client may name what lies beside the buckets and folders that are configured, and nothing else', () => {
  const roots = new ModelRoots(['gs://open'], '--model_root');
  roots.add(servedModels([{ name: 'a', basePath: 's3://bucket/models/a' }], []));
  check(roots, 's3://bucket/models/b');
  check(roots, 'gs://open/any/where');
  for (const path of ['s3://bucket/other/b', 's3://bucket2/models/a', 'gs://opened/m', '/etc/s3://bucket/models/b']) {
    expect(() => check(roots, path)).toThrow(
      `Base path ${path} of model m is under no directory that a client may name`,
    );
  }
  expect(() => check(roots, 'http://169.254.169.254/m.tar')).toThrow('--model_root allows another one');
});
