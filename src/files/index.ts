export { readAudio, writeWav } from "./audio-file.ts";
export type { WriteWavOptions } from "./audio-file.ts";
export { readCodes, writeCodes } from "./codes-file.ts";
export type { ReadCodesOptions } from "./codes-file.ts";
export { openFile, openModelPath } from "./file-source.ts";
export type { FileSource } from "./file-source.ts";
export { writeFileAtomically } from "./write-file.ts";
export type { WriteFileOptions } from "./write-file.ts";
