/** What all cases of the table say. */
interface CaseOf<Client extends string> {
  /** What the case shows; unique within its topic. */
  readonly name: string;
  /** Where the expected answer comes from: a section of the reference, or the source file of TensorFlow Serving. */
  readonly from: string;
  /** The client that makes the call, in place of the topic's. */
  readonly client?: Client;
  /** The server that is asked, in place of `main` (see servers.ts). */
  readonly server?: ServerName;
}

/** The servers that a run starts. */
export type ServerName = 'main' | 'checked' | 'tls';

/** What an HTTP answer has to be: everything that is given has to hold. */
export interface HttpExpectation {
  readonly status: number;
  /** The whole body is upstream's JSON of an error with this message. */
  readonly error?: string;
  /** The whole body, white space included. */
  readonly body?: string;
  /** The body as JSON, in any order of keys and with any white space. */
  readonly json?: unknown;
  /** Texts that the body contains. */
  readonly holds?: readonly string[];
  /** Texts that the body does not contain. */
  readonly lacks?: readonly string[];
  /** Response headers by lower-case name; null: there is none. */
  readonly header?: Readonly<Record<string, string | null>>;
}

/** A call over HTTP, by `curl` or Python's `requests`. */
export interface RestCase extends CaseOf<'curl' | 'requests'>, HttpExpectation {
  /** `GET` without a body, `POST` with one, where it is not given. */
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body: a text (UTF-8) or bytes. */
  readonly send?: string | Uint8Array;
}

/** A call of an RPC, by the official Python stubs on grpcio or by `grpcurl`. */
export interface GrpcCase extends CaseOf<'grpcio' | 'grpcurl'> {
  /** `Service/Method`, without the package for the services of `tensorflow.serving`. */
  readonly rpc: string;
  /** Text format for grpcio, JSON for grpcurl. */
  readonly request?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly timeoutSeconds?: number;
  readonly compression?: 'gzip' | 'deflate';
  /** The canonical name of the status; OK where it is not given. */
  readonly code?: string;
  /** The whole message of the status. */
  readonly details?: string;
  /** Texts that the message of the status contains. */
  readonly detailsHold?: readonly string[];
  /** The whole answer, in the form of the request. */
  readonly response?: string;
  /** Texts that the answer contains, printed in the form of the request. */
  readonly holds?: readonly string[];
  /** Texts that it does not contain. */
  readonly lacks?: readonly string[];
}

/** A start of `tensorflow_model_server`. */
export interface CliCase extends CaseOf<'shell'> {
  /** `{port}`, `{rest}`, `{models}`, `{wire}` and `{dir}` stand for free ports and folders. */
  readonly args: readonly string[];
  /** Files written to `{dir}` first; the same names stand for values there. */
  readonly files?: Readonly<Record<string, string>>;
  /** The exit status; without one the program has to serve, and to end with 0 on SIGTERM. */
  readonly exit?: number;
  readonly stdout?: readonly string[];
  readonly stderr?: readonly string[];
  readonly stderrLacks?: readonly string[];
  /** A REST call once it serves. */
  readonly then?: HttpExpectation & { readonly path: string; readonly send?: string };
}

export type RestTopic = Topic<'rest', RestCase, 'curl' | 'requests'>;
export type GrpcTopic = Topic<'grpc', GrpcCase, 'grpcio' | 'grpcurl'>;
export type CliTopic = Topic<'cli', CliCase, 'shell'>;

interface Topic<Kind extends string, Case, Client extends string> {
  readonly kind: Kind;
  readonly topic: string;
  /** The client of the cases that name none. */
  readonly client: Client;
  readonly cases: readonly Case[];
}

/** A case that was run: why it failed, or nothing. */
export interface Verdict {
  readonly topic: string;
  readonly name: string;
  readonly failure?: string | undefined;
  /** Why it could not be run: neither passed nor failed. */
  readonly skipped?: string | undefined;
}
