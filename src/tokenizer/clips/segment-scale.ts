/**
 * Loudness of a piece of audio: the root mean square of the mean over its channels, plus 1e-8; in float32, as the codec
 * computes and as it is stored.
 * Source: transformers 5.17 `EncodecModel._encode_frame`.
 */
export function scaleOf(channels: readonly Float32Array[]): number {
  const { length } = channels[0]!;
  let energy = 0;
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (const samples of channels) sum += samples[i]!;
    energy += (sum / channels.length) ** 2;
  }
  return Math.fround(Math.sqrt(energy / length) + 1e-8);
}
