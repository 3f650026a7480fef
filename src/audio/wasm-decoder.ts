import type { Waveform } from "../core/index.ts";
import { AudioFormatError } from "../core/index.ts";

interface DecodedPiece {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: readonly { readonly message: string }[];
}

/** What the WebAssembly decoders have in common. */
export interface WasmDecoder {
  readonly ready: Promise<void>;
  decode(bytes: Uint8Array): DecodedPiece | Promise<DecodedPiece>;
  /** Hands out what is still held back; decoders that hold nothing back have no such method. */
  flush?(): Promise<DecodedPiece>;
  free(): void;
}

/**
 * Runs one file through a decoder, piece by piece, and frees the decoder, whatever happens and whenever the reader stops.
 * The decoder's own errors, thrown or reported, and WebAssembly traps all end as `AUDIO_CORRUPT`.
 * @param format Name of the format in messages, such as "FLAC".
 * @param createDecoder Makes a decoder for this file alone, so that damage in one file cannot reach the next.
 * @param input The file's bytes, cut anywhere.
 * @returns Decoded samples as they come, before any trimming; pieces without samples are left out.
 * @throws AudioFormatError `AUDIO_CORRUPT`, or `AUDIO_UNSUPPORTED` if sample rate or channels change; and what `input` throws.
 */
export async function* runDecoder(
  format: string,
  createDecoder: () => Promise<WasmDecoder>,
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Waveform, void> {
  const decoder = await createDecoder();
  let first: Waveform | undefined;
  const run = async (step: () => DecodedPiece | Promise<DecodedPiece>): Promise<Waveform | undefined> => {
    const { channelData, samplesDecoded, sampleRate, errors } = await attempt(format, step);
    if (errors[0] !== undefined) throw damaged(format, errors[0].message);
    if (samplesDecoded === 0) return undefined;
    const piece = { channelData: channelData.map((samples) => samples.subarray(0, samplesDecoded)), sampleRate };
    first ??= piece;
    if (channelData.length !== first.channelData.length || sampleRate !== first.sampleRate) {
      throw new AudioFormatError(
        "AUDIO_UNSUPPORTED",
        `${format} file whose sample rate or number of channels changes midway; convert it first: ffmpeg -i in -ar 48000 out.wav`,
      );
    }
    return piece;
  };
  try {
    await attempt(format, () => decoder.ready);
    for await (const bytes of input) {
      const piece = await run(() => decoder.decode(bytes));
      if (piece !== undefined) yield piece;
    }
    const rest = decoder.flush === undefined ? undefined : await run(() => decoder.flush!());
    if (rest !== undefined) yield rest;
  } finally {
    freeQuietly(decoder);
  }
}

async function attempt<T>(format: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw damaged(format, error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function damaged(format: string, reason: string, options?: ErrorOptions): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", `damaged ${format} file: the decoder says “${reason}”`, options);
}

/** A decoder that trapped may trap again when freed; its memory goes with the object either way. */
function freeQuietly(decoder: WasmDecoder): void {
  try {
    decoder.free();
  } catch {
    // The error that matters is already on its way.
  }
}
