import type { DecodedPiece, ExpectedForm } from "../reading/decoded-piece.ts";
import type { Pace } from "../reading/pace.ts";
import type { Damage, Packet } from "../reading/wasm-decoder.ts";

/** A codec whose packets a container carries. */
export interface PacketCodec extends ExpectedForm {
  /** Samples per channel at the beginning that are no audio, though packets stand for them. */
  readonly preSkip: number;
  /** Samples per channel of the whole, undefined where the codec's headers do not say. */
  readonly numSamples?: number | undefined;
  /** Bytes of a sample frame of codecs whose packets are any number of these. */
  readonly bytesPerBlock?: number | undefined;
  /**
   * Samples per channel that a packet adds to those before.
   * @param previous The packet before it; undefined where there is none, or it is lost.
   * @returns undefined for what is no packet of audio.
   */
  samplesIn(packet: Uint8Array, previous: Uint8Array | undefined): number | undefined;
  /** Decodes one stream, from its start. */
  decode(packets: AsyncIterable<CodecPacket | Damage>, pace: Pace): AsyncGenerator<DecodedPiece, void>;
}

/** A packet, and whether it follows the one that was decoded before it. */
export interface CodecPacket extends Packet {
  readonly isContinuation: boolean;
}
