/** Extensions of the formats that most corpora are in. A file with one of these keeps its key where another of its name has one of the others. */
export const commonExtensions: readonly string[] = ["flac", "mp3", "oga", "ogg", "opus", "wav", "wave"];

/** Extensions of other audio files. Whether such a file can be read, its bytes decide, and what is on the machine. */
const otherExtensions: readonly string[] = (
  "8svx aac ac3 adts aif aifc aiff amr ape au avr awb caf dsf dts eac3 gsm ircam m4a m4b mka mp1 mp2 mpc mpc2k mpga nist paf pvf ra rf64 sds snd sph spx svx tta " +
  "voc w64 weba webm wma wv"
).split(" ");

/** Extensions of videos, whose sound is taken where they are named. */
const videoExtensions: readonly string[] = "3gp avi flv m4v mkv mov mp4 mpeg mpg ogv wmv".split(" ");

const kinds: ReadonlyMap<string, "audio" | "video"> = new Map([
  ...[...commonExtensions, ...otherExtensions].map((extension) => [extension, "audio"] as const),
  ...videoExtensions.map((extension) => [extension, "video"] as const),
]);

/** The extension of an audio file's name, in lower case and without its dot; undefined if it is none. */
export function audioExtensionOf(path: string): string | undefined {
  return extensionIf("audio", path);
}

/** The same of a video. */
export function videoExtensionOf(path: string): string | undefined {
  return extensionIf("video", path);
}

/** Whether a file has one of the common extensions. */
export function isCommonAudio(path: string): boolean {
  return commonExtensions.includes(extensionOf(path) ?? "");
}

/** The extension of a file's name, in lower case and without its dot; undefined where there is none. */
export function extensionOf(path: string): string | undefined {
  const dot = path.lastIndexOf(".");
  if (dot <= path.lastIndexOf("/") + 1) return undefined; // no extension, or a hidden file with no name before it
  return path.slice(dot + 1).toLowerCase();
}

function extensionIf(kind: "audio" | "video", path: string): string | undefined {
  const extension = extensionOf(path);
  return extension !== undefined && kinds.get(extension) === kind ? extension : undefined;
}
