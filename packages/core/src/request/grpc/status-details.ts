import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { FieldViolation, ServingError } from '../../servable/serving-error.js';
import { truncateUtf8 } from './truncate-utf8.js';

/** What a status says besides its details; `message` as it stands in `grpc-message`, which clients replace by it. */
export interface StatusHead {
  readonly code: number;
  readonly message: string;
  readonly requestId?: string | undefined;
}

/** Who the reasons in `google.rpc.ErrorInfo` belong to. */
const ERROR_DOMAIN = 'servable';

/**
 * Bounds on the violations that are sent: many clients and proxies take 8 KiB of headers in all, and base64 makes three
 * bytes four.
 */
const MAX_VIOLATIONS = 16;
const MAX_VIOLATIONS_BYTES = 1536;
const MAX_TEXT_BYTES = 256;

/** One message of `google.rpc.Status.details`. */
export interface StatusDetail {
  /** Full name of the message. */
  readonly type: string;
  readonly value: Uint8Array<ArrayBuffer>;
}

/**
 * The messages of google/rpc/error_details.proto that apply: ErrorInfo (the stable reason), BadRequest (the fields that
 * are to blame), RetryInfo and RequestInfo. Written field by field: there are only these few.
 */
export function statusDetails(error: ServingError, requestId: string | undefined): readonly StatusDetail[] {
  const details = [
    detail('google.rpc.ErrorInfo', (info) => {
      text(info, 1, error.reason);
      text(info, 2, ERROR_DOMAIN);
    }),
  ];
  const violations = boundedViolations(error.fieldViolations);
  if (violations.length > 0) {
    details.push(
      detail('google.rpc.BadRequest', (badRequest) => {
        for (const { field, description } of violations) {
          badRequest.tag(1, WireType.LengthDelimited).fork();
          text(badRequest, 1, field);
          text(badRequest, 2, description);
          badRequest.join();
        }
      }),
    );
  }
  const { retryAfterMs } = error;
  if (retryAfterMs !== undefined) {
    details.push(
      detail('google.rpc.RetryInfo', (retry) => {
        retry.tag(1, WireType.LengthDelimited).fork();
        retry.tag(1, WireType.Varint).int64(Math.floor(retryAfterMs / 1000));
        retry.tag(2, WireType.Varint).int32(Math.round((retryAfterMs % 1000) * 1e6));
        retry.join();
      }),
    );
  }
  if (requestId !== undefined) details.push(detail('google.rpc.RequestInfo', (info) => text(info, 1, requestId)));
  return details;
}

/** A `google.rpc.Status` with {@link statusDetails}. */
export function encodeStatusDetails(error: ServingError, { code, message, requestId }: StatusHead): Uint8Array {
  const status = new BinaryWriter();
  status.tag(1, WireType.Varint).int32(code);
  text(status, 2, message);
  for (const { type, value } of statusDetails(error, requestId)) {
    status.tag(3, WireType.LengthDelimited).fork();
    text(status, 1, `type.googleapis.com/${type}`);
    status.tag(2, WireType.LengthDelimited).bytes(value);
    status.join();
  }
  return status.finish();
}

function detail(type: string, write: (message: BinaryWriter) => void): StatusDetail {
  const message = new BinaryWriter();
  write(message);
  return { type, value: message.finish() };
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function boundedViolations(violations: readonly FieldViolation[]): readonly FieldViolation[] {
  const bounded: FieldViolation[] = [];
  let bytes = 0;
  for (const { field, description } of violations.slice(0, MAX_VIOLATIONS)) {
    const violation = {
      field: truncateUtf8(field, MAX_TEXT_BYTES, '…'),
      description: truncateUtf8(description, MAX_TEXT_BYTES, '…'),
    };
    bytes += Buffer.byteLength(violation.field) + Buffer.byteLength(violation.description);
    if (bytes > MAX_VIOLATIONS_BYTES) break;
    bounded.push(violation);
  }
  return bounded;
}
