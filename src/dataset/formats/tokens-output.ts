import { rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { syncFolder, TokenDatasetWriter } from "../../files/index.ts";
import { bytesPerToken, tokenStream } from "../../patterns/index.ts";
import type { TokenStreamFormat } from "../../patterns/index.ts";
import { writingError } from "../folder/disk-space.ts";
import type { ClipOutput, ShardLimits } from "./clip-output.ts";
import { shardedOutput } from "./sharded-output.ts";
import type { ShardStart, ShardWriter } from "./sharded-output.ts";
import type { TokenLayout } from "./token-layout.ts";

/** How flat token shards are written. */
export interface TokensOutputOptions extends ShardLimits {
  /** How codes become tokens. */
  readonly layout: TokenLayout;
  /** `flat` for nanoGPT and its kin, `megatron` for Megatron-LM, which needs an index. @default "flat" */
  readonly stream?: TokenStreamFormat | undefined;
}

/**
 * Clips as documents of a flat token stream, `shards/part-000012-000.bin` with `.json` (and `.idx` for Megatron-LM) beside it:
 * `openTokenDataset` reads each shard. Document i is the clip whose place in the manifest has index i.
 * @throws RangeError if the stream cannot hold the layout's vocabulary.
 */
export function tokensOutput(folder: string, options: TokensOutputOptions): ClipOutput {
  const { layout, stream: format = "flat" } = options;
  const stream = tokenStream(format, layout);
  return shardedOutput(
    folder,
    {
      format: "tokens",
      overhead: 0,
      itemOf: (clip) => {
        const item = layout.tokensOf(clip.codes);
        return { item, bytes: (item.length + 1) * bytesPerToken(stream.type) };
      },
      start: (shard) => startTokens(shard, format, layout),
    },
    options,
  );
}

async function startTokens(
  { folder, stem, codec }: ShardStart,
  format: TokenStreamFormat,
  layout: TokenLayout,
): Promise<ShardWriter<ArrayLike<number>>> {
  const { vocabularySize, eosToken, description } = layout;
  const metadata = { layout: description, codec };
  const path = join(folder, stem);
  const writer = await TokenDatasetWriter.create(path, { format, vocabularySize, eosToken, metadata, overwrite: true });
  let clips = 0;
  return {
    async add(tokens) {
      await translated(path, () => writer.append(tokens));
      return { file: `${stem}.bin`, index: clips++ };
    },
    async finish() {
      const { files } = await translated(path, () => writer.finish());
      await syncFolder(join(folder, "shards"));
      return files.map(({ path: file, ...published }) => ({ path: relative(folder, file).replaceAll("\\", "/"), ...published }));
    },
    async abort() {
      await writer.dispose();
      for (const extension of [".idx", ".json", ".bin"]) await rm(`${path}${extension}`, { force: true });
    },
  };
}

async function translated<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw writingError(path, error);
  }
}
