import type { Waveform } from "../core/index.ts";
import { AudioFormatError } from "../core/index.ts";
import { skipId3 } from "./audio-container.ts";
import { findLastFlacFrame, parseFlacHeader } from "./flac-frames.ts";
import type { WasmDecoder } from "./wasm-decoder.ts";
import { runDecoder, trimDecoded } from "./wasm-decoder.ts";

/** Sample widths that a FLAC frame can name itself; the decoder reads frames without their stream's header. */
const SUPPORTED_BITS: readonly number[] = [8, 12, 16, 20, 24];

/**
 * Decodes a FLAC file; integers of b bits become `value / 2^(b-1)`, as in `parseWav`.
 * The number of samples is held against what the header promises or, where an encoder writing to a pipe could not fill
 * that in, against the position of the last frame, so that a damaged or missing frame is always noticed.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function decodeFlac(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<Waveform> {
  const stream = bytes.subarray(skipId3(bytes));
  const header = parseFlacHeader(stream);
  const { sampleRate, bitsPerSample, numChannels } = header;
  if (!SUPPORTED_BITS.includes(bitsPerSample)) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `FLAC with ${bitsPerSample} bits per sample is not supported (${SUPPORTED_BITS.join(", ")} are); ` +
        "convert it first: ffmpeg -i in.flac -c:a pcm_f32le out.wav",
    );
  }
  const frames = stream.subarray(header.length);
  const numSamples = header.numSamples ?? findLastFlacFrame(frames, header).endSample;
  const decoded = await runDecoder("FLAC", createFlacDecoder, frames, signal);
  const channelData = trimDecoded("FLAC", decoded.channelData, 0, numSamples);
  if (decoded.channelData[0]!.length !== numSamples || channelData.length !== numChannels || decoded.sampleRate !== sampleRate) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `damaged FLAC file: its header says ${numSamples} samples of ${numChannels} channels at ${sampleRate} Hz, its frames have ` +
        `${decoded.channelData[0]!.length} samples of ${channelData.length} channels at ${decoded.sampleRate} Hz`,
    );
  }
  for (const samples of channelData) restoreIntegers(samples, bitsPerSample);
  return { channelData, sampleRate };
}

/** The decoder divides integers by 2^(bits−1) − 1. They are found again without loss, and divided by 2^(bits−1). */
function restoreIntegers(samples: Float32Array, bitsPerSample: number): void {
  const fullScale = 2 ** (bitsPerSample - 1);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.round(samples[i]! * (fullScale - 1)) / fullScale;
}

async function createFlacDecoder(): Promise<WasmDecoder> {
  const { FLACDecoder } = await import("@wasm-audio-decoders/flac");
  return new FLACDecoder();
}
