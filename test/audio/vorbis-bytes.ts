import { BitWriter } from "./bit-writer.ts";
import { oggFile, withEndGranule } from "./ogg-bytes.ts";

/** The three headers of a Vorbis stream that can say nothing but silence, in blocks of 64 and 256 samples. Source: Vorbis I specification, section 4.2. */
export function vorbisHeaders({
  channels = 1,
  sampleRate = 8000,
  blocks = 0x86,
  codebooks = smallCodebook,
}: VorbisForm = {}): Uint8Array[] {
  const head = new BitWriter().write(1, 8).text("vorbis").write(0, 32).write(channels, 8).write(sampleRate, 32);
  head.write(0, 32).write(0, 32).write(0, 32).write(blocks, 8).write(1, 8);
  const comments = new BitWriter().write(3, 8).text("vorbis").write(0, 32).write(0, 32).write(1, 8);
  const setup = codebooks(new BitWriter().write(5, 8).text("vorbis"));
  setup.write(0, 6).write(0, 16); // one transform in the time domain, of the only kind
  setup.write(0, 6).write(1, 16).write(0, 5).write(0, 2).write(4, 4); // one floor, of kind 1, without partitions
  setup.write(0, 6).write(0, 16).write(0, 24).write(0, 24).write(0, 24).write(0, 6).write(0, 8).write(0, 4); // one residue of nothing
  setup.write(0, 6).write(0, 16).write(0, 1).write(0, 1).write(0, 2).write(0, 8).write(0, 8).write(0, 8); // one mapping
  setup.write(1, 6).write(0, 1).write(0, 16).write(0, 16).write(0, 8).write(1, 1).write(0, 16).write(0, 16).write(0, 8); // a mode for each block size
  return [head.bytes(), comments.bytes(), setup.write(1, 1).bytes()];
}

export interface VorbisForm {
  readonly channels?: number;
  readonly sampleRate?: number;
  /** Exponents of the block sizes, the longer one in the upper four bits. */
  readonly blocks?: number;
  /** Writes the number of codebooks, less one, and the codebooks. */
  readonly codebooks?: (setup: BitWriter) => BitWriter;
}

/** One codebook with two entries, of a bit each. */
export function smallCodebook(setup: BitWriter): BitWriter {
  return setup.write(0, 8).write(0x564342, 24).write(1, 16).write(2, 24).write(0, 1).write(0, 1).write(0, 5).write(0, 5).write(0, 4);
}

/** `count` codebooks of `entries` entries each, all with codes of `length` bits, in a few bytes. */
export function orderedCodebooks(count: number, entries: number, length: number): (setup: BitWriter) => BitWriter {
  return (setup) => {
    setup.write(count - 1, 8);
    for (let i = 0; i < count; i++) {
      setup
        .write(0x564342, 24)
        .write(1, 16)
        .write(entries, 24)
        .write(1, 1)
        .write(length - 1, 5);
      setup.write(entries, 32 - Math.clz32(entries)).write(0, 4);
    }
    return setup;
  };
}

/** A packet that decodes to silence: of a long block if so asked, between others of that kind. */
export const silentVorbisPacket = (isLong: boolean): Uint8Array =>
  (isLong ? new BitWriter().write(0, 1).write(1, 1).write(3, 2) : new BitWriter().write(0, 1).write(0, 1)).write(0, 8).bytes();

/** A Vorbis file of silence: `count` short blocks of 64 samples, each of which adds 32 to those before. */
export async function silentVorbis(count: number, form: VorbisForm = {}): Promise<Uint8Array> {
  const packets = Array.from({ length: count }, () => silentVorbisPacket(false));
  return withEndGranule(await oggFile([...vorbisHeaders(form), ...packets]), (count - 1) * 32);
}
