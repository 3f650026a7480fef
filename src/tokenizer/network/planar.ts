import { joinSamples } from "./columns.ts";

/** The channels that each stream codes: all of them, or one each. */
export function splitStreams(channels: readonly Float32Array[], streams: number): Float32Array[][] {
  const perStream = channels.length / streams;
  return Array.from({ length: streams }, (_, stream) => channels.slice(stream * perStream, (stream + 1) * perStream));
}

/** Channels one after the other, divided by their loudness. */
export function planar(channels: readonly Float32Array[], scale: number = 1): Float32Array {
  const samples = channels.length === 1 ? channels[0]! : joinSamples(channels);
  return scale === 1 ? samples : samples.map((sample) => sample / scale);
}
