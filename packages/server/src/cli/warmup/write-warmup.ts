import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodePredictionLog, encodeTfRecord, ServingError } from '@servable/core';
import { encodePredictRequest, type Tensor } from '@servable/tensor';
import { maxWarmupRecords } from '../../warmup/replay-warmup.js';

/** One Predict request as a record of a warm-up file. */
export function predictRecord(signatureName: string, inputs: ReadonlyMap<string, Tensor>): Uint8Array {
  const request = encodePredictRequest(
    { modelSpec: { name: '', signatureName }, inputs, outputFilter: [] },
    { content: true },
  );
  return encodePredictionLog({ kind: 'predict', request });
}

/**
 * Writes a warm-up file, whole or not at all.
 *
 * @throws ServingError INVALID_ARGUMENT for no record or more than a warm-up file may have; ALREADY_EXISTS for a file that
 * is there, unless `overwrite`
 */
export async function writeWarmup(file: string, records: readonly Uint8Array[], overwrite: boolean): Promise<void> {
  if (records.length === 0 || records.length > maxWarmupRecords) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'WARMUP_RECORDS',
      `A warm-up file has 1 to ${maxWarmupRecords} requests; got ${records.length}`,
    );
  }
  if (!overwrite && (await exists(file))) {
    throw new ServingError('ALREADY_EXISTS', 'FILE_EXISTS', `${file} exists; --overwrite replaces it`);
  }
  await mkdir(dirname(file), { recursive: true });
  // Renamed, as a server may be looking at the directory.
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, Buffer.concat(records.map(encodeTfRecord)));
  await rename(temporary, file);
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
