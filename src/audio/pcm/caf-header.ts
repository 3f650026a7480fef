import { AudioFormatError } from "../../core/index.ts";
import { checkHeader, checkHeaderLength, dataRange, floatsOf, integersOf, textOf, unsupportedSamples, viewOf } from "./pcm-layout.ts";
import type { HeaderReading, SampleEncoding } from "./pcm-layout.ts";
import { findChunks } from "./read-chunk.ts";
import type { ChunkStyle } from "./read-chunk.ts";

const style: ChunkStyle = { nameBytes: 4, lengthBytes: 8, littleEndian: false, alignment: 1, countsHeader: false };

/**
 * Reads the header of a Core Audio file.
 * Source: Apple's "Core Audio Format Specification 1.0".
 */
export function* readCafHeader(size: number): HeaderReading {
  const { desc, data } = yield* findChunks("Core Audio", 8, size, style, ["desc", "data"]);
  const description = yield { start: desc.start, end: desc.start + 32 };
  checkHeaderLength("Core Audio", description, 32);
  const view = viewOf(description);
  const sampleRate = Math.round(view.getFloat64(0));
  const [flags, bytesPerPacket, channels, bits] = [view.getUint32(12), view.getUint32(16), view.getUint32(24), view.getUint32(28)];
  checkHeader("Core Audio", channels, sampleRate);
  const encoding = cafEncoding(textOf(description, 8, 12), flags, bits);
  if ("numBytes" in encoding && bytesPerPacket !== channels * encoding.numBytes) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `broken Core Audio header: ${channels} channels of ${bits} bits at ${sampleRate} Hz in ${bytesPerPacket} bytes per packet`,
    );
  }
  // Four bytes in front of the samples count edits. A length of -1 stands for "until the end".
  const length = data.length >= 2 ** 63 ? undefined : Math.max(0, data.length - 4);
  return { encoding, channels, sampleRate, ...dataRange(data.start + 4, length, size), faults: [] };
}

function cafEncoding(format: string, flags: number, bits: number): SampleEncoding {
  switch (format) {
    case "lpcm": {
      const littleEndian = (flags & 2) !== 0;
      return flags & 1 ? floatsOf("Core Audio", bits, littleEndian) : integersOf("Core Audio", bits, littleEndian);
    }
    case "alaw":
      return { kind: "A-law" };
    case "ulaw":
      return { kind: "µ-law" };
    case "ima4":
      return { kind: "QuickTime IMA ADPCM" };
    default:
      throw unsupportedSamples("Core Audio", `of the format ${JSON.stringify(format)}`, "convert first: ffmpeg -i in.caf out.wav");
  }
}
