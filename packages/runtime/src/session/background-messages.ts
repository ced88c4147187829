/** The calls that a thread in the background makes. Pointers are addresses of memory that the other side holds. */
export type BackgroundFunction =
  | 'CreateSession'
  | 'CreateSessionFromArray'
  | 'CreateSessionWithPrepackedWeightsContainer'
  | 'CreateSessionFromArrayWithPrepackedWeightsContainer'
  | 'ReleaseSession';

export type BackgroundArgument = bigint | number | string;

/** A call to be made. */
export interface BackgroundCall {
  readonly number: number;
  readonly name: BackgroundFunction;
  readonly args: readonly BackgroundArgument[];
}

/** What the thread says: that it is there (number 0), or what a call gave. */
export interface BackgroundAnswer {
  readonly number: number;
  readonly result: bigint | null;
}
