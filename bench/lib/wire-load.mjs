// A load generator that costs next to nothing beside the server that it shares the machine with: the frames of a gRPC call
// are laid out once, and a call is one write of them with its stream's number filled in. With 600 KB in a request grpc-js
// takes three to four times the processor time. Every answer's status is read; its message is counted and not decoded.
import { connect } from 'node:net';

const PATH = '/tensorflow.serving.PredictionService/Predict';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** Types of frames (RFC 9113, 6). */
const frameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8 };
const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const HEAD_BYTES = 9;
/** What a server lets frames hold that says nothing about it. */
const FIRST_MAX_FRAME = 16_384;
/** The server is told that so much was read. */
const GRANT_BYTES = 2 ** 20;
const MAX_WINDOW = 2 ** 31 - 1;
const FIRST_WINDOW = 65_535;
/** `grpc-status` in HPACK's Huffman code, as nghttp2 sends it. */
const STATUS_NAME = Buffer.from('9acac8b21234da8f', 'hex');

/**
 * Opens one connection for calls of Predict that all send the same bytes.
 *
 * @returns `call` resolves to the bytes of the answer's messages, and rejects with an error whose `code` is the status
 */
export async function openWireLoad(port, message) {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  const calls = new Map();
  let laidOut;
  /** Copies that no call is using. */
  const idle = [];
  const waiting = [];
  let nextStream = 1;
  let window = FIRST_WINDOW;
  let received = 0;
  let failure;
  let ready;
  const opened = new Promise((resolve) => (ready = resolve));

  const fail = (error) => {
    failure ??= error;
    for (const { reject } of calls.values()) reject(failure);
    calls.clear();
    ready();
  };
  const send = (call) => {
    const frames = idle.pop() ?? { bytes: Buffer.from(laidOut.bytes), heads: laidOut.heads };
    const stream = nextStream;
    nextStream += 2;
    window -= laidOut.dataBytes;
    for (const at of frames.heads) frames.bytes.writeUInt32BE(stream, at + 5);
    calls.set(stream, call);
    socket.write(frames.bytes, () => idle.push(frames));
  };
  const sendWaiting = () => {
    while (waiting.length > 0 && window >= laidOut.dataBytes) send(waiting.shift());
  };
  const end = (stream, code) => {
    const call = calls.get(stream);
    if (call === undefined) return;
    calls.delete(stream);
    if (code === 0) call.resolve(call.received);
    else call.reject(Object.assign(new Error(`status ${code}`), { code }));
  };
  const onFrame = (type, flags, stream, payload) => {
    const call = calls.get(stream);
    if (type === frameType.data) {
      if (call !== undefined) call.received += payload.length;
      received += payload.length;
      if (received > GRANT_BYTES) {
        socket.write(frame(frameType.windowUpdate, 0, 0, uint32(received)));
        received = 0;
      }
    } else if (type === frameType.headers) {
      if ((flags & END_STREAM) !== 0) end(stream, grpcStatus(payload));
    } else if (type === frameType.reset) {
      end(stream, NaN);
    } else if (type === frameType.windowUpdate && stream === 0) {
      window += payload.readUInt32BE(0);
      sendWaiting();
    } else if (type === frameType.settings && (flags & ACK) === 0) {
      const maxFrameBytes = setting(payload, 5) ?? FIRST_MAX_FRAME;
      laidOut = callFrames(message, `127.0.0.1:${port}`, maxFrameBytes);
      // Calls are written whole, so that the window of a stream must take a message.
      const ofStream = setting(payload, 4) ?? FIRST_WINDOW;
      if (ofStream < laidOut.dataBytes) fail(new Error(`a stream's window of ${ofStream} bytes takes no message`));
      socket.write(frame(frameType.settings, ACK, 0, Buffer.alloc(0)));
      ready();
    } else if (type === frameType.ping && (flags & ACK) === 0) {
      socket.write(frame(frameType.ping, ACK, 0, payload));
    } else if (type === frameType.goaway) {
      fail(new Error('the server closes the connection'));
    }
  };
  socket
    .on('data', frameReader(onFrame))
    .on('error', fail)
    .on('close', () => fail(new Error('the connection is closed')));
  // No table that headers refer to, so that a status can be read without keeping one; no bound on answers.
  const settings = Buffer.concat([settingBytes(1, 0), settingBytes(2, 0), settingBytes(4, MAX_WINDOW)]);
  socket.write(PREFACE);
  socket.write(frame(frameType.settings, 0, 0, settings));
  socket.write(frame(frameType.windowUpdate, 0, 0, uint32(MAX_WINDOW - FIRST_WINDOW)));
  await opened;
  if (failure !== undefined) throw failure;
  return {
    call: () =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        waiting.push({ resolve, reject, received: 0 });
        sendWaiting();
      }),
    close: () => socket.destroy(),
  };
}

/** The frames of one call, with the places of their heads. */
function callFrames(message, authority, maxFrameBytes) {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const data = Buffer.concat([prefix, message]);
  const frames = [frame(frameType.headers, END_HEADERS, 1, requestHeaders(authority))];
  for (let at = 0; at < data.length; at += maxFrameBytes) {
    const part = data.subarray(at, at + maxFrameBytes);
    frames.push(frame(frameType.data, at + part.length === data.length ? END_STREAM : 0, 1, part));
  }
  const heads = [];
  let at = 0;
  for (const { length } of frames) {
    heads.push(at);
    at += length;
  }
  return { bytes: Buffer.concat(frames), heads, dataBytes: data.length };
}

/** Headers as HPACK has them (RFC 7541): two whole from the static table, names from it or written out, no Huffman code. */
function requestHeaders(authority) {
  const text = (value) => Buffer.from([value.length, ...Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from([0x83, 0x86]), // :method POST, :scheme http
    Buffer.from([0x04]), // :path
    text(PATH),
    Buffer.from([0x01]), // :authority
    text(authority),
    Buffer.from([0x0f, 0x10]), // content-type
    text('application/grpc'),
    Buffer.from([0x00]),
    text('te'),
    text('trailers'),
  ]);
}

/** The status in a block of trailers whose entries are all written out. */
function grpcStatus(block) {
  const at = block.indexOf(STATUS_NAME);
  if (at === -1) throw new Error('an answer ended without a status');
  const from = at + STATUS_NAME.length;
  return Number(block.toString('latin1', from + 1, from + 1 + block[from]));
}

function frameReader(onFrame) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      onFrame(bytes[3], bytes[4], bytes.readUInt32BE(5) & MAX_WINDOW, bytes.subarray(HEAD_BYTES, end));
      bytes = bytes.subarray(end);
    }
    rest = bytes;
  };
}

function frame(type, flags, stream, payload) {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function settingBytes(id, value) {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)]);
}

function setting(payload, id) {
  for (let at = 0; at < payload.length; at += 6)
    if (payload.readUInt16BE(at) === id) return payload.readUInt32BE(at + 2);
  return undefined;
}
