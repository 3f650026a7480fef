/** Reads samples that stand in blocks of all channels, from the first block on. It may remember what it has read. */
export interface SampleCodec {
  readonly bytesPerBlock: number;
  readonly samplesPerBlock: number;
  /** Samples per channel in the beginning of a block. */
  samplesIn(numBytes: number): number;
  /**
   * Reads blocks that follow each other, all whole but for the last one.
   * @param channelData Zeros, one array for each channel, into which samples are written.
   * @returns The blocks that hold what no encoder writes, counted from 0; their samples stay zero.
   */
  read(view: DataView, channelData: readonly Float32Array[]): readonly number[];
}
