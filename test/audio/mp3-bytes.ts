import { ascii } from "./wav-bytes.ts";

/** A frame of 576 samples of silence, mono at 24 kHz, in 24 bytes. Source: ISO/IEC 13818-3, section 2.4.2.3. */
export const silentMp3Frame: Uint8Array = Uint8Array.from({ length: 24 }, (_, i) => [0xff, 0xf3, 0x14, 0xc4][i] ?? 0);

/** A frame without audio that says how many follow it, and that the encoder added 576 samples before them. */
export function xingFrame(numFrames: number): Uint8Array {
  const frame = new Uint8Array(72); // 24 kbps
  frame.set([0xff, 0xf3, 0x34, 0xc4]);
  frame.set([...ascii("Xing"), 0, 0, 0, 1, 0, 0, 0, numFrames, ...ascii("LAME3.100")], 13);
  frame.set([0x24, 0x00, 0x00], 13 + 12 + 21);
  return frame;
}
