import { SavedModelError } from '../diagnostics/saved-model-error.js';

/** A host op where the engine runs everything; a loop or branch around it is then run by the plan. */
export class HostOpInBody extends SavedModelError {
  constructor(op: string, origin: string) {
    super(
      'UNIMPLEMENTED',
      'HOST_OP_IN_LOOP',
      `Op ${op} at node '${origin}' runs on the host and stands inside a loop or branch, which runs in the engine.`,
      { op, node: origin },
    );
  }
}
