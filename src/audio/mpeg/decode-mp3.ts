import { skipId3 } from "../reading/id3.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { findMp3Frames, readMp3Frames } from "./mp3-frames.ts";
import { trimPieces } from "../reading/trim-pieces.ts";
import type { Packet, WasmDecoder } from "../reading/wasm-decoder.ts";
import { runDecoder } from "../reading/wasm-decoder.ts";

/** Samples by which every decoder of layer III is late: 528 and one. Source: LAME's technical FAQ, "decoder delay". */
const decoderDelay = 529;

/**
 * Opens an MP3 file. If its first frame says how much the encoder added before and after the audio (LAME and ffmpeg
 * do), that is cut off together with the decoder's delay, so that the result has the length and timing of the original.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function openMp3(source: ByteWindow): Promise<EncodedAudio> {
  const found = await findMp3Frames(source, await skipId3(source, 0));
  const { sampleRate, numChannels: channels, samplesPerFrame, encoderDelay, encoderPadding, numFrames } = found;
  const start = encoderDelay === 0 ? 0 : encoderDelay + decoderDelay;
  const padding = Math.max(0, encoderPadding - decoderDelay);
  return {
    sampleRate,
    channels,
    numSamples: numFrames === 0 ? undefined : Math.max(0, numFrames * samplesPerFrame - padding - start),
    decode(report) {
      let numRead = 0;
      let isWhole = false;
      async function* packets(): AsyncGenerator<Packet, void> {
        for await (const frames of readMp3Frames(source, found)) {
          numRead += frames.numSamples / samplesPerFrame;
          yield frames;
        }
        isWhole = true;
      }
      // Delay and padding belong to the frames that the header counted; with others appended, only the start is sure.
      const end = (): number => (isWhole ? numRead * samplesPerFrame - (numRead === numFrames ? padding : 0) : Infinity);
      const decoded = runDecoder({ format: "MP3", sampleRate, channels }, () => createMp3Decoder(channels), packets(), source.pace);
      return trimPieces("MP3", decoded, { start, end, lookahead: padding }, report);
    },
  };
}

/**
 * Its own gapless mode is off: it needs the information frame, and gives no way to check the number of samples. It makes two equal
 * channels of one.
 */
async function createMp3Decoder(channels: number): Promise<WasmDecoder<Packet>> {
  const { MPEGDecoder } = await import("mpg123-decoder");
  const decoder = new MPEGDecoder({ enableGapless: false });
  return {
    ready: decoder.ready,
    decode({ bytes }) {
      const { channelData, samplesDecoded, sampleRate, errors } = decoder.decode(bytes);
      return { channelData: channelData.slice(0, channels), samplesDecoded, sampleRate, errors };
    },
    free: () => decoder.free(),
  };
}
