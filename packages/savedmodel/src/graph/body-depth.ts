import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** More loops and branches inside each other than any exporter writes: a body that holds itself would never end. */
export const MAX_BODY_DEPTH = 64;

export function bodiesTooDeep(node: string): SavedModelError {
  return new SavedModelError(
    'INVALID_ARGUMENT',
    'BODIES_TOO_DEEP',
    `Node '${node}' stands in more than ${MAX_BODY_DEPTH} loops and branches: a body holds itself.`,
    { node },
  );
}
