/** Extensions under which the formats of `readAudio` are found. What a file really is, its bytes decide. */
export const audioExtensions: readonly string[] = ["flac", "mp3", "oga", "ogg", "opus", "wav", "wave"];

/** The extension of an audio file's name, in lower case and without its dot; undefined if it is none. */
export function audioExtensionOf(path: string): string | undefined {
  const dot = path.lastIndexOf(".");
  if (dot <= path.lastIndexOf("/") + 1) return undefined; // no extension, or a hidden file with no name before it
  const extension = path.slice(dot + 1).toLowerCase();
  return audioExtensions.includes(extension) ? extension : undefined;
}
