import { HubError } from "../core/index.ts";

/** The files of a repository that make up its codec. */
export interface FileSelection {
  /** Small files: configurations and the index of shards. */
  readonly described: readonly string[];
  /** Files with tensors. */
  readonly weights: readonly string[];
  /** What the names of the codec's tensors start with; empty unless it is part of a larger model. */
  readonly prefix: string;
}

/** A repository's top folder, on the Hub or in the cache. */
export interface Listing {
  /** Name for error messages. */
  readonly name: string;
  /** Lengths in bytes by name. */
  readonly files: ReadonlyMap<string, number>;
  readText(name: string): Promise<string>;
}

/** Whole weights before shards, and safetensors before pickles, as `openCheckpoint` takes them. */
const transformersFiles = ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

const audiocraftFile = "compression_state_dict.bin";

/** A smaller `compression_state_dict.bin` only names the repository that has the codec. */
const minAudiocraftBytes = 2 ** 16;

/** Configurations of transformers whose codec lies in a part of the model: key of the part, prefix of its tensors. */
const compositeParts = [
  ["audio_encoder", "audio_encoder."],
  ["codec_config", "codec_model."],
] as const;

/**
 * Chooses the fewest files that hold the codec.
 * @param inRanges Whether safetensors of a larger model can be read in part; else audiocraft's file, which holds the codec
 * alone, goes before them.
 * @throws HubError with code HUB_FILE_NOT_FOUND if there are no weights in a layout that is read.
 */
export async function selectFiles(listing: Listing, inRanges: boolean): Promise<FileSelection> {
  const { files } = listing;
  const config = files.has("config.json") ? parseObject(await listing.readText("config.json")) : undefined;
  const prefix = compositeParts.find(([part]) => config?.[part] !== undefined)?.[1] ?? "";
  const described = ["config.json", "preprocessor_config.json"].filter((name) => files.has(name));
  const transformersFile = config === undefined ? undefined : transformersFiles.find((name) => files.has(name));
  const audiocraftBytes = files.get(audiocraftFile);

  const isInRanges = inRanges && transformersFile?.startsWith("model.safetensors") === true;
  if (prefix !== "" && !isInRanges && audiocraftBytes !== undefined && audiocraftBytes >= minAudiocraftBytes) {
    return { described: [], weights: [audiocraftFile], prefix: "" };
  }
  if (transformersFile?.endsWith(".index.json") === true) {
    const shards = shardsOf(await listing.readText(transformersFile), prefix);
    if (shards.length === 0) throw noWeights(listing, `${transformersFile} names no file with tensors of a codec`);
    const missing = shards.find((shard) => !files.has(shard));
    if (missing !== undefined)
      throw noWeights(listing, `${transformersFile} names the file ${JSON.stringify(missing)}, which is not there`);
    return { described: [...described, transformersFile], weights: shards, prefix };
  }
  if (transformersFile !== undefined) return { described, weights: [transformersFile], prefix };

  if (audiocraftBytes !== undefined) return { described: [], weights: [audiocraftFile], prefix: "" };
  const others = [...files.keys()].filter((name) => /\.(?:safetensors|th)$/u.test(name));
  if (others.length === 1) return { described, weights: others, prefix };
  throw noWeights(listing, `expected config.json with one of ${transformersFiles.join(", ")}, or ${audiocraftFile}, or a single .th file`);
}

/** The files that a shard index puts tensors of the codec into. */
function shardsOf(index: string, prefix: string): readonly string[] {
  const weightMap = parseObject(index)["weight_map"];
  if (typeof weightMap !== "object" || weightMap === null) return [];
  const shards = Object.entries(weightMap).filter(([tensor, shard]) => tensor.startsWith(prefix) && typeof shard === "string");
  return [...new Set(shards.map(([, shard]) => shard as string))].toSorted();
}

/** Looks no further than for which files to get; `openCheckpoint` says what is wrong with the contents of one. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function noWeights({ name, files }: Listing, what: string): HubError {
  const found = files.size === 0 ? "no files" : [...files.keys()].slice(0, 20).join(", ");
  return new HubError("HUB_FILE_NOT_FOUND", `${name} has no weights of a codec in a layout that is read: ${what}; found ${found}`);
}
