import type { Waveform } from "../../core/index.ts";
import { allLimits, checkForm, checkNumSamples } from "../reading/audio-limits.ts";
import type { DecodeAudioOptions } from "../reading/decode-audio-options.ts";
import { countSamples, readSamples } from "./open-pcm.ts";
import { codecOf } from "./codec-of.ts";
import { readWavHeader } from "./wav-header.ts";

/**
 * Reads a WAV file: 8-, 16-, 24- and 32-bit integers, 32- and 64-bit floats, plain or WAVE_FORMAT_EXTENSIBLE, A-law, µ-law,
 * IMA and Microsoft ADPCM and GSM 6.10, in RIFF, RIFX, RF64 or BW64, with chunks in any order.
 *
 * Integers of b bits become `value / 2^(b-1)`, so they lie in −1…1. Floats are kept as they are, beyond ±1 and NaN included.
 *
 * Programs that write to a pipe cannot go back to fill in lengths, and recordings get interrupted, so a `data` chunk
 * that claims more than the file holds is read up to the file's last whole sample frame; so is one of length 0
 * where the header does not account for the bytes that follow it. A file that ends before its samples is refused.
 *
 * It works in one go, however long the file: where timers and signals have to have their turn, `decodeAudio` reads WAV files as well.
 *
 * Source: RIFF/WAVE as in Microsoft's "Multimedia Programming Interface and Data Specifications 1.0" and `mmreg.h`;
 * RF64 as in EBU Tech 3306, BW64 as in ITU-R BS.2088.
 * @throws AudioFormatError `AUDIO_UNKNOWN_FORMAT` if this is no WAV file, `AUDIO_UNSUPPORTED` for samples in other codes or a file beyond `options.limits`,
 * `AUDIO_CORRUPT` for a broken header or none of the promised samples, `AUDIO_EMPTY` for a file without samples.
 */
export function parseWav(bytes: Uint8Array, options: Pick<DecodeAudioOptions, "limits"> = {}): Waveform {
  const limits = allLimits(options.limits);
  const reading = readWavHeader(bytes.length);
  let step = reading.next();
  while (!step.done) step = reading.next(bytes.subarray(step.value.start, step.value.end));
  const layout = step.value;
  const numSamples = countSamples("WAV", layout);
  checkForm("wav", layout, limits);
  checkNumSamples("wav", numSamples * layout.channels, limits);
  return readSamples(
    bytes.subarray(layout.data.start, layout.data.end),
    layout,
    codecOf(layout.encoding, layout.channels),
    numSamples,
    () => {},
  );
}
