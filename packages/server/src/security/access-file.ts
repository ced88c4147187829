import { dirname, resolve } from 'node:path';
import { type AccessPolicyOptions, methodClasses, parseTokens, readWholeFile } from '@servable/core';
import { ConfigFileError, type ConfigProblem } from '../config-file/config-problem.js';
import { described, fields, list, oneOf, type Place, text } from '../config-file/shape.js';
import { yamlTree } from '../config-file/yaml-tree.js';

/** Who may call what; see {@link AccessPolicyOptions}. */
export interface AccessOptions extends AccessPolicyOptions {
  /** Reads the options anew; asked every `credentialsPollMs`. Default: they stay as they are. */
  readonly reload?: (() => Promise<AccessPolicyOptions>) | undefined;
}

/** What an access file may say. */
export const accessShape = fields(
  {
    tokens: described(
      'Callers that are known by a bearer token, of which the SHA-256 stands here.',
      list(
        fields({ name: text, sha256: described('SHA-256 of the token, in 64 hexadecimal digits.', text) }, [
          'name',
          'sha256',
        ]),
      ),
    ),
    tokensFile: described(
      'File with a name and a token, or a name and sha256:<hash>, on each line; relative to this file.',
      text,
    ),
    certificates: described(
      'Callers that are known by their client certificate; TLS must ask for one.',
      list(
        fields({ name: text, subject: described('A name in the certificate: CN=…, DNS:… or URI:….', text) }, [
          'name',
          'subject',
        ]),
      ),
    ),
    rules: described(
      'What callers may do; what no rule allows is refused.',
      list(
        fields(
          {
            callers: described(
              'Names; authenticated: each that has one; anyone: also without credentials.',
              list(text),
            ),
            methods: list(oneOf(...methodClasses)),
            models: described('Names of models; * at the end stands for any rest. Default: all.', list(text)),
          },
          ['callers', 'methods'],
        ),
      ),
    ),
  },
  ['rules'],
);

/** The JSON Schema of an access file, for editors. */
export const accessJsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Servable access rules',
  ...accessShape.schema,
};

/**
 * Reads an access file in YAML or JSON, and the tokens file that it names.
 *
 * @param path - absolute
 * @returns options that read the files anew when they are asked to
 * @throws ConfigFileError with every problem and its place; ServingError for files that cannot be read
 */
export async function accessFromFile(path: string): Promise<AccessOptions> {
  const reload = (): Promise<AccessPolicyOptions> => readAccess(path);
  return { ...(await reload()), reload };
}

async function readAccess(path: string): Promise<AccessPolicyOptions> {
  const tree = await yamlTree(path, Buffer.from(await readWholeFile(path)).toString('utf8'));
  const problems: ConfigProblem[] = [];
  const place = (keys: readonly (string | number)[]): Place => ({
    path: keys,
    report: (message) => problems.push({ key: keys.join('.'), message, ...tree.placeOf(keys) }),
    child: (key) => place([...keys, key]),
  });
  const access = accessShape.read(tree.value ?? {}, place([]));
  if (access === undefined || problems.length > 0) throw new ConfigFileError(path, problems);
  return accessPolicyOptions(access, (relative) => resolve(dirname(path), relative));
}

/** The options that rules in a file come to. @param at - makes paths absolute */
export async function accessPolicyOptions(
  access: NonNullable<ReturnType<typeof accessShape.read>>,
  at: (path: string) => string,
): Promise<AccessPolicyOptions> {
  const { tokens = [], tokensFile, certificates, rules } = access;
  const rule = ({ callers = [], methods = [], models }: NonNullable<typeof rules>[number]) => ({
    callers,
    methods,
    models,
  });
  return {
    tokens: [
      ...tokens.map(({ name = '', sha256 = '' }) => ({ name, sha256 })),
      ...(tokensFile === undefined ? [] : await readTokens(at(tokensFile))),
    ],
    certificates: certificates?.map(({ name = '', subject = '' }) => ({ name, subject })),
    rules: (rules ?? []).map(rule),
  };
}

async function readTokens(path: string) {
  return parseTokens(Buffer.from(await readWholeFile(path)).toString('utf8'), path);
}
