import { createReadStream } from "node:fs";
import { gunzipFile } from "./gunzip-file.ts";

/** The bytes of a manifest, unpacked where its name ends in `.gz`; memory holds a piece, whatever they unpack to. @throws as `gunzipFile`. */
export function manifestBytes(path: string): AsyncIterable<Uint8Array> {
  return /\.gz$/iu.test(path) ? gunzipFile(path) : createReadStream(path);
}
