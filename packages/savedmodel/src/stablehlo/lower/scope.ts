import type { HloValue } from '../hlo.js';
import { malformedModule } from '../malformed-module.js';
import type { HloLowered } from './spread.js';

/** What the values of a function and of the blocks in it stand for. */
export class Scope {
  private readonly values = new Map<HloValue, HloLowered>();

  constructor(private readonly parent?: Scope) {}

  set(value: HloValue, lowered: HloLowered): void {
    this.values.set(value, lowered);
  }

  /** @throws SavedModelError INVALID_ARGUMENT for a value that nothing has made */
  get(value: HloValue): HloLowered {
    const known = this.find(value);
    if (known === undefined) throw malformedModule('expected a value to be made before it is used');
    return known;
  }

  find(value: HloValue): HloLowered | undefined {
    return this.values.get(value) ?? this.parent?.find(value);
  }
}
