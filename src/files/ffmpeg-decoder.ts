import type { OtherDecoder } from "../audio/index.ts";
import { AudioFormatError } from "../core/index.ts";
import { FfmpegRun } from "./ffmpeg-run.ts";
import { findFfmpeg } from "./find-ffmpeg.ts";
import type { ReadAudioOptions } from "./find-ffmpeg.ts";
import type { OpenedFile } from "./spool.ts";

/** Asks an ffmpeg for a file that this package has no decoder for. */
export interface FfmpegDecoder {
  readonly decode: OtherDecoder;
  /** Ends what was begun. */
  close(): Promise<void>;
}

/** @param openInput Opens the file for ffmpeg, where it is asked. */
export function ffmpegDecoder(openInput: () => Promise<OpenedFile>, options: ReadAudioOptions): FfmpegDecoder {
  const { signal } = options;
  let input: OpenedFile | undefined;
  let run: FfmpegRun | undefined;
  return {
    async decode(refusal) {
      const ffmpeg = await findFfmpeg(options, signal);
      if (ffmpeg === undefined) throw refusal;
      if (typeof ffmpeg === "string") throw refusedTwice(refusal, ffmpeg);
      const { decoder } = ffmpeg;
      input = await openInput();
      const { fd } = input.handle;
      run = new FfmpegRun(ffmpeg, fd, signal);
      const form = await run.start();
      if (typeof form === "string") throw refusedTwice(refusal, `${decoder} was asked as well, and says: ${form}`);
      let begun: FfmpegRun | undefined = run;
      return {
        ...form,
        decoder,
        numSamples: undefined,
        async *decode(report) {
          if (begun === undefined) {
            run = new FfmpegRun(ffmpeg, fd, signal);
            await run.start();
          }
          const current = begun ?? run!;
          begun = undefined;
          yield* current.decode(form, report);
        },
      };
    },
    async close() {
      await run?.end();
      await input?.close();
    },
  };
}

function refusedTwice(refusal: AudioFormatError, reason: string): AudioFormatError {
  const code = refusal.code as ConstructorParameters<typeof AudioFormatError>[0];
  return new AudioFormatError(code, `${refusal.message}; ${reason}`, { cause: refusal });
}
