import { imaAdpcm, quickTimeAdpcm } from "./ima-adpcm.ts";
import { gsm } from "./gsm.ts";
import { aLawSamples, muLawSamples } from "./g711.ts";
import { msAdpcm } from "./ms-adpcm.ts";
import type { SampleEncoding } from "./pcm-layout.ts";
import type { SampleCodec } from "./sample-codec.ts";

/** A codec that is at its beginning. */
export function codecOf(encoding: SampleEncoding, channels: number): SampleCodec {
  switch (encoding.kind) {
    case "IMA ADPCM":
      return imaAdpcm(encoding.bytesPerBlock, channels);
    case "QuickTime IMA ADPCM":
      return quickTimeAdpcm(channels);
    case "MS ADPCM":
      return msAdpcm(encoding.bytesPerBlock, channels);
    case "GSM 6.10":
      return gsm();
    default:
      return plain(bytesOf(encoding), channels, (view) => sampleReader(view, encoding));
  }
}

type PlainEncoding = Exclude<SampleEncoding, { readonly kind: "IMA ADPCM" | "MS ADPCM" | "QuickTime IMA ADPCM" | "GSM 6.10" }>;

function bytesOf(encoding: PlainEncoding): number {
  return "numBytes" in encoding ? encoding.numBytes : 1;
}

/** Samples that each have bytes of their own: a block has one of each channel. */
function plain(bytesPerSample: number, channels: number, readerOf: (view: DataView) => (offset: number) => number): SampleCodec {
  const bytesPerBlock = channels * bytesPerSample;
  return {
    bytesPerBlock,
    samplesPerBlock: 1,
    samplesIn: (numBytes) => Math.floor(numBytes / bytesPerBlock),
    read(view, channelData) {
      const readSample = readerOf(view);
      for (const [channel, samples] of channelData.entries()) {
        let offset = channel * bytesPerSample;
        for (let i = 0; i < samples.length; i++, offset += bytesPerBlock) samples[i] = readSample(offset);
      }
      return [];
    },
  };
}

function sampleReader(view: DataView, encoding: PlainEncoding): (offset: number) => number {
  switch (encoding.kind) {
    case "A-law":
      return (offset) => aLawSamples[view.getUint8(offset)]!;
    case "µ-law":
      return (offset) => muLawSamples[view.getUint8(offset)]!;
    case "unsigned":
      return (offset) => (view.getUint8(offset) - 128) / 128;
    case "float": {
      const { numBytes, littleEndian } = encoding;
      return numBytes === 4 ? (offset) => view.getFloat32(offset, littleEndian) : (offset) => view.getFloat64(offset, littleEndian);
    }
    case "integer": {
      const { numBytes, littleEndian } = encoding;
      if (numBytes === 1) return (offset) => view.getInt8(offset) / 2 ** 7;
      if (numBytes === 2) return (offset) => view.getInt16(offset, littleEndian) / 2 ** 15;
      if (numBytes === 4) return (offset) => view.getInt32(offset, littleEndian) / 2 ** 31;
      return littleEndian
        ? (offset) => (view.getUint16(offset, true) + view.getInt8(offset + 2) * 2 ** 16) / 2 ** 23
        : (offset) => (view.getInt8(offset) * 2 ** 16 + view.getUint16(offset + 1, false)) / 2 ** 23;
    }
  }
}
