import { ByteWindow } from "../../src/audio/reading/byte-window.ts";
import { findFlacEnd, splitFlacFrames } from "../../src/audio/flac/flac-frames.ts";
import { readFlacHeader } from "../../src/audio/flac/flac-header.ts";
import { decodeAudio } from "../../src/audio/index.ts";
import { bytesSource } from "../../src/core/index.ts";
import { constantFlacFrame, flacHeader, withFlacChecksums } from "../audio/flac-bytes.ts";
import { concatBytes } from "../audio/concat-bytes.ts";
import { fuzz } from "./fuzz.ts";
import { shortFlac } from "./short-fixtures.ts";

const small = { blockSize: 16 };
const stereo = { blockSize: 20, numChannels: 2 };
const seeds = [
  concatBytes([flacHeader(32, small), constantFlacFrame(0, 7, small), constantFlacFrame(1, -7, small)]),
  concatBytes([flacHeader(0, stereo), constantFlacFrame(0, 0, stereo), constantFlacFrame(1, 300, stereo)]),
];
const dictionary = ["fLaC", "ID3\x04\0\0\0\0\0\x05", "TAG", "\xff\xf8", "\xff\xf9"];

/** All that is read before the decoder gets a frame. */
async function readFrames(bytes: Uint8Array): Promise<void> {
  const source = new ByteWindow(bytesSource(bytes, "fuzzed"));
  const header = await readFlacHeader(source, 0);
  if (header.numSamples === undefined) await findFlacEnd(source, header.framesStart, header);
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    for (let offset = header.framesStart; offset < bytes.length; offset += 13) yield source.bytes(offset, 13);
  }
  for await (const frame of splitFlacFrames(chunks(), header, source.pace))
    if ("numSamples" in frame && frame.numSamples < 1) throw new Error("a frame without samples");
}

fuzz({ name: "flac frames", seeds, dictionary, parse: readFrames });
fuzz({ name: "flac frames with right checksums", seeds, dictionary, share: 0.5, parse: (bytes) => readFrames(withFlacChecksums(bytes)) });
// Each file has a decoder of its own, which takes milliseconds to make.
const real = [await shortFlac("mono.flac"), await shortFlac("stereo-24.flac")];
fuzz({ name: "flac", seeds: [...seeds, ...real], dictionary, share: 0.01, parse: (bytes) => decodeAudio(withFlacChecksums(bytes)) });
