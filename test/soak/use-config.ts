import { hopLengthOf, numQuantizersOf, segmentingOf } from "../../src/checkpoint/index.ts";
import type { CodecConfig } from "../../src/checkpoint/index.ts";

/** Works out everything that others work out first. */
export function useConfig(config: CodecConfig): void {
  const segment = segmentingOf(config);
  if (!(hopLengthOf(config) > 0) || !(numQuantizersOf(config) > 0) || (segment !== null && segment.length > 4 * segment.stride + 4)) {
    throw new RangeError(`impossible: ${JSON.stringify({ config, segment })}`);
  }
}
