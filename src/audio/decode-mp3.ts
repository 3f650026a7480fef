import type { Waveform } from "../core/index.ts";
import { skipId3 } from "./audio-container.ts";
import { findMp3Frames } from "./mp3-frames.ts";
import type { WasmDecoder } from "./wasm-decoder.ts";
import { runDecoder, trimDecoded } from "./wasm-decoder.ts";

/** Samples by which every decoder of layer III is late: 528 and one. Source: LAME's technical FAQ, "decoder delay". */
const DECODER_DELAY = 529;

/**
 * Decodes an MP3 file. If its first frame says how much the encoder added before and after the audio (LAME and ffmpeg
 * do), that is cut off together with the decoder's delay, so that the result has the length and timing of the original.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function decodeMp3(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<Waveform> {
  const frames = findMp3Frames(bytes, skipId3(bytes));
  const { numSamples, numChannels, sampleRate, encoderDelay, encoderPadding } = frames;
  const decoded = await runDecoder("MP3", createMp3Decoder, bytes.subarray(frames.start, frames.end), signal);
  const start = encoderDelay === 0 ? 0 : encoderDelay + DECODER_DELAY;
  const end = numSamples - Math.max(0, encoderPadding - DECODER_DELAY);
  // The decoder makes two equal channels of one.
  const channelData = trimDecoded("MP3", decoded.channelData.slice(0, numChannels), start, end);
  return { channelData, sampleRate };
}

/** Its own gapless mode is off: it needs the information frame, and gives no way to check the number of samples. */
async function createMp3Decoder(): Promise<WasmDecoder> {
  const { MPEGDecoder } = await import("mpg123-decoder");
  return new MPEGDecoder({ enableGapless: false });
}
