import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { DatasetError } from "../folder/dataset-error.ts";

/*
 * Inputs in which nothing can be found without unpacking what stands before it. They are unpacked once, into a tar beside the plan, and read from that.
 */

/** Most bytes that one byte of a packed tar may become, beyond a gibibyte of all: silence packs well, and nobody meant to fill the disk. */
const mostPerByte = 64;
const freeBytes = 2 ** 30;

/** Whether an input is one that is unpacked, by its name. */
export function isPackedInput(path: string): boolean {
  return /\.(?:tar\.gz|tgz)$/iu.test(path);
}

/** Where an input that is unpacked lies among those of its plan. */
export function unpackedName(input: number): string {
  return `${input}.tar`;
}

/**
 * The bytes of the tar that an input unpacks to.
 * @throws DatasetError with code DATASET_INPUT for what is no gzip, ends too early, or becomes more than 64 times as long.
 */
export async function* unpackedTar(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  const { size } = await stat(path);
  const most = freeBytes + mostPerByte * size;
  let bytes = 0;
  // What is wrong with the file comes out of the stream that is read below.
  const pieces = pipeline(createReadStream(path), createGunzip(), () => {});
  try {
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      bytes += (piece as Uint8Array).length;
      if (bytes > most)
        throw new DatasetError(
          "DATASET_INPUT",
          `${path} has ${size} bytes and would become more than ${most}; look at it, and unpack it yourself`,
        );
      yield piece as Uint8Array;
    }
  } catch (cause) {
    if (!(cause instanceof Error) || !("code" in cause) || !String(cause.code).startsWith("Z_")) throw cause;
    throw new DatasetError("DATASET_INPUT", `${path} is no gzip file, or a damaged one: ${cause.message}; pack it again, or unpack it`, {
      cause,
    });
  }
}
