import { hasAscii } from "../reading/ascii.ts";
import { headerLength } from "./mpeg-header.ts";
import type { MpegHeader } from "./mpeg-header.ts";

/** What the frame without audio says that most encoders put first. */
export interface InfoFrame {
  /** Audio frames that follow it; 0 where it does not say. */
  readonly numFrames: number;
  /** Samples that the encoder put before the audio, undefined where it does not say. */
  readonly encoderDelay: number | undefined;
  /** Samples after the audio, which fill the last frame. */
  readonly encoderPadding: number;
}

/** Encoders that give their delay even if it is 0: then the decoder's is still to be cut off. */
const encoders: readonly string[] = ["LAME", "Lavf", "Lavc"];

/**
 * Reads Xing's header with LAME's extension, or Fraunhofer's VBRI.
 * Source: G. Bouvigne, "MP3 Info Tag rev 1 specifications"; K. Fischer, "MPEG Audio Frame Header" (VBRI).
 * @returns undefined for a frame with audio.
 */
export function parseInfoFrame(frame: Uint8Array, header: MpegHeader): InfoFrame | undefined {
  if (header.layer !== 3) return undefined;
  const start = headerLength + sideInfoLength(header);
  const isVbri = hasAscii(frame, 36, "VBRI");
  if (!isVbri && !hasAscii(frame, start, "Xing") && !hasAscii(frame, start, "Info")) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (isVbri) return frame.length < 54 ? undefined : { numFrames: view.getUint32(50), encoderDelay: undefined, encoderPadding: 0 };
  if (frame.length < start + 8) return undefined;
  const flags = view.getUint32(start + 4);
  let offset = start + 8;
  const hasFrames = (flags & 1) !== 0 && frame.length >= offset + 4;
  const numFrames = hasFrames ? view.getUint32(offset) : 0;
  offset += (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) + (flags & 8 ? 4 : 0);
  // LAME's extension: nine bytes of encoder name, twelve of other things, then twice twelve bits.
  if (frame.length < offset + 24 || frame[offset] === 0) return { numFrames, encoderDelay: undefined, encoderPadding: 0 };
  const packed = view.getUint32(offset + 20) & 0xffffff;
  const isGiven = packed >> 12 > 0 || encoders.some((name) => hasAscii(frame, offset, name));
  return { numFrames, encoderDelay: isGiven ? packed >> 12 : undefined, encoderPadding: packed & 0xfff };
}

/** Bytes of a layer III frame that say how to read the others. */
export function sideInfoLength({ version, numChannels }: MpegHeader): number {
  if (version === 1) return numChannels === 1 ? 17 : 32;
  return numChannels === 1 ? 9 : 17;
}
