import { oggFile, withEndGranule } from "./ogg-bytes.ts";
import { ascii, littleEndian } from "./wav-bytes.ts";

export interface OpusForm {
  /** @default 1 */
  readonly channels?: number;
  /** Streams in each packet; with more than one, each is a channel. @default 1 for up to two channels, else as many as channels */
  readonly numStreams?: number;
}

/** The two headers of an Opus stream, without pre-skip and gain. Source: RFC 7845, section 5. */
export function opusHeaders({ channels = 1, numStreams = channels > 2 ? channels : 1 }: OpusForm = {}): Uint8Array[] {
  const hasMapping = channels > 2 || numStreams > 1;
  const mapping = hasMapping ? [numStreams, 0, ...Array.from({ length: channels }, (_, channel) => channel)] : [];
  const head = [...ascii("OpusHead"), 1, channels, 0, 0, ...littleEndian(48_000, 4), 0, 0, hasMapping ? 1 : 0, ...mapping];
  return [Uint8Array.from(head), Uint8Array.from([...ascii("OpusTags"), ...littleEndian(0, 8)])];
}

/** A packet of 20 ms of silence for each stream; all but the last say how long they are. Source: RFC 6716, section 3.2 and appendix B. */
export function silentOpusPacket(numStreams = 1): Uint8Array {
  const first = Array.from({ length: numStreams - 1 }, () => [0xf8, 2, 0xff, 0xfe]).flat();
  return Uint8Array.from([...first, 0xf8, 0xff, 0xfe]);
}

/** An Opus file of `count` packets of silence. */
export async function silentOpus(count: number, form: OpusForm = {}): Promise<Uint8Array> {
  const { channels = 1, numStreams = channels > 2 ? channels : 1 } = form;
  const packets = Array.from({ length: count }, () => silentOpusPacket(numStreams));
  return withEndGranule(await oggFile([...opusHeaders(form), ...packets]), count * 960);
}
