import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AutoTokenizer,
  env,
  LogitsProcessorList,
  MusicgenForConditionalGeneration,
  PreTrainedModel,
  Tensor,
} from "@huggingface/transformers";
import { hiddenSize, writeSmallMusicgen } from "../../examples/support/small-musicgen.ts";
import type { SmallMusicgenShape } from "../../examples/support/small-musicgen.ts";
import { viewGrid } from "../../src/patterns/grid/token-grid.ts";
import type { CodesInput, TokenGrid } from "../../src/patterns/grid/token-grid.ts";
import { musicgenLogitsProcessor } from "../../src/patterns/musicgen/musicgen-logits-processor.ts";
import { musicgenCodesFromGenerated } from "../../src/patterns/musicgen/musicgen-generated.ts";
import { musicgenMaxLengthFor } from "../../src/patterns/musicgen/musicgen-lengths.ts";
import { musicgenDecoderInputIds } from "../../src/patterns/musicgen/musicgen.ts";

const guidanceScale = 3;

type TextTokenizer = (texts: readonly string[]) => { readonly input_ids: Tensor };

/** The small model as transformers.js loads it: its `generate`, and single predictions for loops of the tests' own. */
export class SmallMusicgen {
  readonly numCodebooks: number;
  readonly codebookSize: number;
  readonly #folder: string;
  readonly #model: MusicgenForConditionalGeneration;
  readonly #textTokenizer: TextTokenizer;

  private constructor(folder: string, shape: SmallMusicgenShape, model: unknown, textTokenizer: unknown) {
    this.#folder = folder;
    this.numCodebooks = shape.numCodebooks;
    this.codebookSize = shape.codebookSize;
    this.#model = model as MusicgenForConditionalGeneration;
    this.#textTokenizer = textTokenizer as TextTokenizer;
  }

  static async load(shape: SmallMusicgenShape): Promise<SmallMusicgen> {
    env.allowRemoteModels = false;
    const folder = await mkdtemp(join(tmpdir(), "musicgen-"));
    await writeSmallMusicgen(folder, shape);
    const model = await MusicgenForConditionalGeneration.from_pretrained(folder, { dtype: "fp32" });
    return new SmallMusicgen(folder, shape, model, await AutoTokenizer.from_pretrained(folder));
  }

  async dispose(): Promise<void> {
    await this.#model.dispose();
    await rm(this.#folder, { recursive: true });
  }

  #options(texts: readonly string[], prompt: CodesInput | null, frames: number, doSample: boolean): never {
    const { numCodebooks, codebookSize: padToken } = this;
    const maxLength = musicgenMaxLengthFor({ frames, numCodebooks });
    const { decoderInputIds, patternMask } = musicgenDecoderInputIds(prompt ?? { batchSize: texts.length, numCodebooks }, {
      maxLength,
      padToken,
    });
    const processors = new LogitsProcessorList();
    processors.push(musicgenLogitsProcessor(patternMask, Tensor));
    return {
      ...this.#textTokenizer(texts),
      decoder_input_ids: new Tensor("int64", decoderInputIds.data, [...decoderInputIds.dims]),
      max_length: maxLength,
      logits_processor: processors,
      do_sample: doSample,
      guidance_scale: guidanceScale,
    } as never;
  }

  /** Codes `[B, K, frames]` by transformers.js, which feeds column by column and keeps a cache. */
  async generate(texts: readonly string[], prompt: CodesInput | null, frames: number, { doSample = false } = {}): Promise<TokenGrid> {
    const { data, dims } = (await PreTrainedModel.prototype.generate.call(
      this.#model,
      this.#options(texts, prompt, frames, doSample),
    )) as Tensor;
    return musicgenCodesFromGenerated(
      { data: data as BigInt64Array, dims },
      { numCodebooks: this.numCodebooks, padToken: this.codebookSize },
    );
  }

  /** The codes `[1, B, K, frames]` that transformers.js gives to EnCodec: this model's returns them for audio. */
  async generateAudio(texts: readonly string[], prompt: CodesInput | null, frames: number): Promise<Tensor> {
    return (await this.#model.generate(this.#options(texts, prompt, frames, false))) as Tensor;
  }

  /** Logits `[K, columns, codebookSize]` of rows of ids; with a cache, of those after it. */
  async forward(rows: readonly (readonly number[])[], text: string | null, past?: Record<string, Tensor>): Promise<Record<string, Tensor>> {
    const decoder_input_ids = new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0]!.length]);
    const condition =
      text === null
        ? { encoder_outputs: new Tensor("float32", new Float32Array(hiddenSize), [1, 1, hiddenSize]) }
        : this.#textTokenizer([text]);
    return (await this.#model.forward({ ...condition, decoder_input_ids, past_key_values: past } as never)) as Record<string, Tensor>;
  }

  /** `[K]`: the code of each row that comes after the rows; everything is fed anew, with and without the text. */
  async predict(rows: readonly (readonly number[])[], text: string): Promise<number[]> {
    const [given, free] = await Promise.all(
      [text, null].map(async (condition) => (await this.forward(rows, condition)).logits!.slice(null, -1, null)),
    );
    const guided = (free!.data as Float32Array).map(
      (logit, index) => logit + ((given!.data as Float32Array)[index]! - logit) * guidanceScale,
    );
    return rows.map((_, row) => {
      const logits = guided.subarray(row * this.codebookSize, (row + 1) * this.codebookSize);
      return logits.indexOf(Math.max(...logits));
    });
  }
}

/** Codes or ids of all clips, row by row. */
export function rowsOf(grid: CodesInput): number[][] {
  const { data, batchSize, numRows, numColumns } = viewGrid(grid);
  const row = (index: number) => Array.from({ length: numColumns }, (_, column) => Number(data[index * numColumns + column]));
  return Array.from({ length: batchSize * numRows }, (_, index) => row(index));
}
