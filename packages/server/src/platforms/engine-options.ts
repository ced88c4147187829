import type * as Runtime from '@servable/runtime';
import type { EngineOptions } from '@servable/runtime';

/** What the platforms that run on the engine share. */
export interface EnginePlatformOptions {
  /** Threads of the engine, set before the first model is loaded; all platforms of a process must agree on them. */
  readonly engine?: EngineOptions | undefined;
}

let loaded: typeof Runtime | undefined;

/** The native memory of this process in bytes, once the runtime is there. */
export function nativeBytesInUse(): number | undefined {
  return loaded?.nativeBytesInUse();
}

/** Starts the engine ahead of the first model, which says what is wrong where that fails. */
export async function prepareEngine(options: EnginePlatformOptions): Promise<void> {
  try {
    const runtime = await preparedRuntime(options);
    if (!options.engine) runtime.prepareRuntime();
  } catch {
    // Without the engine's library, or with other settings of the program around.
  }
}

/** The runtime is native code: imported when the first model is loaded, not when the server starts. */
export async function preparedRuntime({ engine }: EnginePlatformOptions): Promise<typeof Runtime> {
  const runtime = await import('@servable/runtime');
  loaded = runtime;
  if (engine) runtime.prepareRuntime(engine);
  return runtime;
}
