import { resolve } from "node:path";
import { AudioFormatError, CheckpointError, FileError, HubError } from "../../core/index.ts";
import type { AudioCodes } from "../../core/index.ts";
import { AudioTokenizer, optionsForNamed } from "../../tokenizer/index.ts";
import type { LoadOptions } from "../../tokenizer/index.ts";
import { damageOf } from "../decoding/clip-damage.ts";
import { decodeRow } from "../decoding/decode-row.ts";
import type { RowRecipe } from "../decoding/row-recipe.ts";
import { fingerprintOf } from "../encoding/codec-fingerprint.ts";
import { channelsOfLongRow, encodeLongClip, planLongRow, windowsOfLongRow } from "../encoding/long-row.ts";
import type { CodedWindow, LongRow } from "../encoding/long-row.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { isBadRow } from "../inputs/row.ts";
import type { AudioRow } from "../inputs/row.ts";
import { openPlan } from "../plan/dataset-plan.ts";
import type { DatasetPlan } from "../plan/dataset-plan.ts";
import { readPlannedModel } from "../plan/planned-model.ts";
import type { CodecFields } from "../records/codec-fields.ts";
import type { EncodedClip } from "../records/encoded-clip.ts";
import type { ClipSample } from "./clip-sample.ts";
import { plannedRecipeOf } from "./planned-recipe.ts";
import type { PlannedRecipe } from "./planned-recipe.ts";

/** Which clips are encoded again, and with what model. */
export interface ReencodeOptions {
  /** The clips that are encoded again. */
  readonly sample: ClipSample;
  /** A tokenizer, which stays open, or what `AudioTokenizer.fromPretrained` takes. @default the model, at the commit, that the dataset names, if it is catalogued or cached */
  readonly model?: AudioTokenizer | string | undefined;
  /** Options of a model that is given by its name: license policy, threads and so on. */
  readonly load?: Omit<LoadOptions, "signal"> | undefined;
  /** Where the inputs of the dataset are now: a folder for each, in their order, or one for all. @default where they were when the dataset was begun */
  readonly roots?: readonly string[] | undefined;
  /** Decoded audio that memory may hold, in bytes; longer rows are streamed. @default 64 MiB */
  readonly maxMemory?: number | undefined;
}

/** What encoding a clip again brought to light. */
export interface ClipDifference {
  /** `codes`: others come out; `source`: its audio is not there any more, or is other audio now; `mismatch`: no row of the plan is its, or its audio is damaged otherwise than it says. */
  readonly kind: "codes" | "source" | "mismatch";
  readonly key: string;
  readonly message: string;
}

/** Encodes clips of a finished dataset again, from the audio that its plan names, in the way they were made. */
export class ClipReencoder implements AsyncDisposable {
  readonly #plan: DatasetPlan;
  readonly #recipe: RowRecipe;
  readonly #model: LoadedModel;
  readonly #numCodebooks: number;
  readonly #maxBytes: number;
  readonly #signal: AbortSignal | undefined;
  /** What else may explain other codes. */
  readonly #doubt: string;
  /** Rows by their keys of the part that was asked for last. */
  #rows: { readonly part: number; readonly byKey: ReadonlyMap<string, AudioRow> } | undefined;

  private constructor(
    plan: DatasetPlan,
    recipe: RowRecipe,
    model: LoadedModel,
    codec: CodecFields,
    maxBytes: number,
    signal: AbortSignal | undefined,
  ) {
    this.#plan = plan;
    this.#recipe = recipe;
    this.#model = model;
    this.#numCodebooks = codec.num_codebooks;
    this.#maxBytes = maxBytes;
    this.#signal = signal;
    const isUnknown = codec.digest !== null && model.tokenizer.provenance.digest === null;
    this.#doubt = isUnknown
      ? `; the digest of ${model.tokenizer.provenance.model} is not known, and its weights may be others than the dataset's`
      : "";
  }

  /**
   * @throws DatasetError with code DATASET_FORMAT if the folder has no plan, as one that was downloaded, and DATASET_MISMATCH for a model
   * of other weights; as `AudioTokenizer.fromPretrained` does.
   */
  static async open(
    folder: string,
    codec: CodecFields,
    options: Omit<ReencodeOptions, "sample">,
    signal?: AbortSignal,
  ): Promise<ClipReencoder> {
    const plan = await openPlan(folder).catch((cause: unknown) => {
      if (!(cause instanceof DatasetError)) throw cause;
      throw new DatasetError(
        "DATASET_FORMAT",
        `${folder}: clips cannot be encoded again without the plan that says where their audio is; do it where the dataset was made (${cause.message})`,
        { cause },
      );
    });
    const moved = options.roots === undefined ? plan : plan.at(rootsFor(plan, options.roots));
    const planned = plannedRecipeOf(plan, codec);
    const model = await loadModel(folder, codec, planned.fingerprint, options, signal);
    try {
      await checkWeights(folder, model.tokenizer, codec, planned, signal);
      return new ClipReencoder(moved, planned.recipe, model, codec, options.maxMemory ?? 2 ** 26, signal);
    } catch (error) {
      await model[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Encodes clips of one row again. @returns Those that come out otherwise, or not at all. */
  async *check(part: number, clips: readonly EncodedClip[]): AsyncGenerator<ClipDifference, void> {
    const row = await this.#rowOf(part, clips[0]!.row);
    if (row === undefined) {
      yield* clips.map(
        ({ key, row: name }) => ({ kind: "mismatch", key, message: `the plan has no row ${name} in part ${part}` }) as const,
      );
      return;
    }
    const waiting = new Map(clips.map((clip) => [pieceName(clip.window, clip.channel), clip]));
    let reason = "its audio does not reach so far any more";
    try {
      for await (const { range, channel, codes, damage, decoder } of this.#encode(row, waiting)) {
        const name = pieceName(range.window, channel);
        const { key, codes: stored, damage: recorded, decoder: before } = waiting.get(name)!;
        waiting.delete(name);
        const difference = differenceOf(stored, codes);
        if (difference !== undefined) yield { kind: "codes", key, message: `${difference}${decoderDoubt(before, decoder)}${this.#doubt}` };
        else if (JSON.stringify(damage) !== JSON.stringify(recorded))
          yield { kind: "mismatch", key, message: `its audio is ${damageText(damage)}; its record says ${damageText(recorded)}` };
      }
    } catch (error) {
      if (!(error instanceof SourceError || error instanceof AudioFormatError || error instanceof FileError)) throw error;
      reason = error.message;
    }
    for (const { key } of waiting.values()) yield { kind: "source", key, message: `it cannot be encoded again: ${reason}` };
  }

  async #rowOf(part: number, key: string): Promise<AudioRow | undefined> {
    if (this.#rows?.part !== part) {
      const byKey = new Map<string, AudioRow>();
      if (part < this.#plan.numParts) {
        for await (const { row } of this.#plan.readPart(part)) {
          // Its columns may be long, and nobody asks for them.
          if (!isBadRow(row) && row.duplicateOf === undefined) byKey.set(row.key, { ...row, columns: undefined });
        }
      }
      this.#rows = { part, byKey };
    }
    return this.#rows.byKey.get(key);
  }

  /** The wanted clips of a row, by the names of their pieces. */
  async *#encode(
    row: AudioRow,
    wanted: { has(name: string): boolean },
  ): AsyncGenerator<CodedWindow & Pick<EncodedClip, "damage" | "decoder">, void> {
    const { tokenizer } = this.#model;
    const location = this.#plan.locate(row);
    const recipe = this.#recipe;
    const options = { numCodebooks: this.#numCodebooks, ...(this.#signal === undefined ? {} : { signal: this.#signal }) };
    const decoded = await decodeRow({ location, range: { start: row.start, end: row.end }, recipe, maxBytes: this.#maxBytes });
    if (decoded.kind === "failed") throw new SourceError(decoded.failure.message);
    const { extent, warnings } = decoded;
    const withDamage = (clip: CodedWindow): CodedWindow & Pick<EncodedClip, "damage" | "decoder"> => ({
      ...clip,
      damage: damageOf(clip.range, extent, recipe, warnings),
      decoder: extent.decoder,
    });
    if (decoded.kind === "long" && recipe.planning.window === null) {
      const long: LongRow = { location, extent, recipe };
      const [range] = planLongRow(long);
      for (const channel of channelsOfLongRow(long)) {
        if (range !== undefined && wanted.has(pieceName(null, channel)))
          yield withDamage(await encodeLongClip(long, channel, range, (pieces) => tokenizer.encodeStream(pieces, options)));
      }
      return;
    }
    for await (const { waveform, ...clip } of decoded.kind === "clips" ? decoded.clips : allWindows({ location, extent, recipe })) {
      if (wanted.has(pieceName(clip.range.window, clip.channel)))
        yield withDamage({ ...clip, codes: await tokenizer.encode(waveform, options) });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#model[Symbol.asyncDispose]();
  }
}

/** Audio that gives no clips now. */
class SourceError extends Error {}

async function* allWindows(row: LongRow): ReturnType<typeof windowsOfLongRow> {
  for (const channel of channelsOfLongRow(row)) yield* windowsOfLongRow(row, channel);
}

/** Tells the clips of one row apart. */
function pieceName(window: number | null, channel: number | null): string {
  return `${window}/${channel}`;
}

interface LoadedModel extends AsyncDisposable {
  readonly tokenizer: AudioTokenizer;
}

async function loadModel(
  folder: string,
  codec: CodecFields,
  fingerprint: string | null,
  { model, load }: Omit<ReencodeOptions, "sample">,
  signal: AbortSignal | undefined,
): Promise<LoadedModel> {
  if (model !== undefined && typeof model !== "string") return { tokenizer: model, [Symbol.asyncDispose]: async () => {} };
  const source = model ?? (await readPlannedModel(folder, codec));
  const open = async (variant: LoadOptions = {}): Promise<AudioTokenizer> => {
    const options = source === undefined ? await namedOptions(codec, fingerprint, load) : load;
    return AudioTokenizer.fromPretrained(source ?? codec.model, { ...options, ...variant, ...(signal === undefined ? {} : { signal }) });
  };
  let tokenizer = await open().catch((cause: unknown) => {
    if (model !== undefined || !(cause instanceof CheckpointError || cause instanceof HubError)) throw cause;
    throw new DatasetError(
      "DATASET_INPUT",
      `made with the model ${JSON.stringify(codec.model)}, which could not be loaded; name it, or another place where it is. ${cause.message}`,
      { cause },
    );
  });
  if (codec.channels === 2 && tokenizer.channels === 1) {
    // Stereo codes of a mono codec are those of left and right one by one.
    await tokenizer.dispose();
    tokenizer = await open({ interleaveStereo: true });
  }
  return { tokenizer, [Symbol.asyncDispose]: () => tokenizer.dispose() };
}

/** How to load the model that a dataset names; its weights are compared before they are used. @throws CheckpointError if only the dataset has chosen it. */
async function namedOptions(
  { model, revision, digest }: CodecFields,
  fingerprint: string | null,
  load: ReencodeOptions["load"] = {},
): Promise<LoadOptions> {
  const named = await optionsForNamed({ model, revision, digest: digest ?? fingerprint }, { cacheDir: load.cacheDir });
  const given = Object.fromEntries(Object.entries(load).filter(([, value]) => value !== undefined));
  return { ...named, ...given };
}

async function checkWeights(
  folder: string,
  tokenizer: AudioTokenizer,
  codec: CodecFields,
  { recipe, fingerprint }: PlannedRecipe,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { model, digest } = tokenizer.provenance;
  const refuse = (found: string, expected: string): DatasetError =>
    new DatasetError(
      "DATASET_MISMATCH",
      `${folder} was not made with the weights of ${model}: found ${found}, expected ${expected}; give the model that it was made with, ${codec.model}`,
    );
  if (digest !== null && codec.digest !== null && digest !== codec.digest) throw refuse(`SHA-256 ${digest}`, codec.digest);
  const [found, expected] = [framingOf(tokenizer), framingOf({ ...recipe, hopLength: recipe.planning.hopLength })];
  if (found !== expected) throw refuse(found, expected);
  if (tokenizer.numQuantizers < codec.num_codebooks) throw refuse(`${tokenizer.numQuantizers} codebooks`, `${codec.num_codebooks} or more`);
  if (fingerprint === null) return;
  if ((await fingerprintOf(tokenizer, { numCodebooks: codec.num_codebooks, signal })) !== fingerprint)
    throw refuse("other codes for the same test sound", "the same");
}

function framingOf({ sampleRate, channels, hopLength }: Pick<AudioTokenizer, "sampleRate" | "channels" | "hopLength">): string {
  return `${sampleRate} Hz, ${channels === 1 ? "mono" : "stereo"}, ${hopLength} samples a frame`;
}

/** @throws RangeError for more folders than there are inputs, or fewer. */
function rootsFor({ roots: planned }: DatasetPlan, roots: readonly string[]): readonly string[] {
  if (roots.length === planned.length) return roots.map((root) => resolve(root));
  if (roots.length === 1) return planned.map(() => resolve(roots[0]!));
  throw new RangeError(
    `the dataset has ${planned.length} inputs, which were at ${planned.join(", ")}; give a folder for each, or one for all`,
  );
}

function decoderDoubt(before: string | undefined, now: string | undefined): string {
  return before === now ? "" : `; its audio was decoded by ${before ?? "this package"}, and now by ${now ?? "this package"}`;
}

function damageText(damage: EncodedClip["damage"]): string {
  return damage === undefined ? "sound" : `damaged (${damage.kinds.join(", ")}, ${damage.numLost} samples lost)`;
}

/** What is different about codes, in words; undefined if nothing is. */
function differenceOf(stored: AudioCodes, found: AudioCodes): string | undefined {
  const [before, now] = [
    `${stored.numSamples} samples, [${stored.shape.join(", ")}]`,
    `${found.numSamples} samples, [${found.shape.join(", ")}]`,
  ];
  if (before !== now) return `its codes are of ${before}; encoded again it has ${now}`;
  const [, numCodebooks, numFrames] = stored.shape;
  let count = 0;
  let first = numCodebooks;
  for (const [index, code] of stored.data.entries()) {
    if (code === found.data[index]) continue;
    count++;
    first = Math.min(first, Math.floor(index / numFrames) % numCodebooks);
  }
  if (count > 0)
    return `${count} of its ${stored.data.length} codes are others when it is encoded again, from codebook ${first + 1} of ${numCodebooks} on`;
  const segment = stored.scales?.findIndex((scale, index) => scale !== found.scales?.[index]) ?? -1;
  return segment === -1
    ? undefined
    : `segment ${segment} has the scale ${stored.scales![segment]}; encoded again it has ${found.scales?.[segment]}`;
}
