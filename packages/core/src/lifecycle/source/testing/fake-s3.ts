import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test may do to a request: answer it, or let it pass by returning `false`. */
export type FakeS3Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A server that speaks the few requests of S3 that a source makes: lists in pages, looks, reads ranges. */
export interface FakeS3 extends AsyncDisposable {
  readonly endpoint: string;
  /** Objects by `bucket/key`. */
  readonly objects: Map<string, Uint8Array>;
  /** `GET /bucket/key bytes=5-`, in the order they came. */
  readonly requests: string[];
  fault: FakeS3Fault | undefined;
  /** Puts text or bytes. */
  put(key: string, content: string | Uint8Array): void;
}

export async function fakeS3(pageSize = 2): Promise<FakeS3> {
  const objects = new Map<string, Uint8Array>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://fake');
    const path = decodeURIComponent(url.pathname).slice(1);
    const isList = url.searchParams.has('list-type');
    const what = isList
      ? `LIST ${path.replace(/\/$/, '')}/${url.searchParams.get('prefix') ?? ''}`
      : `${request.method} ${path}`;
    requests.push([what, request.headers.range].filter(Boolean).join(' '));
    if (fake.fault?.(request, response)) return;
    if (isList) list(path.replace(/\/$/, ''), url.searchParams, response);
    else read(path, request, response);
  });

  const list = (bucket: string, query: URLSearchParams, response: ServerResponse): void => {
    const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter')];
    const folders = new Set<string>();
    const keys: string[] = [];
    for (const key of [...objects.keys()].sort()) {
      if (!key.startsWith(`${bucket}/${prefix}`)) continue;
      const rest = key.slice(bucket.length + 1 + prefix.length);
      const cut = delimiter ? rest.indexOf(delimiter) : -1;
      if (cut < 0) keys.push(key);
      else folders.add(prefix + rest.slice(0, cut + 1));
    }
    const all = [...folders, ...keys];
    const start = Number(query.get('continuation-token') ?? 0);
    const page = all.slice(start, start + pageSize);
    const xml = page.map((item) => {
      if (folders.has(item)) return `<CommonPrefixes><Prefix>${item}</Prefix></CommonPrefixes>`;
      const content = objects.get(item)!;
      return (
        `<Contents><Key>${item.slice(bucket.length + 1)}</Key><Size>${content.length}</Size><ETag>${etag(content)}</ETag>` +
        '<LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>'
      );
    });
    const more = start + pageSize < all.length;
    response.setHeader('content-type', 'application/xml');
    response.end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>` +
        `${more ? `<NextContinuationToken>${start + pageSize}</NextContinuationToken>` : ''}${xml.join('')}</ListBucketResult>`,
    );
  };

  const read = (path: string, request: IncomingMessage, response: ServerResponse): void => {
    const content = objects.get(path);
    if (!content) return answer(response, 404, 'NoSuchKey');
    const match = request.headers['if-match'];
    if (match !== undefined && match !== etag(content)) return answer(response, 412, 'PreconditionFailed');
    response.setHeader('etag', etag(content));
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (request.headers.range !== undefined) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`);
    }
    response.setHeader('content-length', content.length - start);
    response.end(request.method === 'HEAD' ? undefined : content.subarray(start));
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeS3 = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    fault: undefined,
    put: (key, content) => void objects.set(key, Buffer.from(content)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

/** Answers as S3 does when it refuses. */
export function answer(response: ServerResponse, status: number, code: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'application/xml');
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>No luck: ${code}</Message></Error>`);
}

function etag(content: Uint8Array): string {
  return `"${createHash('md5').update(content).digest('hex')}"`;
}
