/**
 * How many pixels an image says that it has, without a look at the rest of it; undefined where the first bytes do not tell
 * how much there is to decode, as of files with several frames.
 */
export function declaredPixels(data: Uint8Array): number | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 26) return undefined;
  const magic = view.getUint32(0);
  if (magic === 0x89504e47) return view.getUint32(16) * view.getUint32(20);
  if (magic >>> 16 === 0x424d) return Math.abs(view.getInt32(18, true) * view.getInt32(22, true));
  return magic >>> 8 === 0xffd8ff ? jpegPixels(view) : undefined;
}

/** From the frame header, which stands behind segments of tables. */
function jpegPixels(view: DataView): number | undefined {
  for (let at = 2; at + 9 < view.byteLength;) {
    const marker = view.getUint16(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffc2;
    if (isFrame) return view.getUint16(at + 5) * view.getUint16(at + 7);
    const isTable = marker === 0xffc4 || marker === 0xffdb || marker === 0xffdd || marker === 0xfffe;
    if (!isTable && (marker < 0xffe0 || marker > 0xffef)) return undefined;
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}
