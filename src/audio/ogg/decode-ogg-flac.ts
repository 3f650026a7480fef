import { checkSupported, flacAudio } from "../flac/decode-flac.ts";
import { isLastFlacBlock, parseFlacHeader } from "../flac/flac-header.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import type { OggStream } from "./ogg-pages.ts";

/**
 * Opens a FLAC stream within Ogg: nine bytes of mapping, then a native stream whose metadata blocks and frames are a
 * packet each. Where its header does not know the number of samples, the last granule position does.
 * Source: RFC 9639, section 10.1.
 * @throws AudioFormatError as `decodeAudio` does.
 */
export async function openOggFlac(stream: OggStream): Promise<EncodedAudio> {
  const header = parseFlacHeader(stream.head.subarray(9));
  checkSupported(header);
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    let areFrames = false;
    let isHead = true;
    for await (const packet of stream.packets()) {
      if (areFrames) yield packet;
      else areFrames = isLastFlacBlock(isHead ? packet.subarray(13) : packet);
      isHead = false;
    }
  }
  return flacAudio(header, header.numSamples ?? stream.endGranule, chunks, stream.pace);
}
