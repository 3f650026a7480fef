import { joinArrays } from "../../core/index.ts";

/** The channels that each lane codes: all of them, or one each. */
export function splitLanes(channels: readonly Float32Array[], lanes: number): Float32Array[][] {
  const perLane = channels.length / lanes;
  return Array.from({ length: lanes }, (_, lane) => channels.slice(lane * perLane, (lane + 1) * perLane));
}

/** Channels one after the other, divided by their loudness. */
export function planar(channels: readonly Float32Array[], scale: number = 1): Float32Array {
  const samples = channels.length === 1 ? channels[0]! : joinArrays(channels, Float32Array);
  return scale === 1 ? samples : samples.map((sample) => sample / scale);
}
