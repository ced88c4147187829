import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { formatBytes } from '../inspect/format-inspection.js';
import type { Check } from './check.js';

/** The oldest Node that the packages run on: `engines` of their package.json. */
const OLDEST_NODE = [20, 19] as const;

/** Instructions that the engine's kernels choose between, as Linux calls them. */
const CPU_FEATURES: Readonly<Record<string, readonly string[]>> = {
  x64: ['avx', 'avx2', 'fma', 'f16c', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'avx_vnni', 'amx_int8', 'amx_bf16'],
  arm64: ['asimd', 'asimdhp', 'asimddp', 'i8mm', 'bf16', 'sve', 'sve2', 'sme'],
};

export function checkNode(version: string = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  return {
    name: 'node',
    title: 'Node',
    status: isOld ? 'error' : 'ok',
    found: version,
    ...(isOld ? { advice: `install Node ${OLDEST_NODE.join('.')} or newer` } : {}),
    details: { version },
  };
}

export function checkPlatform(): Check {
  const libc = process.platform === 'linux' ? (glibcVersion() ?? 'another libc than glibc') : undefined;
  const found = `${process.platform}-${process.arch}`;
  return {
    name: 'platform',
    title: 'Platform',
    // Whether there is an engine for it is for the engine's check to say.
    status: 'ok',
    found: libc === undefined ? found : `${found}, ${/^\d/.test(libc) ? `glibc ${libc}` : libc}`,
    details: { platform: process.platform, arch: process.arch, ...(libc === undefined ? {} : { libc }) },
  };
}

export async function checkCpu(): Promise<Check> {
  const cores = availableParallelism();
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  const features = await cpuFeatures();
  const lacksAvx2 = process.arch === 'x64' && features !== undefined && !features.includes('avx2');
  const known =
    features === undefined ? '' : `; ${features.join(' ') || 'none of the vector instructions that matter'}`;
  return {
    name: 'cpu',
    title: 'Processor',
    status: lacksAvx2 ? 'warning' : 'ok',
    found: `${cores} core${cores === 1 ? '' : 's'} usable, ${model}${known}`,
    ...(lacksAvx2 ? { advice: 'without AVX2 models run several times slower; use another kind of machine' } : {}),
    details: { cores, model, ...(features === undefined ? {} : { features }) },
  };
}

export function checkMemory(): Check {
  // What a container may use, where it is less than what the machine has.
  const limit = process.constrainedMemory?.() ?? 0;
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  const available = Math.min(total, freemem());
  const isLow = available < 256e6;
  return {
    name: 'memory',
    title: 'Memory',
    status: isLow ? 'warning' : 'ok',
    found: `${formatBytes(available)} free of ${formatBytes(total)}${total === limit ? ' that this container may use' : ''}`,
    ...(isLow ? { advice: 'a server without models takes about 150 MB; free some memory' } : {}),
    details: { totalBytes: total, freeBytes: available },
  };
}

/** `undefined` where the system does not tell. */
async function cpuFeatures(): Promise<readonly string[] | undefined> {
  if (process.platform !== 'linux') return undefined;
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  const has = new Set(line.trim().split(/\s+/));
  return (CPU_FEATURES[process.arch] ?? []).filter((feature) => has.has(feature));
}

/** Node's diagnostic report names the glibc that it runs on; on another libc there is none. */
function glibcVersion(): string | undefined {
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  const before = report.excludeNetwork ?? false;
  // The report would look up the names of all open connections.
  report.excludeNetwork = true;
  try {
    return (report.getReport() as { header?: { glibcVersionRuntime?: string } }).header?.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = before;
  }
}
