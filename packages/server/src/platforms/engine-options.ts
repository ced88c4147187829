import type * as Runtime from '@servable/runtime';
import type { EngineOptions } from '@servable/runtime';

/** What the platforms that run on the engine share. */
export interface EnginePlatformOptions {
  /** Threads of the engine, set before the first model is loaded; all platforms of a process must agree on them. */
  readonly engine?: EngineOptions | undefined;
}

/** The runtime is native code: imported when the first model is loaded, not when the server starts. */
export async function preparedRuntime({ engine }: EnginePlatformOptions): Promise<typeof Runtime> {
  const runtime = await import('@servable/runtime');
  if (engine) runtime.prepareRuntime(engine);
  return runtime;
}
