import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findTensorFlow, type TensorFlowSearch } from './find-tensorflow.js';

/** A machine on which only these files exist. */
function machine(files: readonly string[], over: Partial<TensorFlowSearch> = {}) {
  const asked: string[] = [];
  const search: TensorFlowSearch = {
    platform: 'linux',
    overridePath: undefined,
    kindOf(path) {
      if (files.includes(path)) return 'file';
      return files.some((file) => file.startsWith(join(path, '/'))) ? 'folder' : undefined;
    },
    packageFolder: (name) => {
      const folder = `/app/node_modules/${name}`;
      return files.some((file) => file.startsWith(`${folder}/`)) ? folder : undefined;
    },
    pythonPackage: async () => {
      asked.push('python');
      return { why: 'there is no python3' };
    },
    ...over,
  };
  return { asked, find: () => findTensorFlow(search) };
}

const site = '/venv/lib/python3.12/site-packages';
const wheel = `${site}/tensorflow/libtensorflow_cc.so.2`;
const gpu = '/app/node_modules/@tensorflow/tfjs-node-gpu/deps/lib/libtensorflow.so.2';
const cpu = '/app/node_modules/@tensorflow/tfjs-node/deps/lib/libtensorflow.so.2';
const python = { pythonPackage: async () => ({ folder: `${site}/tensorflow` }) };

describe('finding the library of TensorFlow', () => {
  it.each([
    ['the file', wheel],
    ['the folder of the Python package', `${site}/tensorflow`],
    ['the folder that packages are in', site],
  ])('takes %s that LIBTENSORFLOW_PATH names before all else', async (_, overridePath) => {
    const { find, asked } = machine([wheel, gpu], { overridePath });
    expect([await find(), asked]).toEqual([wheel, []]);
  });

  it('finds the lib folder of an unpacked archive of the C library', async () => {
    const { find } = machine(['/opt/tf/lib/libtensorflow.so.2'], { overridePath: '/opt/tf' });
    expect(await find()).toBe('/opt/tf/lib/libtensorflow.so.2');
  });

  it.each([
    ['relative/libtensorflow.so', 'given relative/libtensorflow.so'],
    ['/nowhere', 'given /nowhere, which does not exist'],
    [
      '/app',
      'given /app, a folder with none of libtensorflow_cc.so.2, libtensorflow.so.2, libtensorflow.so in it, in lib or in tensorflow',
    ],
  ])('refuses LIBTENSORFLOW_PATH=%s and looks nowhere else', async (overridePath, given) => {
    const { find, asked } = machine([gpu], { overridePath });
    await expect(find()).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'TENSORFLOW_PATH_INVALID',
      message: `LIBTENSORFLOW_PATH must be the absolute path of TensorFlow's library or of its folder, ${given}`,
    });
    expect(asked).toEqual([]);
  });

  it('takes tfjs-node-gpu, then tfjs-node, then the Python package', async () => {
    expect(await machine([gpu, cpu, wheel], python).find()).toBe(gpu);
    expect(await machine([cpu, wheel], python).find()).toBe(cpu);
    expect(await machine([wheel], python).find()).toBe(wheel);
  });

  it('goes on from a tfjs-node whose library was never downloaded', async () => {
    const { find } = machine(['/app/node_modules/@tensorflow/tfjs-node/package.json', wheel], python);
    expect(await find()).toBe(wheel);
  });

  it('knows the names on macOS and Windows', async () => {
    const folder = '/app/node_modules/@tensorflow/tfjs-node/deps/lib';
    expect(await machine([`${folder}/libtensorflow.2.dylib`], { platform: 'darwin' }).find()).toMatch(/2\.dylib$/);
    expect(await machine([`${folder}/tensorflow.dll`], { platform: 'win32' }).find()).toMatch(/tensorflow\.dll$/);
    await expect(machine([], { platform: 'aix' }).find()).rejects.toMatchObject({
      reason: 'TENSORFLOW_UNSUPPORTED_PLATFORM',
    });
  });

  it('says where it looked and what to install', async () => {
    await expect(machine(['/app/node_modules/@tensorflow/tfjs-node/package.json']).find()).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      reason: 'TENSORFLOW_NOT_INSTALLED',
      message:
        "TensorFlow's library is not installed. Looked at: LIBTENSORFLOW_PATH (not set); " +
        '@tensorflow/tfjs-node-gpu (not installed); @tensorflow/tfjs-node (no library in ' +
        "/app/node_modules/@tensorflow/tfjs-node/deps/lib); Python's tensorflow package (there is no python3). " +
        'Run "pip install tensorflow-cpu" (or "tensorflow[and-cuda]" for GPUs), or set LIBTENSORFLOW_PATH to the ' +
        'library or to its folder',
    });
  });
});
