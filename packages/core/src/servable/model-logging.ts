import { isAbsolute, normalize, sep } from 'node:path';
import { ServingError } from './serving-error.js';

/** Recording of a model's requests: `LoggingConfig` of tensorflow_serving/config/logging_config.proto. */
export interface ModelLogging {
  /** Absolute path that the names of the files start with, such as `/var/log/models/resnet`. */
  readonly filenamePrefix: string;
  /** Share of the answered requests that is recorded, above 0 and at most 1. */
  readonly samplingRate: number;
}

/** @throws ServingError INVALID_ARGUMENT that names the model */
export function checkModelLogging(name: string, { filenamePrefix, samplingRate }: ModelLogging): void {
  if (!isAbsolute(filenamePrefix) || filenamePrefix.endsWith(sep) || normalize(filenamePrefix) !== filenamePrefix) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'LOG_PREFIX_INVALID',
      `Model ${name}: filename_prefix of the log must be an absolute path and the start of a file name; ` +
        `got '${filenamePrefix}'`,
    );
  }
  if (!(samplingRate > 0 && samplingRate <= 1)) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'SAMPLING_RATE_INVALID',
      `Model ${name}: sampling_rate of the log must be above 0 and at most 1; got ${samplingRate}`,
    );
  }
}
