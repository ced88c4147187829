import { SavedModelError } from '../diagnostics/saved-model-error.js';

/**
 * The error for bytes that are no StableHLO program.
 *
 * @param what - what was expected and what was given
 */
export function malformedModule(what: string): SavedModelError {
  return new SavedModelError('INVALID_ARGUMENT', 'MALFORMED_STABLEHLO', `StableHLO module: ${what}.`);
}
