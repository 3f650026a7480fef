import type { SampleCodec } from "./sample-codec.ts";

/** Source: IMA Digital Audio Focus and Technical Working Groups, "Recommended Practices for Enhancing Digital Audio Compatibility", revision 3.00, section 6. */
const stepSizes: readonly number[] = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118, 130, 143, 157, 173,
  190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066,
  2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818,
  18500, 20350, 22385, 24623, 27086, 29794, 32767,
];
const indexChanges: readonly number[] = [-1, -1, -1, -1, 2, 4, 6, 8];

/** Writes samples of one channel: each is told by four bits, from the one before and a step size that follows the signal. */
class NibbleDecoder {
  readonly #samples: Float32Array;
  #position: number;
  #predicted: number;
  #index: number;

  /** @param predicted The sample before the first one, of 16 bits. */
  constructor(samples: Float32Array, position: number, predicted: number, index: number) {
    this.#samples = samples;
    this.#position = position;
    this.#predicted = predicted;
    this.#index = index;
  }

  /** The samples of a byte: that of its low bits, then that of its high ones. What is beyond the end is passed over. */
  add(byte: number): void {
    this.#add(byte & 15);
    this.#add(byte >> 4);
  }

  #add(nibble: number): void {
    const step = stepSizes[this.#index]!;
    let difference = step >> 3;
    if (nibble & 4) difference += step;
    if (nibble & 2) difference += step >> 1;
    if (nibble & 1) difference += step >> 2;
    this.#predicted = Math.max(-32_768, Math.min(32_767, this.#predicted + (nibble & 8 ? -difference : difference)));
    this.#index = Math.max(0, Math.min(88, this.#index + indexChanges[nibble & 7]!));
    if (this.#position < this.#samples.length) this.#samples[this.#position++] = this.#predicted / 2 ** 15;
  }
}

/**
 * IMA ADPCM as WAV has it: a block begins with one sample and the step index of each channel, and goes on with four bytes of each in turn.
 * Source: Microsoft's "New Multimedia Data Types and Data Techniques", revision 3.0, "DVI ADPCM Wave Type".
 */
export function imaAdpcm(bytesPerBlock: number, channels: number): SampleCodec {
  const headerBytes = 4 * channels;
  const samplesIn = (numBytes: number): number => (numBytes < headerBytes ? 0 : 1 + 8 * Math.floor((numBytes - headerBytes) / headerBytes));
  return {
    bytesPerBlock,
    samplesPerBlock: samplesIn(bytesPerBlock),
    samplesIn,
    read(view, channelData) {
      const damaged: number[] = [];
      for (let block = 0, first = 0; first < channelData[0]!.length; block++, first += this.samplesPerBlock) {
        const start = block * bytesPerBlock;
        const end = start + Math.min(bytesPerBlock, view.byteLength - start);
        if (channelData.some((_, channel) => view.getUint8(start + 4 * channel + 2) > 88)) {
          damaged.push(block);
          continue;
        }
        for (const [channel, all] of channelData.entries()) {
          const samples = all.subarray(0, first + this.samplesPerBlock);
          const predicted = view.getInt16(start + 4 * channel, true);
          const decoder = new NibbleDecoder(samples, first + 1, predicted, view.getUint8(start + 4 * channel + 2));
          samples[first] = predicted / 2 ** 15;
          for (let group = start + headerBytes + 4 * channel; group + 4 <= end; group += headerBytes) {
            for (let i = 0; i < 4; i++) decoder.add(view.getUint8(group + i));
          }
        }
      }
      return damaged;
    },
  };
}

/**
 * IMA ADPCM as QuickTime has it: packets of 34 bytes and 64 samples, one of each channel in turn, each of which begins with the predictor's upper nine bits and
 * the step index.
 * Source: Apple's Technical Note TN1081, "Understanding the Differences Between Apple and Windows IMA-ADPCM Compressed Sound Files".
 */
export function quickTimeAdpcm(channels: number): SampleCodec {
  const bytesPerBlock = 34 * channels;
  return {
    bytesPerBlock,
    samplesPerBlock: 64,
    samplesIn: (numBytes) => 64 * Math.floor(numBytes / bytesPerBlock),
    read(view, channelData) {
      const damaged: number[] = [];
      for (let block = 0; block * 64 < channelData[0]!.length; block++) {
        for (const [channel, samples] of channelData.entries()) {
          const start = block * bytesPerBlock + channel * 34;
          const header = view.getInt16(start);
          if ((header & 0x7f) > 88) {
            if (damaged.at(-1) !== block) damaged.push(block);
            continue;
          }
          const decoder = new NibbleDecoder(samples, block * 64, header & ~0x7f, header & 0x7f);
          for (let i = 2; i < 34; i++) decoder.add(view.getUint8(start + i));
        }
      }
      return damaged;
    },
  };
}
