import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { orAborted } from "../async/index.ts";
import { decodeAudioOptionNames } from "../audio/index.ts";
import type { DecodeAudioOptions } from "../audio/index.ts";
import type { OptionNames } from "../core/index.ts";

/** Who is asked for audio that this package has no decoder for, such as AAC, ALAC, WMA or AC-3. */
export interface FfmpegOptions {
  /**
   * The path of an ffmpeg, or its name in `PATH`; false asks none, so that one decoder reads the same everywhere. It is a program of its own and not part of this
   * package: what it makes of a file depends on its version, which `AudioStream.decoder` tells.
   * @default the environment variable `ENCODEC_TOKENIZER_FFMPEG`, where `off` asks none; without it, `ffmpeg` in `PATH`
   */
  readonly ffmpeg?: string | false | undefined;
}

/** How an audio file is read. */
export interface ReadAudioOptions extends DecodeAudioOptions, FfmpegOptions {}

/** Their names, by which `checkOptions` knows them. */
export const readAudioOptionNames: OptionNames<ReadAudioOptions> = { ...decodeAudioOptionNames, ffmpeg: true };

/** An ffmpeg that can be started. */
export interface Ffmpeg {
  readonly command: string;
  /** Its name and version, such as `ffmpeg 5.1.9`. */
  readonly decoder: string;
}

const found = new Map<string, Promise<Ffmpeg>>();

/**
 * The ffmpeg to ask.
 * @returns A sentence that says why there is none to be asked; undefined if none is wanted.
 */
export async function findFfmpeg({ ffmpeg }: FfmpegOptions, signal?: AbortSignal): Promise<Ffmpeg | string | undefined> {
  const environment = process.env.ENCODEC_TOKENIZER_FFMPEG;
  const wanted = ffmpeg ?? (environment === "off" ? false : environment || undefined);
  if (wanted === false) return undefined;
  const command = wanted ?? "ffmpeg";
  const asked = found.get(command) ?? askVersion(command);
  found.set(command, asked);
  asked.catch(() => found.delete(command)); // it may be installed later
  try {
    return await orAborted(asked, signal);
  } catch (error) {
    signal?.throwIfAborted();
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (wanted === undefined) {
      return isMissing
        ? "with ffmpeg installed it would be read as it is, but there is none in PATH"
        : `the ffmpeg in PATH could not be started (${reasonOf(error)})`;
    }
    const name = ffmpeg === undefined ? "ENCODEC_TOKENIZER_FFMPEG" : "the option ffmpeg";
    return `${name} names ${JSON.stringify(command)}, ${isMissing ? "and there is no such program" : `which could not be started as ffmpeg (${reasonOf(error)})`}`;
  }
}

async function askVersion(command: string): Promise<Ffmpeg> {
  const { stdout } = await promisify(execFile)(command, ["-hide_banner", "-version"], { windowsHide: true });
  const version = /^ffmpeg version (\S{1,60})/.exec(stdout)?.[1];
  if (version === undefined) throw new Error("asked for its version, it does not say that it is ffmpeg");
  return { command, decoder: `ffmpeg ${version}` };
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!.slice(0, 200);
}
