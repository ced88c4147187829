import { SavedModelError } from '../../../diagnostics/saved-model-error.js';

/** The failure that TensorFlow has for every JPEG that it cannot decode, with the cause behind it. */
export function badJpeg(why: string): SavedModelError {
  return new SavedModelError(
    'INVALID_ARGUMENT',
    'BAD_JPEG',
    `jpeg::Uncompress failed. Invalid JPEG data or crop window: ${why}.`,
  );
}
