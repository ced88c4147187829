/**
 * One call at a time, in order of arrival: sessions of `webgpu` share one device, whose native code is not made for several
 * threads at once.
 */
let last: Promise<unknown> = Promise.resolve();

/** Waits for a turn. @returns ends it; to be called once native code is done */
export async function takeTurn(): Promise<() => void> {
  const before = last;
  let end!: () => void;
  last = new Promise<void>((resolve) => (end = resolve));
  await before;
  return end;
}
