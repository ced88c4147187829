import { ConfigFileError, type ConfigProblem } from './config-problem.js';

/** What is needed of a node of the parsed document. */
interface YamlNode {
  readonly range?: readonly number[] | null;
  /** Entries of a list, or pairs of a map. */
  readonly items?: readonly (YamlNode | YamlPair | null)[];
}

interface YamlPair {
  readonly key: (YamlNode & { readonly value?: unknown }) | null;
  readonly value: YamlNode | null;
}

interface YamlDocument {
  readonly errors: readonly { readonly message: string }[];
  readonly contents: YamlNode | null;
  toJSON(): unknown;
}

/** A YAML or JSON document, its value and where each part of it stands. */
export interface YamlTree {
  readonly value: unknown;
  /** The place of a part: of its key in a map, of itself in a list. */
  placeOf(path: readonly (string | number)[]): Pick<ConfigProblem, 'line' | 'column'>;
}

/**
 * Parses YAML, of which JSON is a part.
 *
 * @throws ConfigFileError for text that is neither
 */
export async function yamlTree(path: string, source: string): Promise<YamlTree> {
  // Most servers never see such a file.
  const { default: YAML } = await import('yaml');
  const document = YAML.parseDocument(source, { prettyErrors: true }) as unknown as YamlDocument;
  if (document.errors.length > 0) throw new ConfigFileError(path, document.errors.map(syntaxProblem));
  return {
    value: document.toJSON(),
    placeOf(keys) {
      let node = document.contents;
      let offset = node?.range?.[0] ?? 0;
      for (const key of keys) {
        const items = node?.items ?? [];
        const item = typeof key === 'number' ? items[key] : items.find((pair) => pairKey(pair) === key);
        if (!item) break;
        offset = ('key' in item ? item.key?.range?.[0] : item.range?.[0]) ?? offset;
        node = 'key' in item ? item.value : item;
      }
      const before = source.slice(0, offset).split('\n');
      return { line: before.length, column: before.at(-1)!.length + 1 };
    },
  };
}

function pairKey(pair: YamlNode | YamlPair | null): string | undefined {
  return pair && 'key' in pair ? String(pair.key?.value) : undefined;
}

/** The parser puts the place at the end of its message, and a picture of the line after it. */
function syntaxProblem({ message }: { readonly message: string }): ConfigProblem {
  const [first = message] = message.split('\n');
  const place = / at line (\d+), column (\d+):?$/.exec(first);
  if (!place) return { key: '', message: first };
  return { key: '', message: first.slice(0, place.index), line: Number(place[1]), column: Number(place[2]) };
}
