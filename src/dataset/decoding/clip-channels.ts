import { mixChannels } from "../../audio/index.ts";
import { AudioFormatError } from "../../core/index.ts";
import type { Waveform } from "../../core/index.ts";

/**
 * What is made of a file's channels: their average, the first of them, a clip of each (of the only one, too), or both of a stereo file as one clip.
 * `stereo` is for codecs with two channels; a mono file is repeated for it.
 */
export const channelModes = ["mix", "first", "each", "stereo"] as const;
/** What becomes of the channels of a row: `channelModes` has all. */
export type ChannelMode = (typeof channelModes)[number];

/** What becomes a clip of its own. */
export interface ChannelClip {
  /** Which channel, from 0; null where they are one clip together. */
  readonly channel: number | null;
  readonly waveform: Waveform;
}

/** The mode for a codec of that many channels unless told otherwise. */
export function defaultChannelMode(codecChannels: number): ChannelMode {
  return codecChannels === 2 ? "stereo" : "mix";
}

/** @throws RangeError for `stereo` with a codec that is not. */
export function checkChannelMode(mode: ChannelMode, codecChannels: number): void {
  if (!channelModes.includes(mode))
    throw new RangeError(`channels must be one of ${channelModes.join(", ")}; received ${JSON.stringify(mode)}`);
  if (mode === "stereo" && codecChannels !== 2) {
    throw new RangeError(
      `channels: stereo needs a codec with two channels, and this one has ${codecChannels}; choose mix, first or each, or a stereo model`,
    );
  }
}

/**
 * The clips of a file by channel; samples are not copied where they need not be. With `each` all clips name their channel, so that a mono file
 * `a_c0` and the first channel of `a` do not have one key.
 * @throws AudioFormatError `AUDIO_UNSUPPORTED` for `mix` and `stereo` of more than two channels, where one may be all bass.
 */
export function splitChannels(waveform: Waveform, mode: ChannelMode): readonly ChannelClip[] {
  const { channelData, sampleRate } = waveform;
  const one = (channel: number): Waveform => ({ channelData: [channelData[channel]!], sampleRate });
  switch (mode) {
    case "first":
      return [{ channel: null, waveform: one(0) }];
    case "each":
      return channelData.map((_, channel) => ({ channel, waveform: one(channel) }));
    case "mix":
    case "stereo":
      if (channelData.length > 2) {
        throw new AudioFormatError(
          "AUDIO_UNSUPPORTED",
          `it has ${channelData.length} channels, and ${mode} takes at most two; choose first or each, or mix them beforehand`,
        );
      }
      return [{ channel: null, waveform: mixChannels(waveform, mode === "mix" ? 1 : 2) }];
  }
}
