import { downmix } from "../../audio/index.ts";
import type { Waveform } from "../../core/index.ts";
import { AudioFormatError } from "../../core/index.ts";
import type { AudioFile } from "../../files/index.ts";

/** What `--channels` takes. */
export const channelChoices = ["mix", "downmix", "first", "left", "right", "each"] as const;
export type ChannelChoice = (typeof channelChoices)[number];

/** Files whose channels are in the order that `downmix` takes. */
const orderedContainers: ReadonlySet<string> = new Set(["wav", "w64", "flac", "other"]);

/**
 * Audio with the channels that were asked for.
 * @param choice A name, or the number of a channel, from 0. All that is left of `each` by now is such a number.
 * @throws AudioFormatError `AUDIO_UNSUPPORTED` where the file has no such channel, or none that can be mixed.
 */
export function takeChannels(audio: AudioFile, choice: Exclude<ChannelChoice, "each"> | number): AudioFile {
  if (choice === "mix") return audio;
  if (choice === "downmix") {
    if (audio.channels <= 2) return audio;
    if (!orderedContainers.has(audio.container) || audio.channels > 8) {
      throw new AudioFormatError(
        "AUDIO_UNSUPPORTED",
        `${audio.container} file with ${audio.channels} channels whose order is not known, so that they cannot be mixed; choose --channels first, left, right or each`,
      );
    }
    return withChannels(audio, 2, downmix);
  }
  const channel = typeof choice === "number" ? choice : choice === "right" ? 1 : 0;
  if (channel >= audio.channels) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `${audio.container} file with ${audio.channels === 1 ? "one channel" : `${audio.channels} channels`}, which has no ${choice}; leave --channels out`,
    );
  }
  if (audio.channels === 1) return audio;
  return withChannels(audio, 1, ({ channelData, sampleRate }) => ({ channelData: [channelData[channel]!], sampleRate }));
}

function withChannels(audio: AudioFile, channels: number, take: (piece: Waveform) => Waveform): AudioFile {
  const { container, decoder, sampleRate, numSamples } = audio;
  return {
    container,
    decoder,
    sampleRate,
    channels,
    numSamples,
    async *[Symbol.asyncIterator]() {
      for await (const piece of audio) yield take(piece);
    },
    [Symbol.asyncDispose]: () => audio[Symbol.asyncDispose](),
  };
}

/** What was taken, for people: `right of 2 channels`; empty where nothing was chosen. */
export function takenText(audio: AudioFile, choice: Exclude<ChannelChoice, "each"> | number): string {
  if (choice === "mix" || audio.channels === 1 || (choice === "downmix" && audio.channels === 2)) return "";
  return choice === "downmix"
    ? `downmixed from ${audio.channels} channels`
    : `${typeof choice === "number" ? `channel ${choice}` : choice} of ${audio.channels} channels`;
}
