import { ByteWriter } from './byte-writer.js';
import type { JsonCursor } from './json-cursor.js';
import { ch, decodeUtf8 } from './json-text.js';
import { PrettyWriter } from './pretty-writer.js';

/** Once this many bytes are written, nothing more is begun (`kMaxJsonDebugStringBytes` in util/json_tensor.cc). */
const maxBytes = 256;

/**
 * A value as it stands in error messages: written again with four spaces of indent and arrays on one line, cut at the
 * first token after {@link maxBytes} bytes, or at the first NaN or infinity (`JsonValueToDebugString` in
 * util/json_tensor.cc).
 */
export function debugString(value: JsonCursor): string {
  const out = new ByteWriter(maxBytes * 2);
  const writer = new PrettyWriter(out);
  writer.singleLineArrays = true;
  writeValue(value.copy(), writer, out);
  return decodeUtf8(out.finish());
}

function writeValue(cursor: JsonCursor, writer: PrettyWriter, out: ByteWriter): void {
  /** Items left in the arrays (as they are) and objects (as negative numbers) that are open. */
  const left: number[] = [];
  while (out.length < maxBytes) {
    const type = cursor.type();
    if (type === 'Array' || type === 'Object') {
      const isArray = type === 'Array';
      const count = cursor.count();
      if (isArray) writer.startArray();
      else writer.startObject();
      if (count > 0) {
        left.push(isArray ? count : -count);
        cursor.enter();
        if (!isArray && !writeKey(cursor, writer, out)) return;
        continue;
      }
      if (out.length >= maxBytes) return;
      if (isArray) writer.endArray();
      else writer.endObject();
      cursor.skip();
    } else {
      if (!writeScalar(cursor, type, writer)) return;
      cursor.skip();
    }
    for (;;) {
      if (left.length === 0) return;
      const isArray = left.at(-1)! > 0;
      left[left.length - 1]! -= isArray ? 1 : -1;
      if (left.at(-1) !== 0) {
        cursor.next();
        if (!isArray && !writeKey(cursor, writer, out)) return;
        break;
      }
      if (out.length >= maxBytes) return;
      if (isArray) writer.endArray();
      else writer.endObject();
      left.pop();
      cursor.leave();
    }
  }
}

function writeKey(cursor: JsonCursor, writer: PrettyWriter, out: ByteWriter): boolean {
  if (out.length >= maxBytes) return false;
  writer.string(cursor.string());
  cursor.enterMember();
  return true;
}

function writeScalar(cursor: JsonCursor, type: string, writer: PrettyWriter): boolean {
  if (type === 'String') writer.string(cursor.string());
  else if (type === 'Number') {
    const { integer, value } = cursor.number();
    if (integer === undefined && !Number.isFinite(value)) {
      writer.prefix();
      return false;
    }
    writer.raw(integer === undefined ? debugDouble(value) : String(integer));
  } else writer.raw(type === 'Null' ? 'null' : type === 'True' ? 'true' : 'false');
  return true;
}

/** A double as RapidJSON's own writer prints it (rapidjson/internal/dtoa.h): shortest form, always with `.0` or `e`. */
function debugDouble(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e');
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Whether the value is `{"b64": "<text>"}`: one member of that name, with a string. */
export function isBase64Object(cursor: JsonCursor): boolean {
  if (!cursor.isObject() || cursor.count() !== 1) return false;
  const place = cursor.copy();
  place.enter();
  const name = place.string();
  if (name.length !== 3 || name[0] !== 0x62 || name[1] !== 0x36 || name[2] !== 0x34) return false;
  place.enterMember();
  return cursor.document.bytes[place.at] === ch.quote;
}
