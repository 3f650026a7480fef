import { readFileSync } from "node:fs";
import { ByteWindow } from "../../src/audio/reading/byte-window.ts";
import { concatBytes } from "../audio/concat-bytes.ts";
import { splitFlacFrames } from "../../src/audio/flac/flac-frames.ts";
import { readFlacHeader } from "../../src/audio/flac/flac-header.ts";
import { Pace } from "../../src/audio/reading/pace.ts";
import { bytesSource } from "../../src/core/index.ts";
import { collect, oggFile, takeApart, withEndGranule } from "../audio/ogg-bytes.ts";

/** The first `count` frames of a file at 44.1 kHz and 128 kbps without information frame. */
export function shortMp3(name: string, count: number): Uint8Array {
  const bytes = fixture(name);
  let end = 0;
  for (let i = 0; i < count; i++) end += 417 + ((bytes[end + 2]! >> 1) & 1);
  return bytes.slice(0, end);
}

/** The first frame of a FLAC file, with a header that does not know how many there are. */
export async function shortFlac(name: string): Promise<Uint8Array> {
  const bytes = fixture(name);
  const header = await readFlacHeader(new ByteWindow(bytesSource(bytes, name)), 0);
  const [first] = await collect(splitFlacFrames(chunksOf(bytes.subarray(header.framesStart)), header, new Pace()));
  const unknown = bytes.slice(0, header.framesStart);
  unknown[21]! &= 0xf0;
  unknown.fill(0, 22, 26);
  return concatBytes([unknown, first!.bytes]);
}

/** Headers and the first packets of an Ogg file, `numPackets` in all. */
export async function shortOgg(name: string, numPackets: number, endGranule: number): Promise<Uint8Array> {
  const { packets } = await takeApart(fixture(name));
  return withEndGranule(await oggFile(packets.slice(0, numPackets)), endGranule);
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../fixtures/audio/${name}`, import.meta.url)));
}
