import { ByteWindow } from "../../src/audio/reading/byte-window.ts";
import { concatBytes } from "../audio/concat-bytes.ts";
import { decodeAudio } from "../../src/audio/index.ts";
import { findMpegStart, noMpegError } from "../../src/audio/mpeg/find-mpeg.ts";
import { readMpegFrames } from "../../src/audio/mpeg/mpeg-frames.ts";
import { bytesSource } from "../../src/core/index.ts";
import { silentMp3Frame, xingFrame } from "../audio/mp3-bytes.ts";
import { ascii } from "../audio/wav-bytes.ts";
import { fuzz } from "./fuzz.ts";
import { shortMp3 } from "./short-fixtures.ts";

const id3 = Uint8Array.from([...ascii("ID3"), 4, 0, 0, 0, 0, 0, 3, 1, 2, 3]);
const seeds = [
  concatBytes([silentMp3Frame, silentMp3Frame, silentMp3Frame]),
  concatBytes([id3, xingFrame(2), silentMp3Frame, silentMp3Frame, Uint8Array.from(ascii("TAG"))]),
];
const dictionary = ["Xing", "Info", "VBRI", "LAME", "TAG", "APETAGEX", "ID3", "LYRICSBEGIN", "\xff\xfb\x90\x04", "\xff\xf3\x14\xc4"];

/** All that is read before the decoder gets a frame. */
async function readFrames(bytes: Uint8Array): Promise<void> {
  const source = new ByteWindow(bytesSource(bytes, "fuzzed"));
  const start = await findMpegStart(source);
  if (start === undefined) throw await noMpegError(source);
  let numFrames = 0;
  for await (const packet of readMpegFrames(source, { ...start, format: "MP3", numFrames: 0 }, () => {}))
    if ("bytes" in packet) numFrames += packet.numSamples / start.header.numSamples;
  if (24 * numFrames > bytes.length) throw new Error(`${numFrames} frames of ${bytes.length} bytes`);
}

fuzz({ name: "mp3 frames", seeds, dictionary, parse: readFrames });
// Each file has a decoder of its own, which takes milliseconds to make.
const real = [shortMp3("mono-no-info.mp3", 3), shortMp3("stereo-no-info.mp3", 3)];
fuzz({ name: "mp3", seeds: [...seeds, ...real], dictionary, share: 0.01, parse: (bytes) => decodeAudio(bytes) });
