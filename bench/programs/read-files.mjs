// Reads all files of a directory into memory, one after the other: read-files.mjs DIRECTORY
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const start = performance.now();
let bytes = 0;
for (const file of readdirSync(process.argv[2], { recursive: true })) {
  const path = join(process.argv[2], file);
  if (statSync(path).isFile()) bytes += readFileSync(path).length;
}
console.log(JSON.stringify({ milliseconds: performance.now() - start, bytes }));
