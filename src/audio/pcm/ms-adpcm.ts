import type { SampleCodec } from "./sample-codec.ts";

/** Source of tables and steps: Microsoft's "New Multimedia Data Types and Data Techniques", revision 3.0, "Microsoft ADPCM Wave Type". */
const stepFactors: readonly number[] = [230, 230, 230, 230, 307, 409, 512, 614, 768, 614, 512, 409, 307, 230, 230, 230];
const firstCoefficients: readonly number[] = [256, 512, 0, 192, 240, 460, 392];
const secondCoefficients: readonly number[] = [0, -256, 0, 64, 0, -208, -232];
const leastStep = 16;

/** Microsoft's ADPCM: a block begins with a predictor, a step and two samples of each channel, and goes on with four bits for each sample, all channels in turn. */
export function msAdpcm(bytesPerBlock: number, channels: number): SampleCodec {
  const headerBytes = 7 * channels;
  const samplesIn = (numBytes: number): number => (numBytes < headerBytes ? 0 : 2 + Math.floor((2 * (numBytes - headerBytes)) / channels));
  return {
    bytesPerBlock,
    samplesPerBlock: samplesIn(bytesPerBlock),
    samplesIn,
    read(view, channelData) {
      const damaged: number[] = [];
      for (let block = 0, first = 0; first < channelData[0]!.length; block++, first += this.samplesPerBlock) {
        const start = block * bytesPerBlock;
        if (channelData.some((_, channel) => view.getUint8(start + channel) >= firstCoefficients.length)) {
          damaged.push(block);
          continue;
        }
        for (const [channel, samples] of channelData.entries()) {
          const end = Math.min(samples.length, first + this.samplesPerBlock);
          const predictor = view.getUint8(start + channel);
          const field = (number: number): number => view.getInt16(start + channels + 2 * (number * channels + channel), true);
          let step = field(0);
          let [last, beforeLast] = [field(1), field(2)];
          samples[first] = beforeLast / 2 ** 15;
          samples[first + 1] = last / 2 ** 15;
          for (let i = first + 2, nibble = channel; i < end; i++, nibble += channels) {
            const byte = view.getUint8(start + headerBytes + (nibble >> 1));
            const code = nibble % 2 === 0 ? byte >> 4 : byte & 15;
            const predicted = Math.trunc((last * firstCoefficients[predictor]! + beforeLast * secondCoefficients[predictor]!) / 256);
            const sample = Math.max(-32_768, Math.min(32_767, predicted + (code < 8 ? code : code - 16) * step));
            step = Math.max(leastStep, Math.trunc((stepFactors[code]! * step) / 256));
            [beforeLast, last] = [last, sample];
            samples[i] = sample / 2 ** 15;
          }
        }
      }
      return damaged;
    },
  };
}
