import { AudioFormatError } from "../core/index.ts";

/** Bytes handed to a decoder at a time; between two pieces the work can be stopped. */
const PIECE_LENGTH = 2 ** 20;

/** Most samples, all channels together, that a file may decode to: 4 GiB of float32. */
const MAX_NUM_SAMPLES = 2 ** 30;

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
 * Runs one file through a decoder and frees the decoder, whatever happens.
 * Its own errors, thrown or reported, and WebAssembly traps all end as `AUDIO_CORRUPT`.
 * @param format Name of the format in messages, such as "FLAC".
 * @param createDecoder Makes a decoder for this file alone, so that damage in one file cannot reach the next.
 * @returns Decoded samples as they came, before any trimming; no channels if nothing was decoded.
 * @throws AudioFormatError `AUDIO_CORRUPT`, or `AUDIO_UNSUPPORTED` for more than 2^30 samples.
 */
export async function runDecoder(
  format: string,
  createDecoder: () => Promise<WasmDecoder>,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<{ readonly channelData: Float32Array[]; readonly sampleRate: number }> {
  const decoder = await createDecoder();
  try {
    await decoder.ready;
    const pieces: DecodedPiece[] = [];
    let numSamples = 0;
    const keep = (piece: DecodedPiece): void => {
      const [error] = piece.errors;
      if (error !== undefined) throw damaged(format, error.message);
      if (piece.samplesDecoded === 0) return;
      pieces.push(piece);
      numSamples += piece.samplesDecoded * piece.channelData.length;
      if (numSamples > MAX_NUM_SAMPLES) {
        throw new AudioFormatError(
          "AUDIO_UNSUPPORTED",
          `${format} file with over ${MAX_NUM_SAMPLES} samples; cut it into parts first: ffmpeg -i in -f segment -segment_time 3600 out%03d.wav`,
        );
      }
    };
    for (let offset = 0; offset < bytes.length; offset += PIECE_LENGTH) {
      if (signal !== undefined) await letSignalFire(signal);
      keep(await decoder.decode(bytes.subarray(offset, offset + PIECE_LENGTH)));
    }
    if (decoder.flush !== undefined) keep(await decoder.flush());
    return joinPieces(format, pieces);
  } catch (error) {
    if (error instanceof AudioFormatError || signal?.aborted) throw error;
    throw damaged(format, error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    freeQuietly(decoder);
  }
}

/**
 * Cuts every channel to `[start, end)`.
 * @throws AudioFormatError `AUDIO_CORRUPT` if fewer than `end` samples were decoded, `AUDIO_EMPTY` if none remain.
 */
export function trimDecoded(format: string, channelData: readonly Float32Array[], start: number, end: number): Float32Array[] {
  const numDecoded = channelData[0]?.length ?? 0;
  if (numDecoded < end) {
    throw new AudioFormatError(
      "AUDIO_CORRUPT",
      `truncated or damaged ${format} file: it should have ${end} samples per channel, but only ${numDecoded} could be decoded`,
    );
  }
  if (end <= start) throw new AudioFormatError("AUDIO_EMPTY", `empty ${format} file: it holds no samples`);
  if (start === 0 && end === numDecoded) return [...channelData];
  return channelData.map((samples) => samples.slice(start, end));
}

function joinPieces(format: string, pieces: readonly DecodedPiece[]): { channelData: Float32Array[]; sampleRate: number } {
  const { channelData: firstChannels = [], sampleRate = 0 } = pieces[0] ?? {};
  if (pieces.some((piece) => piece.channelData.length !== firstChannels.length || piece.sampleRate !== sampleRate)) {
    throw new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `${format} file whose sample rate or number of channels changes midway; convert it first: ffmpeg -i in -ar 48000 out.wav`,
    );
  }
  const numSamples = pieces.reduce((sum, piece) => sum + piece.samplesDecoded, 0);
  const channelData = firstChannels.map((_, channel) => {
    const samples = new Float32Array(numSamples);
    let offset = 0;
    for (const piece of pieces) {
      samples.set(piece.channelData[channel]!.subarray(0, piece.samplesDecoded), offset);
      offset += piece.samplesDecoded;
    }
    return samples;
  });
  return { channelData, sampleRate };
}

function damaged(format: string, reason: string, options?: ErrorOptions): AudioFormatError {
  return new AudioFormatError("AUDIO_CORRUPT", `damaged ${format} file: the decoder says “${reason}”`, options);
}

/** Gives way to timers and events, one of which may abort the signal. */
async function letSignalFire(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  signal.throwIfAborted();
}

/** A decoder that trapped may trap again when freed; its memory goes with the object either way. */
function freeQuietly(decoder: WasmDecoder): void {
  try {
    decoder.free();
  } catch {
    // The error that matters is already on its way.
  }
}
