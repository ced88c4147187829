import type { HloAttribute, HloType } from '../hlo.js';
import type { StringTable } from './names.js';

/** What attributes and types refer to by number. */
export interface Entries {
  readonly strings: StringTable;
  attribute(index: number): HloAttribute;
  type(index: number): HloType;
}
