import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { onAbort } from "../async/index.ts";
import type { AudioForm, WarningReport } from "../audio/index.ts";
import type { Waveform } from "../core/index.ts";
import { AudioFormatError, DisposedError } from "../core/index.ts";
import type { Ffmpeg } from "./find-ffmpeg.ts";

/**
 * The kinds of files that ffmpeg may take its input for. Not among them are those that name other files or addresses, such as playlists: whoever sends one could
 * have any file of this machine read. ffmpeg passes over names that it does not know.
 */
const demuxers =
  "3gp,aac,ac3,aea,aiff,amr,ape,asf,au,avi,avr,caf,dsf,dts,dtshd,eac3,flac,flv,gsm,iff,ircam,loas,matroska,mlp,mov,mp3,mp4," +
  "mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nut,ogg,oma,paf,pvf,qcp,rm,sbc,shn,sox,swf,tak,truehd,tta,voc,vqf,w64,wav,wsd,wtv,wv,wve,xwma";

/** The process's standard input, opened anew as a file, since many formats are read from more than one place. Windows has no name for that. */
const inputName = process.platform === "win32" ? "pipe:0" : "file:/dev/stdin";

/**
 * The file is the process's standard input: so its name, which may be anything, is no argument. What comes out is the simplest container there is: a header of 24 bytes, and then floats to the end.
 */
const decodingArguments = (
  "-hide_banner -nostdin -loglevel error -protocol_whitelist file,pipe " +
  `-format_whitelist ${demuxers} -i ${inputName} -map 0:a:0 -map_metadata -1 -f au -c:a pcm_f32be pipe:1`
).split(" ");

/** Most characters of what ffmpeg complains of that are kept. */
const maxComplaint = 4000;

/** Most bytes before the samples: its muxer writes 32. */
const maxHeaderLength = 4096;

/** How an ffmpeg has ended. */
interface Ending {
  /** `killed` by a signal: by a want of memory, perhaps, of which the file knows nothing. */
  readonly how: "whole" | "failed" | "killed";
  /** What it said, or else how it ended; undefined where all is well. */
  readonly complaint: string | undefined;
}

/** One ffmpeg that decodes one file, from its start to its end. */
export class FfmpegRun {
  readonly #decoder: string;
  readonly #child: ChildProcess;
  readonly #stdout: Readable;
  readonly #ended: Promise<Ending>;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #listening: Disposable;
  readonly #signal: AbortSignal | undefined;
  #isOver = false;
  /** Bytes that are not yet samples. */
  #rest: Uint8Array = new Uint8Array();

  /** @param fd The file, open for reading. */
  constructor({ command, decoder }: Ffmpeg, fd: number, signal: AbortSignal | undefined) {
    const child = spawn(command, decodingArguments, { stdio: [fd, "pipe", "pipe"], windowsHide: true });
    this.#decoder = decoder;
    this.#child = child;
    this.#signal = signal;
    let said = "";
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => resolve({ how: "killed", complaint: `it could not be started (${error.message})` }));
      child.once("close", (code, killer) => {
        if (code === null) resolve({ how: "killed", complaint: `it was ended by ${killer}` });
        else if (code === 0) resolve({ how: "whole", complaint: complaintOf(said) });
        else resolve({ how: "failed", complaint: complaintOf(said) ?? `it failed with exit code ${code}` });
      });
    });
    // Where there are no file descriptors left, there are no streams either.
    this.#stdout = (child.stdout as Readable | undefined) ?? Readable.from([]);
    this.#chunks = this.#stdout[Symbol.asyncIterator]();
    this.#listening = onAbort(signal, () => child.kill("SIGKILL"));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (said.length < maxComplaint) said += text.slice(0, maxComplaint);
    });
  }

  /**
   * The form of the audio. It is to be asked for before the audio.
   * @returns What ffmpeg has to say where there is none.
   */
  async start(): Promise<AudioForm | string> {
    while (this.#rest.length < 24) if (!(await this.#read())) return (await this.#ended).complaint ?? "it finds no audio in it";
    const header = viewOf(this.#rest);
    const [dataStart, sampleRate, channels] = [header.getUint32(4), header.getUint32(16), header.getUint32(20)];
    if (textOf(this.#rest) !== ".snd" || dataStart > maxHeaderLength || channels === 0) return "it does not answer as ffmpeg does";
    while (this.#rest.length < dataStart) if (!(await this.#read())) return "it finds no audio in it";
    this.#rest = this.#rest.subarray(dataStart);
    this.#setIdle(true);
    return { sampleRate, channels };
  }

  /** The audio in pieces, in the order of the file. The process has ended when the loop has. */
  async *decode({ sampleRate, channels }: AudioForm, report: WarningReport): AsyncGenerator<Waveform, void> {
    const bytesPerFrame = 4 * channels;
    let position = 0;
    this.#setIdle(false);
    try {
      do {
        const numSamples = Math.floor(this.#rest.length / bytesPerFrame);
        if (numSamples === 0) continue;
        yield { channelData: floatsOf(this.#rest, channels, numSamples), sampleRate };
        position += numSamples;
        this.#rest = this.#rest.subarray(numSamples * bytesPerFrame);
      } while (await this.#read());
      const { how, complaint } = await this.#ended;
      if (complaint === undefined && position === 0) throw new AudioFormatError("AUDIO_EMPTY", "empty audio file: it holds no samples");
      if (complaint === undefined) return;
      const message = `damaged audio file: ${this.#decoder} says: ${complaint}`;
      if (position === 0 || how === "killed") throw new AudioFormatError("AUDIO_CORRUPT", message);
      report.add({ code: how === "whole" ? "AUDIO_GAP" : "AUDIO_TRUNCATED", message, position, numLost: 0 });
    } finally {
      await this.end();
    }
  }

  /** Ends the process, however far it is. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#listening[Symbol.dispose]();
    this.#child.kill("SIGKILL");
    this.#stdout.destroy();
    await this.#ended;
  }

  /** @returns false once there is no more. */
  async #read(): Promise<boolean> {
    const chunk = await this.#chunks.next().catch((error: unknown) => {
      this.#signal?.throwIfAborted();
      throw this.#isOver ? new DisposedError("audio") : error;
    });
    this.#signal?.throwIfAborted();
    if (chunk.done === true) return false;
    const joined = new Uint8Array(this.#rest.length + chunk.value.length);
    joined.set(this.#rest);
    joined.set(chunk.value, this.#rest.length);
    this.#rest = joined;
    return true;
  }

  /** Whether this process, too, may end while it waits to be asked for more. */
  #setIdle(isIdle: boolean): void {
    for (const handle of [this.#child, this.#child.stdout as Socket, this.#child.stderr as Socket]) {
      if (isIdle) handle.unref();
      else handle.ref();
    }
  }
}

/** The last line that ffmpeg said, which tells what all others led to, without the name that its input has there. */
function complaintOf(said: string): string | undefined {
  if (/matches no streams/.test(said)) return "it has no audio";
  if (/not on whitelist/i.test(said)) return "it is of a kind that is no audio, or names other files";
  const line = said.trim().split("\n").at(-1)!.replace(`${inputName}: `, "");
  return line === "" ? undefined : `“${line.slice(0, 200)}”`;
}

/** Planar samples of interleaved big-endian floats. */
function floatsOf(bytes: Uint8Array, channels: number, numSamples: number): Float32Array[] {
  const view = viewOf(bytes);
  return Array.from({ length: channels }, (_, channel) => {
    const samples = new Float32Array(numSamples);
    for (let i = 0; i < numSamples; i++) samples[i] = view.getFloat32(4 * (i * channels + channel));
    return samples;
  });
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, 4));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
