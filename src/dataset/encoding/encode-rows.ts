import { inOrder } from "../../async/index.ts";
import type { Budget, Lease } from "../../async/index.ts";
import type { AudioWarning } from "../../audio/index.ts";
import type { AudioCodes } from "../../core/index.ts";
import type { AudioTokenizer } from "../../tokenizer/index.ts";
import { asOneWarning, damageOf, toldTogether } from "../decoding/clip-damage.ts";
import type { RowWarning } from "../decoding/clip-damage.ts";
import type { DecodePool } from "../decoding/decode-pool.ts";
import { tooShort } from "../decoding/decode-row.ts";
import type { DecodedClip, RowExtent } from "../decoding/decode-row.ts";
import { failureOf, RowError } from "../decoding/row-failure.ts";
import type { RowFailure } from "../decoding/row-failure.ts";
import type { RowRecipe } from "../decoding/row-recipe.ts";
import { keyOfClip, rowKeyProblem } from "../inputs/row-key.ts";
import { formatRow, isBadRow } from "../inputs/row.ts";
import type { AudioRow, NumberedRow } from "../inputs/row.ts";
import type { DatasetPlan } from "../plan/dataset-plan.ts";
import type { EncodedClip } from "../records/encoded-clip.ts";
import { publishedCodes, publishedMessage, publishedPath } from "../records/published-names.ts";
import { ClipBatcher } from "./clip-batcher.ts";
import { channelsOfLongRow, encodeLongClip, planLongRow, windowsOfLongRow } from "./long-row.ts";
import type { CodedWindow, LongRow } from "./long-row.ts";

/** A row of a part on its way. */
export interface PartRow extends NumberedRow {
  readonly part: number;
  readonly isLastOfPart: boolean;
}

/** What became of a row. */
export interface EncodedRow extends PartRow {
  /** None for a row that failed and for one that has the audio of an earlier row. */
  readonly clips: readonly EncodedClip[];
  readonly failure: RowFailure | null;
  /** What is wrong with its audio; none for a row that failed. */
  readonly warnings: readonly ToldWarning[];
}

/** What is wrong with the audio of a row. */
export interface ToldWarning extends AudioWarning {
  /** The file's sample rate, in hertz. */
  readonly sampleRate: number;
  /** Keys of the first clips that it is about. */
  readonly clips: readonly string[];
}

/** The clips of a row, and what is wrong with its audio. */
type RowClips = Pick<EncodedRow, "clips" | "warnings">;

/** Keys of clips that one warning names; the manifest marks all of them. */
const maxNamedClips = 10;

export interface EncodeRowsOptions {
  readonly plan: DatasetPlan;
  readonly tokenizer: AudioTokenizer;
  readonly numCodebooks: number;
  readonly recipe: RowRecipe;
  readonly pool: DecodePool;
  /** Threads of the pool. */
  readonly decodeThreads: number;
  /** Bytes of decoded audio. */
  readonly maxMemory: number;
  /** The budget of bytes of all who encode rows at the same time. */
  readonly budget: Budget;
  /** The most clips that go through the model together. */
  readonly batchClips: number;
  /** The most rows that are decoded, encoded or wait to be written; a long one counts as one for each 16 KiB of it. @default 1000 */
  readonly rowsAhead?: number | undefined;
  /** Told each row before anything is done with its audio; waited for. */
  readonly onBegin?: ((row: PartRow & { readonly row: AudioRow }) => Promise<void>) | undefined;
  readonly signal: AbortSignal;
}

/** Characters of a row, as the plan has it, that count as one row: a thousand rows of a megabyte each would be a gigabyte. */
const rowCharacters = 2 ** 14;

/**
 * Encodes rows: they are decoded ahead in threads, their clips go through the model in batches of similar lengths, and come out in the order of the rows.
 * Decoded audio takes at most `maxMemory` bytes; rows that would take a good part of it alone are streamed.
 * @throws what the model and the threads throw, and the reason of the signal; what is wrong with a row is in its result.
 */
export function encodeRows(rows: AsyncIterable<PartRow>, options: EncodeRowsOptions): AsyncGenerator<EncodedRow, void> {
  const abandoned = new AbortController();
  const encoder = new RowEncoder({ ...options, signal: AbortSignal.any([options.signal, abandoned.signal]) });
  return inOrder(rows, {
    admit: (row) => encoder.admit(row),
    work: (row, memory) => encoder.encode(row, memory),
    ahead: options.rowsAhead ?? 1000,
    weigh: ({ row }) => Math.ceil(formatRow(row).length / rowCharacters),
    abandon: () => abandoned.abort(),
  });
}

/** Audio bytes that a row may take in memory before it is streamed: all threads decode, and as much waits for the model. */
export function longRowBytes({ decodeThreads, maxMemory }: Pick<EncodeRowsOptions, "decodeThreads" | "maxMemory">): number {
  return Math.floor(maxMemory / (2 * decodeThreads + 4));
}

class RowEncoder {
  readonly #options: EncodeRowsOptions;
  readonly #budget: Budget;
  readonly #batcher: ClipBatcher;
  readonly #rowBytes: number;
  /** The long row at work: one at a time is. */
  #lastLong: Promise<unknown> = Promise.resolve();

  constructor(options: EncodeRowsOptions) {
    const { tokenizer, numCodebooks, budget, batchClips, signal } = options;
    this.#options = options;
    this.#budget = budget;
    this.#rowBytes = longRowBytes(options);
    this.#batcher = new ClipBatcher((waveforms) => tokenizer.encodeBatch(waveforms, { numCodebooks, signal }), batchClips);
  }

  /** @returns The memory of a row that is to be decoded, which `encode` gives back. */
  async admit({ row }: PartRow): Promise<Lease | undefined> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    if (!isWork(row)) return undefined;
    const memory = await this.#budget.take(this.#rowBytes);
    if (!signal.aborted) return memory;
    memory[Symbol.dispose](); // no one else would
    throw signal.reason;
  }

  async encode(numbered: PartRow, admitted: Lease | undefined): Promise<EncodedRow> {
    using memory = admitted;
    const { row } = numbered;
    if (isBadRow(row))
      return {
        ...numbered,
        clips: [],
        failure: { code: row.problem.code, message: publishedMessage(row.problem.message, [[row.path, publishedPath(row.path)]]) },
        warnings: [],
      };
    if (!isWork(row)) return { ...numbered, clips: [], failure: null, warnings: [] };
    const { plan, signal, onBegin } = this.#options;
    await onBegin?.({ ...numbered, row });
    const location = plan.locate(row);
    const result = await this.#clipsOf(row, memory!).catch((error: unknown) => {
      if (error instanceof RowError) return failureOf(error);
      throw error;
    });
    signal.throwIfAborted();
    // Paths as the dataset has them, so that it says the same on every machine.
    const published = (message: string): string => publishedMessage(message, [[location.path, publishedPath(row.path)]]);
    if (!("clips" in result)) return { ...numbered, clips: [], failure: { ...result, message: published(result.message) }, warnings: [] };
    const warnings = result.warnings.map((warning) => ({ ...warning, message: published(warning.message) }));
    return { ...numbered, clips: result.clips, failure: null, warnings };
  }

  async #clipsOf(row: AudioRow, memory: Lease): Promise<RowClips> {
    const { plan, pool, recipe } = this.#options;
    const location = plan.locate(row);
    const problem = rowKeyProblem(row.key);
    if (problem !== undefined)
      throw new RowError({
        code: "ROW_INVALID",
        message: `its key ${JSON.stringify(row.key.slice(0, 200))} cannot name files: ${problem}; give the row another id`,
      });
    const task = { location, range: { start: row.start, end: row.end }, recipe, maxBytes: this.#rowBytes };
    const decoded = await this.#batcher.expecting(() => pool.decode(task));
    if (decoded.kind === "failed") throw new RowError(decoded.failure);
    const { extent, warnings } = decoded;
    const ofRow = (clips: readonly CodedWindow[]): RowClips => rowClips(row, clips, { extent, recipe, warnings });
    if (decoded.kind === "long") {
      memory[Symbol.dispose]();
      return ofRow(await this.#encodeLong({ location, extent, recipe }));
    }
    memory.resize(bytesOf(decoded.clips));
    return ofRow(await Promise.all(decoded.clips.map((clip) => this.#encodeClip(clip))));
  }

  async #encodeClip({ range, channel, waveform, loudness }: DecodedClip): Promise<CodedWindow> {
    return { range, channel, loudness, codes: await this.#batcher.encode(waveform) };
  }

  #encodeLong(row: LongRow): Promise<readonly CodedWindow[]> {
    const clips = this.#lastLong.then(() => this.#encodeLongNow(row));
    this.#lastLong = clips.catch(() => {});
    return clips;
  }

  async #encodeLongNow(row: LongRow): Promise<readonly CodedWindow[]> {
    const { tokenizer, numCodebooks, signal, recipe } = this.#options;
    signal.throwIfAborted();
    const planned = planLongRow(row);
    if (planned.length === 0)
      throw new RowError(tooShort((row.extent.samples.end - row.extent.samples.start) / row.extent.sampleRate, recipe));
    const clips: Promise<CodedWindow>[] = [];
    try {
      for (const channel of channelsOfLongRow(row)) {
        if (recipe.planning.window === null) {
          const encodeStream = (pieces: AsyncIterable<DecodedClip["waveform"]>): AsyncIterable<AudioCodes> =>
            tokenizer.encodeStream(guarded(pieces), { numCodebooks, signal });
          clips.push(Promise.resolve(await encodeLongClip(row, channel, planned[0]!, encodeStream)));
          continue;
        }
        for await (const clip of guarded(windowsOfLongRow(row, channel))) {
          const windowMemory = await this.#budget.take(bytesOf([clip]));
          const coded = this.#encodeClip(clip).finally(() => windowMemory[Symbol.dispose]());
          coded.catch(() => {}); // awaited below
          clips.push(coded);
          signal.throwIfAborted();
        }
      }
      return await Promise.all(clips);
    } finally {
      await Promise.allSettled(clips);
    }
  }
}

/** Items whose source fails as the row does: the file, which was sound a moment ago, vanished or changed. */
async function* guarded<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item, void> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await iterator.next().catch((error: unknown) => {
        throw new RowError(failureOf(error));
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

function isWork(row: NumberedRow["row"]): row is AudioRow {
  return !isBadRow(row) && row.duplicateOf === undefined;
}

/** What was made of a row, and how. */
interface RowMaking {
  readonly extent: RowExtent;
  readonly recipe: RowRecipe;
  readonly warnings: readonly RowWarning[];
}

function rowClips(row: AudioRow, coded: readonly CodedWindow[], making: RowMaking): RowClips {
  const { extent, recipe, warnings } = making;
  const clips = coded.map((clip) => encodedClip(row, clip, making));
  const told = toldTogether(warnings).map((together): ToldWarning => {
    const touched = clips.filter((_, index) => damageOf(coded[index]!.range, extent, recipe, together) !== undefined);
    const { sampleRate } = extent;
    return { ...asOneWarning(together), sampleRate, clips: touched.slice(0, maxNamedClips).map(({ key }) => key) };
  });
  return { clips, warnings: told };
}

function encodedClip(
  row: AudioRow,
  { range, channel, codes, loudness }: CodedWindow,
  { extent, recipe, warnings }: RowMaking,
): EncodedClip {
  const offset = extent.samples.start / extent.sampleRate;
  const damage = damageOf(range, extent, recipe, warnings);
  return {
    key: keyOfClip(row.key, { window: range.window ?? undefined, channel: channel ?? undefined }),
    row: row.key,
    source: row.member === undefined ? publishedPath(row.path) : `${publishedPath(row.path)}#${row.member.name}`,
    start: offset + range.start / recipe.sampleRate,
    end: offset + (range.start + range.length) / recipe.sampleRate,
    window: range.window,
    channel,
    codes: publishedCodes(codes),
    loudness,
    ...(damage === undefined ? {} : { damage }),
    ...(extent.decoder === undefined ? {} : { decoder: extent.decoder }),
    columns: row.columns ?? {},
  };
}

/** Memory that clips take; overlapping ones share theirs. */
function bytesOf(clips: readonly DecodedClip[]): number {
  const buffers = new Set(clips.flatMap(({ waveform }) => waveform.channelData.map(({ buffer }) => buffer)));
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}
