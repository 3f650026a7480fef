import { MusicgenForConditionalGeneration, PreTrainedModel, Tensor } from "@huggingface/transformers";

/** Logits of a language model that is a pure function of everything it was fed: a wrong input anywhere changes what follows. */
export function fakeLogits(fed: readonly (readonly number[])[], card: number): Float32Array {
  const seen = fed.flat().reduce((hash, token) => (Math.imul(hash, 31) + token + 7) | 0, 17);
  return Float32Array.from(
    { length: fed.length * card },
    (_, index) => ((Math.imul(index + 1, 40_503) ^ Math.imul(seen, 2_654_435)) >>> 8) % 9973,
  );
}

/**
 * The `generate` of transformers.js with its own processors, samplers and pattern filter, around a decoder that is made up.
 * Every other part (text encoder, decoder, EnCodec) is a stub that records what it is given.
 */
export class FakeMusicgen {
  /** Columns that the decoder was fed, one list of rows for each step; the unconditional half is left out. */
  readonly fed: number[][][] = [];
  /** `[1, B, K, T]`, as given to EnCodec. */
  audioCodes: { readonly data: number[]; readonly dims: readonly number[] } | undefined;
  readonly #model: MusicgenForConditionalGeneration;
  readonly #batchSize: number;

  constructor(options: { readonly numCodebooks: number; readonly card: number; readonly batchSize: number }) {
    const { numCodebooks, card } = options;
    const decoder = { num_codebooks: numCodebooks, pad_token_id: card, bos_token_id: card, vocab_size: card };
    const config = { model_type: "musicgen", is_encoder_decoder: true, decoder };
    const generation = { decoder_start_token_id: card, pad_token_id: card, bos_token_id: card, guidance_scale: 3 };
    const encoder = {
      inputNames: ["input_ids"],
      run: async ({ input_ids }: { input_ids: { dims: number[] } }) => {
        const batchSize = input_ids.dims[0]!;
        return { last_hidden_state: new Tensor("float32", new Float32Array(batchSize), [batchSize, 1, 1]) };
      },
    };
    const encodec = {
      inputNames: ["audio_codes"],
      run: async ({ audio_codes }: { audio_codes: { data: BigInt64Array; dims: number[] } }) => {
        this.audioCodes = { data: Array.from(audio_codes.data, Number), dims: audio_codes.dims };
        return { audio_values: new Tensor("float32", new Float32Array(1), [1]) };
      },
    };
    const Model = MusicgenForConditionalGeneration as unknown as new (...parts: unknown[]) => MusicgenForConditionalGeneration;
    this.#model = new Model(config, { model: encoder, encodec_decode: encodec }, { generation_config: generation });
    this.#batchSize = options.batchSize;
    const history: number[][] = [];
    Object.assign(this.#model, {
      forward: async ({ decoder_input_ids }: { decoder_input_ids: Tensor }) => {
        const rows = (decoder_input_ids.tolist() as bigint[][]).map((row) => row.map(Number));
        const conditional = rows.slice(0, rows.length / 2);
        this.fed.push(conditional);
        for (const [row, tokens] of conditional.entries()) (history[row] ??= []).push(...tokens);
        const logits = fakeLogits(history, card);
        return { logits: new Tensor("float32", Float32Array.of(...logits, ...logits), [rows.length, 1, card]) };
      },
    });
  }

  #inputs(options: object): never {
    return { input_ids: new Tensor("int64", new BigInt64Array(this.#batchSize), [this.#batchSize, 1]), ...options } as never;
  }

  /** What a user calls; gives audio. */
  async generate(options: object): Promise<void> {
    await this.#model.generate(this.#inputs(options));
  }

  /** The ids before transformers.js filters them. */
  async generateIds(options: object): Promise<Tensor> {
    return (await PreTrainedModel.prototype.generate.call(this.#model, this.#inputs(options))) as Tensor;
  }
}
