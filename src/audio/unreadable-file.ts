import { AudioFormatError } from "../core/index.ts";
import { hasAscii } from "./reading/ascii.ts";

/** Files that people take for readable audio, by the text at an offset; those with an extension `ffmpeg` can convert. */
const knownFiles: readonly { readonly offset: number; readonly text: string; readonly name: string; readonly extension?: string }[] = [
  { offset: 4, text: "ftyp", name: "an MP4 or M4A file", extension: "m4a" },
  { offset: 8, text: "AVI ", name: "an AVI video", extension: "avi" },
  { offset: 0, text: "\x1a\x45\xdf\xa3", name: "a WebM or Matroska file", extension: "webm" },
  { offset: 0, text: "\x30\x26\xb2\x75", name: "a Windows Media file", extension: "wma" },
  { offset: 0, text: "\x0b\x77", name: "AC-3 audio", extension: "ac3" },
  { offset: 0, text: "TTA1", name: "a True Audio file", extension: "tta" },
  { offset: 0, text: "FLV\x01", name: "a Flash video", extension: "flv" },
  { offset: 0, text: "DSD ", name: "a DSD stream file", extension: "dsf" },
  { offset: 0, text: "wvpk", name: "a WavPack file", extension: "wv" },
  { offset: 0, text: "MAC ", name: "a Monkey's Audio file", extension: "ape" },
  { offset: 0, text: "#!AMR", name: "an AMR file", extension: "amr" },
  { offset: 0, text: "\xf0\x7e", name: "a MIDI sample dump; convert it with libsndfile: sndfile-convert in.sds out.wav" },
  { offset: 0, text: "ALawSoundFile**", name: "a Psion sound; convert it with SoX: sox in.wve out.wav" },
  {
    offset: 0,
    text: "Extended Instrument: ",
    name: "a FastTracker 2 instrument; convert it with libsndfile: sndfile-convert in.xi out.wav",
  },
  { offset: 0, text: "MATLAB 5.0 MAT-file", name: "a MATLAB file; write the samples as WAV there: audiowrite" },
  { offset: 0, text: "\xff\xf1", name: "an AAC stream", extension: "aac" },
  { offset: 0, text: "\xff\xf9", name: "an AAC stream", extension: "aac" },
  { offset: 0, text: "version https://git-lfs", name: "a Git LFS pointer; fetch the file itself with: git lfs pull" },
  { offset: 0, text: "PK\x03\x04", name: "a zip archive; unpack it first" },
  { offset: 0, text: "\x1f\x8b", name: "a gzip archive; unpack it first" },
];

/** Whether they are known to be of a file that cannot be read, and not junk before one that can. @param bytes The first 12. */
export function isOtherFile(bytes: Uint8Array): boolean {
  return knownFiles.some(({ offset, text }) => hasAscii(bytes, offset, text.slice(0, 12)));
}

/**
 * Makes the error for bytes that are none of the readable formats: what they look like, and what can be done about it.
 * @param bytes Not empty.
 * @returns `AUDIO_UNSUPPORTED` for other audio formats, `AUDIO_UNKNOWN_FORMAT` for everything else.
 */
export function unreadableFileError(bytes: Uint8Array): AudioFormatError {
  const known = knownFiles.find(({ offset, text }) => hasAscii(bytes, offset, text));
  if (known?.extension !== undefined) {
    return new AudioFormatError(
      "AUDIO_UNSUPPORTED",
      `this is ${known.name}, which is not supported; convert it first: ffmpeg -i in.${known.extension} out.wav`,
    );
  }
  const guess = known === undefined ? guessText(bytes) : `this is ${known.name}`;
  return new AudioFormatError(
    "AUDIO_UNKNOWN_FORMAT",
    `not readable as audio: expected a WAV, FLAC, MP3 or Ogg file, but it ${firstBytes(bytes)}${guess === undefined ? "" : `: ${guess}`}`,
  );
}

/** Whether a file that cannot be read may be audio all the same, of a kind that is not known here: what is plainly something else is not. */
export function mayBeAudio(bytes: Uint8Array): boolean {
  const known = knownFiles.find(({ offset, text }) => hasAscii(bytes, offset, text));
  return known === undefined ? guessText(bytes) === undefined : known.extension !== undefined;
}

function guessText(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, 256);
  if (head.some((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return undefined;
  return /^\s*<(!doctype|html|head|\?xml)/i.test(String.fromCharCode(...head))
    ? "this looks like a web page, perhaps an error page saved in place of the file; download it again"
    : "this looks like a text file";
}

function firstBytes(bytes: Uint8Array): string {
  const head = Array.from(bytes.subarray(0, 4));
  const hex = head.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const text = head.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
  return `starts with ${hex} (“${text}”)`;
}
