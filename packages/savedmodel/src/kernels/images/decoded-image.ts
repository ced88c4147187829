/** Pixels of one or more frames of one size, frame by frame and row by row. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Undefined for formats that have no frames; the tensor then has no dimension for them. */
  readonly frames?: number | undefined;
  /** Bytes, or 16-bit samples where the file or the request has them. */
  readonly data: Uint8Array | Uint16Array;
}
