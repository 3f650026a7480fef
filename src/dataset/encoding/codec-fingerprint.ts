import { createHash } from "node:crypto";
import type { AudioTokenizer } from "../../tokenizer/index.ts";

/** What stands for the digest of weights that have none: SHA-256 of the codes of half a second of a sweep. */
export async function fingerprintOf(
  tokenizer: AudioTokenizer,
  { numCodebooks, signal }: { readonly numCodebooks: number; readonly signal: AbortSignal | undefined },
): Promise<string> {
  const { sampleRate, channels } = tokenizer;
  const sweep = Float32Array.from({ length: sampleRate / 2 }, (_, i) => 0.5 * Math.sin((i * i) / sampleRate));
  const channelData = Array.from({ length: channels }, () => sweep);
  const { data } = await tokenizer.encode({ channelData, sampleRate }, { numCodebooks, signal });
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex");
}
