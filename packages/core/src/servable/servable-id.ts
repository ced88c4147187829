/** Names one version of one servable stream. */
export interface ServableId {
  readonly name: string;
  /** Any int64; upstream accepts zero and negative versions too. */
  readonly version: bigint;
}

/** The text form used in logs and error messages: `{name: digits version: 3}`. */
export function formatServableId(id: ServableId): string {
  return `{name: ${id.name} version: ${id.version}}`;
}
