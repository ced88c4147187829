import { describe, expect, it } from 'vitest';
import { effectiveConfig } from './effective-config.js';
import { servedModels } from './models/served-model.js';
import { type ServerOptions, resolveServerOptions } from './server-options.js';
import { version } from './version.js';

const model = { name: 'm', basePath: '/models/m' };
type Config = Record<'version' | 'models' | 'platforms', unknown> & { options: Record<string, unknown> };

function configOf(options: Partial<ServerOptions> = {}): Config {
  const resolved = resolveServerOptions({ models: [model], restPort: 8501, ...options });
  return effectiveConfig(resolved, resolved.models) as Config;
}

describe('the configuration that counts', () => {
  it('has the version, the platforms and the options with their defaults', () => {
    const config = configOf({ drainTimeoutMs: 5, limits: { maxJsonDepth: 100 } });
    expect(config.version).toBe(version);
    expect(config.platforms).toEqual(['tensorflow', 'onnx']);
    expect(config.options).toMatchObject({
      host: '127.0.0.1',
      restPort: 8501,
      drainTimeoutMs: 5,
      pollIntervalMs: 1000,
      maxLoadRetries: 5,
      limits: { maxJsonDepth: 100, maxHeaderBytes: 16_384 },
    });
    expect(Object.keys(config.options)).not.toEqual(expect.arrayContaining(['models']));
    expect(config.options).not.toHaveProperty('logger');
    expect(config.options).not.toHaveProperty('clock');
  });

  it('has the models that are configured now, of both kinds', () => {
    const resolved = resolveServerOptions({ models: [model], restPort: 8501 });
    const now = servedModels(
      [
        { ...model, versionPolicy: { kind: 'specific', versions: [1n, 3n] }, versionLabels: { stable: 3n } },
        { name: 'single', directory: '/models/single', version: 7n },
      ],
      ['tensorflow'],
    );
    expect((effectiveConfig(resolved, now) as Config).models).toEqual([
      {
        name: 'm',
        basePath: '/models/m',
        versionPolicy: { kind: 'specific', versions: ['1', '3'] },
        versionLabels: { stable: '3' },
      },
      {
        name: 'single',
        directory: '/models/single',
        version: '7',
        versionPolicy: { kind: 'latest', numVersions: 1 },
        versionLabels: {},
      },
    ]);
  });

  it('keeps secrets to itself', () => {
    const resolved = resolveServerOptions({ models: [model], restPort: 8501 });
    const secrets = {
      ...resolved,
      grpcTls: { key: '-----BEGIN PRIVATE KEY-----\nAAA', cert: 'public', verifyClient: true },
      access: { tokens: [{ name: 'batch', sha256: 'f00d' }], rules: [], tokenFile: '/etc/tokens' },
      store: { endpoint: 'https://me:hush@host/path?X-Amz-Signature=hush', secretAccessKey: 'hush', region: 'eu' },
      note: '-----BEGIN RSA PRIVATE KEY-----',
      limits: { ...resolved.limits, maxTokens: 3 },
    };
    const { options } = effectiveConfig(secrets, []) as Config;
    expect(options).toMatchObject({
      grpcTls: { key: '[redacted]', cert: 'public', verifyClient: true },
      access: { tokens: [{ name: 'batch', sha256: '[redacted]' }], tokenFile: '/etc/tokens' },
      store: { endpoint: 'https://[redacted]@host/path?[redacted]', secretAccessKey: '[redacted]', region: 'eu' },
      note: '[redacted]',
      limits: { maxTokens: 3 },
    });
    expect(JSON.stringify(options)).not.toMatch(/hush|f00d|AAA/);
  });

  it('keeps the place of a model in a store, without its credentials', () => {
    const resolved = resolveServerOptions({ models: [model], restPort: 8501 });
    const stored = { ...resolved.models[0]!, basePath: 's3://user:hush@bucket/m' };
    expect((effectiveConfig(resolved, [stored]) as Config).models).toMatchObject([
      { basePath: 's3://[redacted]@bucket/m' },
    ]);
  });
});
