import type { DType } from '@servable/tensor';

/** A StableHLO type, as far as the compiler has a use for it. */
export type HloType =
  | HloTensorType
  | { readonly kind: 'element'; readonly dtype: DType }
  | { readonly kind: 'function'; readonly inputs: readonly HloType[]; readonly outputs: readonly HloType[] }
  | { readonly kind: 'tuple'; readonly types: readonly HloType[] }
  | { readonly kind: 'token' }
  /** A type that no tensor of the engine has, by its name in StableHLO. */
  | { readonly kind: 'other'; readonly name: string };

/** A ranked tensor; `null` where a size is known only when it is run. */
export interface HloTensorType {
  readonly kind: 'tensor';
  readonly dtype: DType;
  readonly shape: readonly (number | null)[];
}

export type HloAttribute =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** A word of a fixed list, by its number there. */
  | { readonly kind: 'enum'; readonly value: number }
  | { readonly kind: 'array'; readonly elements: readonly HloAttribute[] }
  | { readonly kind: 'dictionary'; readonly entries: ReadonlyMap<string, HloAttribute> }
  /** The bytes of all elements, or of the one that all elements are equal to. */
  | { readonly kind: 'tensor'; readonly type: HloType; readonly data: Uint8Array }
  | { readonly kind: 'type'; readonly type: HloType }
  /** An attribute that no lowering asks for. */
  | { readonly kind: 'other'; readonly name: string };

/** A value: a result of an op or an argument of a block. Compared by identity. */
export interface HloValue {
  readonly type: HloType;
  /** The op that makes it; undefined for an argument of a block. */
  readonly operation: HloOperation | undefined;
  /** Its position among the results or arguments. */
  readonly index: number;
}

/** An op. */
export interface HloOperation {
  /** Its name as StableHLO has it, without the version: `add`, or with a dialect in front: `sdy.mesh`. */
  readonly name: string;
  readonly attributes: ReadonlyMap<string, HloAttribute>;
  readonly operands: readonly HloValue[];
  readonly results: readonly HloValue[];
  /** Each region of StableHLO has one block. */
  readonly regions: readonly HloBlock[];
}

/** Ops in order; the last one is the `return`. */
export interface HloBlock {
  readonly arguments: readonly HloValue[];
  readonly operations: readonly HloOperation[];
}

/** A function of a module. */
export interface HloFunction {
  readonly name: string;
  readonly body: HloBlock;
}

/** A StableHLO program. */
export interface HloModule {
  /** The version of StableHLO that it was written for, such as `1.15.0`; undefined when it does not say. */
  readonly version: string | undefined;
  readonly functions: ReadonlyMap<string, HloFunction>;
}
