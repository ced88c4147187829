// Fills `<os>-<cpu>/lib/` of the platform packages from the development dependency onnxruntime-node, and checks or writes
// the optional dependencies of @servable/runtime on them.
//
//   node packages/runtime/npm/fill.mjs              fills every lib/ folder
//   node packages/runtime/npm/fill.mjs linux-x64    fills one
//   node packages/runtime/npm/fill.mjs --link       also adds optionalDependencies to ../package.json (for publishing)
//   node packages/runtime/npm/fill.mjs --unlink     takes them out again

import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const here = import.meta.dirname;

/** Files that are no part of the library: the addon of onnxruntime-node, and a second copy of the macOS library. */
const leftOut = /\.node$|^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/;

/** Names of the platform folders: `linux-x64` and so on. */
export async function platforms() {
  const entries = await readdir(here, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** Fills the `lib/` folder of one platform package and returns the names of the files in it. */
export async function fill(platform) {
  const source = join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json')), 'bin/napi-v6');
  const from = join(source, ...platform.split('-'));
  const lib = join(here, platform, 'lib');
  await rm(lib, { recursive: true, force: true });
  await mkdir(lib, { recursive: true });
  const files = (await readdir(from)).filter((file) => !leftOut.test(file));
  for (const file of files) await copyFile(join(from, file), join(lib, file));
  await copyFile(join(here, 'onnxruntime-LICENSE.txt'), join(lib, 'LICENSE.txt'));
  await copyFile(join(here, 'onnxruntime-ThirdPartyNotices.txt'), join(lib, 'ThirdPartyNotices.txt'));
  return files;
}

/** Writes (or takes out) the optional dependencies of @servable/runtime on the platform packages. */
export async function link(add) {
  const path = join(here, '../package.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  delete manifest.optionalDependencies;
  if (add) {
    manifest.optionalDependencies = {};
    for (const platform of await platforms()) {
      const { name, version } = JSON.parse(await readFile(join(here, platform, 'package.json'), 'utf8'));
      manifest.optionalDependencies[name] = version;
    }
  }
  await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`);
}

if (process.argv[1] === import.meta.filename) {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
  const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
  const known = await platforms();
  const bad = [...names.filter((name) => !known.includes(name)), ...flags.filter((f) => !/^--(un)?link$/.test(f))];
  if (bad.length > 0) {
    console.error(`Expected platforms (${known.join(', ')}), --link or --unlink; given ${bad.join(', ')}`);
    process.exit(2);
  }
  if (flags.includes('--unlink')) await link(false);
  else {
    for (const platform of names.length > 0 ? names : known) {
      console.log(`${platform}: ${(await fill(platform)).join(', ')}`);
    }
    if (flags.includes('--link')) await link(true);
  }
}
