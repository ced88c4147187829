import type { FlagSpecs, FlagValues } from './parse-flags.js';

type Kebab<Name extends string> = Name extends `${infer Head}_${infer Tail}` ? `${Head}-${Kebab<Tail>}` : Name;

/** Flags of `tensorflow_model_server` as `servable` spells them: `max_json_depth` is `max-json-depth`. */
export type KebabFlags<S extends FlagSpecs> = { readonly [K in keyof S & string as Kebab<K>]: S[K] };

/** The same flags under the names that `servable` has for them, where all flags are our own. */
export function kebabFlags<S extends FlagSpecs>(specs: S): KebabFlags<S> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [kebab(name), { ...spec, isOwn: false }]),
  ) as KebabFlags<S>;
}

/** The values of such flags under the names of the table that they were made from. */
export function unkebabbed<S extends FlagSpecs>(specs: S, values: Readonly<Record<string, unknown>>): FlagValues<S> {
  return Object.fromEntries(Object.keys(specs).map((name) => [name, values[kebab(name)]])) as FlagValues<S>;
}

function kebab(name: string): string {
  return name.replaceAll('_', '-');
}
