import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { DatasetError } from "../folder/dataset-error.ts";

/**
 * What a gzip file unpacks to, piece by piece.
 * @throws DatasetError with code DATASET_INPUT for what is no gzip, or ends too early; what the system says of a file that cannot be read.
 */
export async function* gunzipFile(path: string): AsyncGenerator<Uint8Array, void> {
  // What is wrong with the file comes out of the stream that is read below.
  const pieces = pipeline(createReadStream(path), createGunzip(), () => {});
  try {
    for await (const piece of pieces) yield piece as Uint8Array;
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || !String(cause.code).startsWith("Z_")) throw cause;
    throw new DatasetError("DATASET_INPUT", `${path} is no gzip file, or a damaged one: ${cause.message}; pack it again, or unpack it`, {
      cause,
    });
  }
}
