/** A `tokenizer.json`, as far as extending it needs it. */
export interface TokenizerJson {
  readonly added_tokens: readonly { readonly id: number }[];
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly [part: string]: unknown };
  readonly [part: string]: unknown;
}

/** A text tokenizer of lower-case characters. */
export const characterTokenizer: TokenizerJson = {
  version: "1.0",
  added_tokens: [],
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "Split", pattern: { Regex: "." }, behavior: "Isolated", invert: false },
  post_processor: null,
  decoder: { type: "Fuse" },
  model: {
    type: "WordLevel",
    vocab: Object.fromEntries(Array.from("_ abcdefghijklmnopqrstuvwxyz0123456789.,:!?'", (character, id) => [character, id])),
    unk_token: "_",
  },
};

/** The `tokenizer_config.json` that goes with it. */
export const characterTokenizerConfig: Readonly<Record<string, unknown>> = { tokenizer_class: "PreTrainedTokenizerFast", unk_token: "_" };
