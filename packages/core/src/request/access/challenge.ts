/** What a caller without good credentials is told to come with (RFC 6750, section 3). */
export function challenge(reason: string): string {
  const error = reason === 'TOKEN_UNKNOWN' ? ', error="invalid_token"' : '';
  return `Bearer realm="servable"${error}`;
}
