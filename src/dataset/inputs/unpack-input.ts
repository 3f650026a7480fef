import { stat } from "node:fs/promises";
import { DatasetError } from "../folder/dataset-error.ts";
import { gunzipFile } from "./gunzip-file.ts";
import type { OnLeftOut } from "./left-out.ts";
import { isParquet } from "./packed-input.ts";
import { parquetTar } from "./parquet-tar.ts";

/** Most bytes that one byte of a packed input may become, beyond a gibibyte of all: silence packs well, and nobody meant to fill the disk. */
const mostPerByte = 64;
const freeBytes = 2 ** 30;

/**
 * The bytes of the tar that an input unpacks to.
 * @throws DatasetError with code DATASET_INPUT for what is not what its name says, is damaged, or becomes more than 64 times as long.
 */
export async function* unpackedTar(path: string, onLeftOut: OnLeftOut, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const { size } = await stat(path);
  const most = freeBytes + mostPerByte * size;
  let bytes = 0;
  for await (const piece of isParquet(path) ? parquetTar(path, onLeftOut, signal) : gunzipFile(path)) {
    signal?.throwIfAborted();
    bytes += piece.length;
    if (bytes > most)
      throw new DatasetError(
        "DATASET_INPUT",
        `${path} has ${size} bytes and would become more than ${most}; look at it, and unpack it yourself`,
      );
    yield piece;
  }
}
