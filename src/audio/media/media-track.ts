import type { PacketCodec } from "../ogg/packet-codec.ts";
import type { Flaw } from "../reading/decoded-piece.ts";

/** The audio track of a file with others beside it, taken out of its container. */
export interface MediaTrack {
  readonly codec: PacketCodec;
  /** Samples per channel at the beginning that are cut off, a codec's pre-skip included. */
  readonly start: number;
  /** The sample after the last one, counted from the first that is decoded; Infinity where only decoding tells. */
  readonly end: number;
  /** Reads every packet in order. */
  packets(): AsyncGenerator<MediaPacket, void>;
}

/** A packet of a track, or what is wrong where the next one should be. */
export interface MediaPacket {
  /** Undefined at the end of a file that ends early. */
  readonly bytes: Uint8Array | undefined;
  /** When its samples begin, in seconds; undefined where the container does not say. */
  readonly time: number | undefined;
  /** Samples at its end that are cut off, if no packet follows it. */
  readonly numDiscarded: number;
  /** What is wrong in front of it. */
  readonly flaw: Flaw | undefined;
}
