import { isMainThread } from 'node:worker_threads';
import koffi from 'koffi';

/** Read by the library when it starts. */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/**
 * Keeps ONNX Runtime from sending usage data: its official builds report to a server of Microsoft's unless told
 * otherwise (`core/platform/posix/telemetry.cc`), and leave files in the folder for temporary files. A model server calls
 * nobody. Who wants it sets `ORT_DISABLE_TELEMETRY=0`, which is left alone.
 *
 * To be called before the library is loaded.
 */
export function switchTelemetryOff(): void {
  if (process.env[SWITCH] !== undefined) return;
  process.env[SWITCH] = '1';
  // A worker thread changes only its own copy of the environment.
  if (isMainThread || process.platform === 'win32') return;
  const setenv = koffi.load(null).func('int setenv(str name, str value, int overwrite)') as (
    name: string,
    value: string,
    overwrite: number,
  ) => number;
  setenv(SWITCH, '1', 0);
}
