import { createHash } from "node:crypto";
import type { AudioCodes } from "../../core/index.ts";
import type { AudioTokenizer, EncodeOptions } from "../../tokenizer/index.ts";

/** The codes of half a second of a sweep: they tell what the codec is like at a rate, and weights without a digest from others. */
export async function probeCodec(tokenizer: AudioTokenizer, options: EncodeOptions): Promise<AudioCodes> {
  const { sampleRate, channels } = tokenizer;
  const sweep = Float32Array.from({ length: sampleRate / 2 }, (_, i) => 0.5 * Math.sin((i * i) / sampleRate));
  return await tokenizer.encode({ channelData: Array.from({ length: channels }, () => sweep), sampleRate }, options);
}

/** What stands for the digest of weights that have none: SHA-256 of the probe's codes. */
export function fingerprintOf({ data }: AudioCodes): string {
  return createHash("sha256").update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).digest("hex");
}
