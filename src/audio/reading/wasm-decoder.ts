import type { Waveform } from "../../core/index.ts";
import { AudioFormatError, numSamplesOf } from "../../core/index.ts";
import type { Pace } from "./pace.ts";

interface DecodedPiece {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: readonly { readonly message: string }[];
}

/** What the WebAssembly decoders have in common. */
export interface WasmDecoder<Input> {
  readonly ready: Promise<void>;
  /** Does all of its work before it returns, also where it returns a promise. */
  decode(input: Input): DecodedPiece | Promise<DecodedPiece>;
  free(): void;
}

/**
 * Runs one file through a decoder, piece by piece, and frees the decoder, whatever happens and whenever the reader stops.
 * The decoder's own errors, thrown or reported, and WebAssembly traps all end as `AUDIO_CORRUPT`.
 * @param format Name of the format in messages, such as "FLAC".
 * @param createDecoder Loads the decoder's package and makes a decoder for this file alone, so that damage in one file cannot reach the next.
 * @param input What the decoder takes, such as frames of the file, little enough at a time to be decoded in one go.
 * @returns Decoded samples as they come, before any trimming; pieces without samples are left out.
 * @throws AudioFormatError `AUDIO_CORRUPT`, or `AUDIO_UNSUPPORTED` if sample rate or channels change, or if there is no such decoder; and what
 * `input` and `pace` throw.
 */
export async function* runDecoder<Input>(
  format: string,
  createDecoder: () => Promise<WasmDecoder<Input>>,
  input: AsyncIterable<Input>,
  pace: Pace,
): AsyncGenerator<Waveform, void> {
  const decoder = await start(format, createDecoder);
  let first: Waveform | undefined;
  try {
    for await (const bytes of input) {
      const { channelData, samplesDecoded, sampleRate, errors } = await attempt(format, () => silently(() => decoder.decode(bytes)));
      if (errors[0] !== undefined) throw damaged(format, errors[0].message);
      if (samplesDecoded === 0) continue;
      const piece = { channelData: channelData.map((samples) => samples.subarray(0, samplesDecoded)), sampleRate };
      first ??= piece;
      if (channelData.length !== first.channelData.length || sampleRate !== first.sampleRate) {
        throw new AudioFormatError(
          "AUDIO_UNSUPPORTED",
          `${format} file whose sample rate or number of channels changes midway; convert it first: ffmpeg -i in -ar 48000 out.wav`,
        );
      }
      await pace.spend(numSamplesOf(piece) * channelData.length);
      yield piece;
    }
  } finally {
    freeQuietly(decoder);
  }
}

/** @throws AudioFormatError where the decoder is left out, as bundlers may do, or there is no memory for it. */
async function start<Decoder extends WasmDecoder<never>>(format: string, createDecoder: () => Promise<Decoder>): Promise<Decoder> {
  try {
    const decoder = await createDecoder();
    await decoder.ready;
    return decoder;
  } catch (error) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `${format} cannot be decoded here: the package that does it could not be started (${reasonOf(error)}); install it, or convert the file to WAV first`,
      { cause: error },
    );
  }
}

async function attempt<T>(format: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw damaged(format, reasonOf(error), { cause: error });
  }
}

const muteConsole: Pick<Console, "log" | "warn" | "error"> = { log() {}, warn() {}, error() {} };

/** The decoders print what they also report. Nothing else runs during a synchronous call, so nobody else's words are lost. */
function silently<T>(call: () => T): T {
  const { log, warn, error } = console;
  Object.assign(console, muteConsole);
  try {
    return call();
  } finally {
    Object.assign(console, { log, warn, error });
  }
}

/** Decoders throw strings, too. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}

function damaged(format: string, reason: string, options?: ErrorOptions): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", `damaged ${format} file: the decoder says “${reason}”`, options);
}

/** A decoder that trapped may trap again when freed; its memory goes with the object either way. */
function freeQuietly(decoder: Pick<WasmDecoder<unknown>, "free">): void {
  try {
    decoder.free();
  } catch {
    // The error that matters is already on its way.
  }
}
