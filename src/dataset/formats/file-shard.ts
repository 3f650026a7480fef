import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createDurable } from "../folder/durable-file.ts";
import type { ShardStart, ShardWriter } from "./sharded-output.ts";

/** Bytes that are gathered before they are written: a clip may be a few hundred. */
const flushLength = 1 << 20;

/**
 * A shard of one file to which every clip adds some bytes.
 * @param ending What follows the last clip.
 */
export async function fileShard({ folder, stem }: ShardStart, extension: string, ending: Uint8Array): Promise<ShardWriter<Uint8Array>> {
  const name = `${stem}${extension}`;
  const file = await createDurable(join(folder, name));
  let gathered: Uint8Array[] = [];
  let gatheredLength = 0;
  let clips = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(gathered);
    gathered = [];
    gatheredLength = 0;
    await file.write(bytes);
  };
  return {
    async add(bytes) {
      gathered.push(bytes);
      gatheredLength += bytes.length;
      if (gatheredLength >= flushLength) await flush();
      return { file: name, index: clips++ };
    },
    async finish() {
      gathered.push(ending);
      await flush();
      return [{ path: name, ...(await file.publish()) }];
    },
    async abort() {
      await file[Symbol.asyncDispose]();
      await rm(file.path, { force: true });
    },
  };
}
