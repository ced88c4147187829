import { nearestName } from '../nearest-name.js';

/** A part of a JSON Schema (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A place in a document, for problems. */
export interface Place {
  readonly path: readonly (string | number)[];
  /** Notes what is wrong here. */
  report(message: string): void;
  child(key: string | number): Place;
}

/** What a value has to look like: a check and its JSON Schema, from one table. */
export interface Shape<T> {
  readonly schema: JsonSchema;
  /** Reads a value, or reports what is wrong with it and returns `undefined`. */
  read(value: unknown, place: Place): T | undefined;
}

function shape<T>(schema: JsonSchema, expected: string, accept: (value: unknown) => T | undefined): Shape<T> {
  return {
    schema,
    read(value, place) {
      const read = accept(value);
      if (read === undefined) place.report(`expected ${expected}; got ${show(value)}`);
      return read;
    },
  };
}

function show(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : JSON.stringify(value);
}

export const text: Shape<string> = shape({ type: 'string', minLength: 1 }, 'a text', (value) =>
  typeof value === 'string' && value !== '' ? value : undefined,
);

export const flag: Shape<boolean> = shape({ type: 'boolean' }, 'true or false', (value) =>
  typeof value === 'boolean' ? value : undefined,
);

export function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  const isAny = most === Number.MAX_SAFE_INTEGER;
  return shape(
    { type: 'integer', minimum: least, ...(isAny ? {} : { maximum: most }) },
    isAny ? `a whole number of at least ${least}` : `a whole number from ${least} to ${most}`,
    (value) =>
      Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most ? Number(value) : undefined,
  );
}

export const number: Shape<number> = shape({ type: 'number' }, 'a number', (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined,
);

/** A number of bytes, or a text with K, M, G or T behind the digits. */
export const bytes: Shape<number | string> = shape(
  {
    anyOf: [
      { type: 'integer', minimum: 1 },
      { type: 'string', pattern: '^\\d+(\\.\\d+)?[KMGTkmgt]?i?$' },
    ],
  },
  'a number of bytes, or a text such as 512M or 2G',
  (value) =>
    Number.isSafeInteger(value) || (typeof value === 'string' && /^\d+(\.\d+)?[kmgt]?i?$/i.test(value))
      ? (value as number | string)
      : undefined,
);

/** A version: a whole number, or its digits in quotes where a number is too large to be exact. */
export const version: Shape<bigint> = shape(
  { anyOf: [{ type: 'integer' }, { type: 'string', pattern: '^-?[0-9]+$' }] },
  'a version, a whole number; one beyond 2^53 in quotes',
  (value) => {
    const isExact = Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d+$/.test(value));
    if (!isExact) return undefined;
    const number = BigInt(value as number | string);
    return BigInt.asIntN(64, number) === number ? number : undefined;
  },
);

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return shape({ enum: words }, words.join(' or '), (value) => words.find((word) => word === value));
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return {
    schema: { type: 'array', items: item.schema },
    read(value, place) {
      if (!Array.isArray(value)) {
        place.report(`expected a list; got ${show(value)}`);
        return undefined;
      }
      const items = value.map((entry, index) => item.read(entry, place.child(index)));
      return items.filter((entry) => entry !== undefined);
    },
  };
}

export function record<T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return {
    schema: { type: 'object', additionalProperties: item.schema },
    read(value, place) {
      if (!isMap(value)) {
        place.report(`expected a map; got ${show(value)}`);
        return undefined;
      }
      const entries = Object.entries(value).map(([key, entry]) => [key, item.read(entry, place.child(key))] as const);
      return Object.fromEntries(entries.filter((entry): entry is [string, T] => entry[1] !== undefined));
    },
  };
}

type Fields = Readonly<Record<string, Shape<unknown> & { readonly description?: string }>>;

type Read<F extends Fields> = { -readonly [K in keyof F]?: F[K] extends Shape<infer T> ? T : never };

/** A map of these fields only; each of them may be left out, but those in `required`. */
export function fields<F extends Fields>(all: F, required: readonly (keyof F & string)[] = []): Shape<Read<F>> {
  return {
    schema: {
      type: 'object',
      properties: Object.fromEntries(Object.entries(all).map(([key, { schema }]) => [key, schema])),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
    },
    read(value, place) {
      if (!isMap(value)) {
        place.report(`expected a map; got ${show(value)}`);
        return undefined;
      }
      const read: Record<string, unknown> = {};
      for (const [key, entry] of Object.entries(value)) {
        const field = Object.hasOwn(all, key) ? all[key] : undefined;
        const nearest = field ? undefined : nearestName(key, Object.keys(all));
        if (!field) place.child(key).report(`unknown key${nearest === undefined ? '' : `; did you mean ${nearest}?`}`);
        else read[key] = field.read(entry, place.child(key));
      }
      for (const key of required) if (!Object.hasOwn(value, key)) place.report(`${key} is missing`);
      return read as Read<F>;
    },
  };
}

/** Text adds what a field means to its schema. */
export function described<S extends Shape<unknown>>(description: string, of: S): S {
  return { ...of, schema: { description, ...of.schema } };
}

/** A word, or a map with a single key. */
export function choice<T>(words: Shape<T>, maps: Shape<T>): Shape<T> {
  return {
    schema: { anyOf: [words.schema, maps.schema] },
    read: (value, place) => (typeof value === 'object' && value !== null ? maps : words).read(value, place),
  };
}

/** A list, or something else. */
export function either<T>(single: Shape<T>, listed: Shape<T>): Shape<T> {
  return {
    schema: { anyOf: [single.schema, listed.schema] },
    read: (value, place) => (Array.isArray(value) ? listed : single).read(value, place),
  };
}

/** A shape whose value is made into another one. */
export function mapped<T, R>(of: Shape<T>, make: (value: T, place: Place) => R | undefined): Shape<R> {
  return {
    schema: of.schema,
    read(value, place) {
      const read = of.read(value, place);
      return read === undefined ? undefined : make(read, place);
    },
  };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
