import type { Waveform } from "../../core/index.ts";
import { AudioFormatError, joinArrays, numSamplesOf } from "../../core/index.ts";
import type { DecodedPiece, ExpectedForm, Flaw } from "./decoded-piece.ts";
import { silence } from "./decoded-piece.ts";
import { inBatches } from "./in-batches.ts";
import type { Pace } from "./pace.ts";

/** What a decoder gives for one packet. */
interface DecodedPacket {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: readonly { readonly message: string }[];
}

/** A packet of a file, or a frame, that a decoder takes. */
export interface Packet {
  readonly bytes: Uint8Array;
  /** Samples per channel that it stands for: if it cannot be decoded, so much silence takes its place. */
  readonly numSamples: number;
}

/** Something that is wrong with a file where its next packet should be. */
export interface Damage {
  readonly flaw: Flaw;
  /** Samples per channel that are missing there: so much silence takes their place. */
  readonly numSamples: number;
}

/** What the WebAssembly decoders have in common. */
export interface WasmDecoder<P extends Packet> {
  readonly ready: Promise<void>;
  /** Does all of its work before it returns, also where it returns a promise. */
  decode(packet: P): DecodedPacket | Promise<DecodedPacket>;
  free(): void;
}

/** Samples of a piece of silence, of all channels together. */
const silenceSize = 2 ** 16;
/** Decoders that one file may break: a new one takes 16 MiB and a few milliseconds. */
const maxBroken = 16;
/** Samples of silence, of all channels together, that a file may have besides as many as were decoded: a few bytes may say that any amount is missing. */
const freeSilence = 2 ** 24;

/**
 * Runs one file through a decoder, packet by packet, and frees the decoder, whatever happens and whenever the reader stops.
 *
 * Silence takes the place of what is missing, and of a packet that breaks the decoder, for which the decoder reports an error, or which has
 * another form than the file. A decoder that broke is replaced, at most 16 times in one file. There is as much silence as was decoded before
 * it and 2²⁴ samples of all channels together; where more is missing, the result is shorter.
 * @param createDecoder Loads the decoder's package and makes a decoder for this file alone, so that damage in one file cannot reach the next.
 * @returns Everything that is decoded, before any trimming.
 * @throws AudioFormatError `AUDIO_UNSUPPORTED` if there is no such decoder, `AUDIO_CORRUPT` for a file that breaks it over and over; and
 * what `packets` and `pace` throw.
 */
export async function* runDecoder<P extends Packet>(
  form: ExpectedForm,
  createDecoder: () => Promise<WasmDecoder<P>>,
  packets: AsyncIterable<P | Damage>,
  pace: Pace,
): AsyncGenerator<DecodedPiece, void> {
  const { format, channels } = form;
  const sizeOf = (packet: P | Damage): number => ("flaw" in packet ? 0 : Math.max(packet.bytes.length, packet.numSamples * channels));
  let decoder: WasmDecoder<P> | undefined = await start(format, createDecoder);
  let numBroken = 0;
  let silenceLeft = Math.floor(freeSilence / channels);
  try {
    for await (const batch of inBatches(packets, sizeOf)) {
      let sound: Waveform[] = [];
      for (const packet of batch) {
        let flaw: Flaw;
        if ("flaw" in packet) flaw = packet.flaw;
        else {
          decoder ??= await start(format, createDecoder);
          const decoded = await attempt(decoder, packet);
          if ("channelData" in decoded && decoded.errors.length === 0 && hasForm(decoded, form)) {
            const { channelData, samplesDecoded, sampleRate } = decoded;
            if (samplesDecoded === 0) continue;
            silenceLeft += samplesDecoded;
            sound.push({ channelData: channelData.map((samples) => samples.subarray(0, samplesDecoded)), sampleRate });
            continue;
          }
          flaw = { code: "AUDIO_GAP", message: `damaged ${format} file: ${whatIsWrong(decoded, form)}` };
          if (!("channelData" in decoded)) {
            freeQuietly(decoder);
            decoder = undefined;
            numBroken++;
            if (numBroken > maxBroken) throw new AudioFormatError("AUDIO_CORRUPT", `${flaw.message}, for the ${numBroken}th time`, decoded);
          }
        }
        if (sound.length > 0) yield joined(sound);
        sound = [];
        let numLeft = Math.min(packet.numSamples, silenceLeft);
        silenceLeft -= numLeft;
        do {
          const length = Math.min(numLeft, Math.ceil(silenceSize / channels));
          await pace.spend(length * channels);
          yield { ...silence(form, length), flaw };
          numLeft -= length;
        } while (numLeft > 0);
      }
      await pace.spend(sound.reduce((sum, piece) => sum + numSamplesOf(piece) * channels, 0));
      if (sound.length > 0) yield joined(sound);
    }
  } finally {
    if (decoder !== undefined) freeQuietly(decoder);
  }
}

/** What broke the decoder, as an error has it. */
interface Broken {
  readonly cause: unknown;
}

async function attempt<P extends Packet>(decoder: WasmDecoder<P>, packet: P): Promise<DecodedPacket | Broken> {
  try {
    const decoded = silently(() => decoder.decode(packet));
    return decoded instanceof Promise ? await decoded : decoded;
  } catch (cause) {
    return { cause };
  }
}

/** Whether it has the file's form; decoders do not know that of a packet without samples. */
function hasForm({ channelData, samplesDecoded, sampleRate: rate }: DecodedPacket, { channels, sampleRate }: ExpectedForm): boolean {
  return samplesDecoded === 0 || (channelData.length === channels && rate === sampleRate);
}

function whatIsWrong(decoded: DecodedPacket | Broken, { channels, sampleRate }: ExpectedForm): string {
  const reason = "cause" in decoded ? reasonOf(decoded.cause) : decoded.errors[0]?.message;
  if (reason !== undefined) return `the decoder says “${reason}”`;
  const { channelData, sampleRate: decodedRate } = decoded as DecodedPacket;
  return `its header says ${channels} channels at ${sampleRate} Hz, decoded were ${channelData.length} channels at ${decodedRate} Hz`;
}

function joined(pieces: readonly Waveform[]): Waveform {
  const { channelData, sampleRate } = pieces[0]!;
  if (pieces.length === 1) return pieces[0]!;
  return {
    channelData: channelData.map((_, channel) =>
      joinArrays(
        pieces.map((piece) => piece.channelData[channel]!),
        Float32Array,
      ),
    ),
    sampleRate,
  };
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

/** A decoder that trapped may trap again when freed; its memory goes with the object either way. */
function freeQuietly(decoder: Pick<WasmDecoder<never>, "free">): void {
  try {
    silently(() => decoder.free());
  } catch {
    // What it did to its file is known already.
  }
}
