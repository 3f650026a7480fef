import type { CodecPacket } from "../ogg/packet-codec.ts";
import type { ByteWindow } from "../reading/byte-window.ts";
import type { EncodedAudio } from "../reading/encoded-audio.ts";
import { SilenceBudget } from "../reading/silence-budget.ts";
import { trimPieces } from "../reading/trim-pieces.ts";
import type { Damage } from "../reading/wasm-decoder.ts";
import type { MediaTrack } from "./media-track.ts";

/** Most samples that are cut off the end of a last packet. */
export const maxDiscarded: number = 2 ** 16;

/** Decodes the audio track of a file. */
export function mediaAudio(source: ByteWindow, { codec, start, end, packets }: MediaTrack): EncodedAudio {
  return {
    sampleRate: codec.sampleRate,
    channels: codec.channels,
    numSamples: end === Infinity ? undefined : Math.max(0, end - start),
    decode(report) {
      let position = 0;
      let numDiscarded = 0;
      let isWhole = false;
      const silence = new SilenceBudget(source.size, codec.channels);
      async function* steps(): AsyncGenerator<CodecPacket | Damage, void> {
        let previous: Uint8Array | undefined;
        let timeOfFirst: number | undefined;
        for await (const packet of packets()) {
          const { bytes, time, flaw } = packet;
          timeOfFirst ??= time;
          if (flaw !== undefined) {
            // Where the container has times, they tell how much is missing.
            const expected = time === undefined ? position : Math.round((time - timeOfFirst!) * codec.sampleRate);
            const numLost = flaw.code === "AUDIO_GAP" ? silence.take(Math.max(0, expected - position)) : 0;
            yield { flaw, numSamples: numLost };
            position += numLost;
            if (flaw.code === "AUDIO_GAP") previous = undefined;
          }
          if (bytes === undefined || position >= end) break;
          const numSamples = codec.samplesIn(bytes, previous);
          if (numSamples === undefined) {
            const message = `damaged ${codec.format} file: a packet of ${bytes.length} bytes is no audio`;
            if (bytes.length > 0) yield { flaw: { code: "AUDIO_GAP", message }, numSamples: 0 };
            continue;
          }
          yield { bytes, numSamples, isContinuation: previous !== undefined };
          previous = bytes;
          position += numSamples;
          // A packet cannot lose more than it has: where that is said, it is a mistake.
          numDiscarded = packet.numDiscarded <= numSamples ? packet.numDiscarded : 0;
        }
        isWhole = true;
      }
      const endOfAll = (): number => (isWhole ? Math.min(end, position - numDiscarded) : end);
      return trimPieces(codec.format, codec.decode(steps(), source.pace), { start, end: endOfAll, lookahead: maxDiscarded }, report);
    },
  };
}
