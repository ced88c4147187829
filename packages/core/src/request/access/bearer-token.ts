import { createHash, timingSafeEqual } from 'node:crypto';
import { ServingError } from '../../servable/serving-error.js';

/** Who may come with which token: the SHA-256 of the token in 64 hexadecimal digits, or the token itself. */
export type BearerToken =
  | { readonly name: string; readonly sha256: string; readonly token?: undefined }
  | { readonly name: string; readonly token: string; readonly sha256?: undefined };

/** Fewest characters of a token: shorter ones can be guessed. */
const MIN_TOKEN_LENGTH = 16;
/** What RFC 6750 lets stand after `Bearer`. */
const tokenPattern = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Tokens, known by their hashes alone. */
export class TokenTable {
  readonly #entries: readonly { readonly name: string; readonly hash: Buffer }[];

  /** @throws ServingError INVALID_ARGUMENT for a hash or a token that is none; the message never has it in it */
  constructor(tokens: readonly BearerToken[]) {
    this.#entries = tokens.map((token) => ({ name: token.name, hash: hashOf(token) }));
  }

  get names(): readonly string[] {
    return this.#entries.map(({ name }) => name);
  }

  /** The name that a token stands for. Takes the same time whether and where it is found. */
  find(token: string): string | undefined {
    const hash = sha256(token);
    let found: string | undefined;
    for (const entry of this.#entries) if (timingSafeEqual(entry.hash, hash)) found ??= entry.name;
    return found;
  }
}

function hashOf({ name, sha256: hex, token }: BearerToken): Buffer {
  if (hex !== undefined) {
    if (/^[0-9a-f]{64}$/i.test(hex)) return Buffer.from(hex, 'hex');
    throw badToken(`The sha256 of token ${name} must be 64 hexadecimal digits; got ${hex.length} characters`);
  }
  if (token.length < MIN_TOKEN_LENGTH) {
    throw badToken(`Token ${name} must have at least ${MIN_TOKEN_LENGTH} characters; got ${token.length}`);
  }
  if (!tokenPattern.test(token))
    throw badToken(`Token ${name} must be of letters, digits and -._~+/, with = at its end`);
  return sha256(token);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Reads a tokens file: one token for each line, the name of its owner, blanks, and the token or `sha256:` with its hash;
 * `#` starts a comment.
 *
 * @param source - how messages name the file
 * @throws ServingError INVALID_ARGUMENT that names the line, and never says what stands on it
 */
export function parseTokens(text: string, source: string): readonly BearerToken[] {
  const tokens = text.split(/\r?\n/).flatMap((line, index): BearerToken[] => {
    const words = line.trim().split(/\s+/);
    if (words[0] === '' || words[0]!.startsWith('#')) return [];
    const [name, value, ...rest] = words;
    if (value === undefined || (rest.length > 0 && !rest[0]!.startsWith('#'))) {
      throw badToken(`${source}:${index + 1}: expected a name and a token, or a name and sha256:<hash>`);
    }
    const token: BearerToken = value.startsWith('sha256:')
      ? { name: name!, sha256: value.slice('sha256:'.length) }
      : { name: name!, token: value };
    try {
      hashOf(token);
    } catch (cause) {
      throw badToken(`${source}:${index + 1}: ${(cause as Error).message}`, cause);
    }
    return [token];
  });
  return tokens;
}

function badToken(message: string, cause?: unknown): ServingError {
  return new ServingError('INVALID_ARGUMENT', 'TOKEN_INVALID', message, { cause });
}
