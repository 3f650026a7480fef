import type { CodeIds } from "./code-ids.ts";
import type { SpecialToken } from "./special-tokens.ts";
import { TokenTemplate, incompleteToken, noToken } from "./token-template.ts";

/**
 * The strings of all tokens of a vocabulary. None begins another, so a text of tokens can be read in one way only,
 * from the left, and a text tokenizer that prefers the longest match reads the same.
 */
export class TokenStrings {
  readonly #ids: CodeIds;
  readonly #template: TokenTemplate;
  readonly #specialTokens: readonly SpecialToken[];

  /** @throws RangeError naming two strings of which one begins the other. */
  constructor(template: string, specialTokens: readonly SpecialToken[], ids: CodeIds) {
    this.#ids = ids;
    this.#template = new TokenTemplate(template, ids);
    this.#specialTokens = specialTokens;
    for (const { name, content } of specialTokens) {
      if (typeof content !== "string" || content === "") throw new RangeError(`special token ${name} has no string`);
      if (this.#template.match(content, 0) !== noToken) {
        throw new RangeError(
          `special token ${name}: ${JSON.stringify(content)} can be taken for a code, ${this.#template.format(ids.base)}`,
        );
      }
      const other = specialTokens.find((token) => token.name !== name && token.content.startsWith(content));
      if (other !== undefined) {
        throw new RangeError(
          `special token ${other.name}: ${JSON.stringify(other.content)} begins with that of ${name}, ${JSON.stringify(content)}`,
        );
      }
    }
  }

  /** The string of an id, or undefined where the id is no token of this vocabulary. */
  format(id: number): string | undefined {
    if (this.#ids.isCode(id)) return this.#template.format(id);
    return this.#specialTokens.find((token) => token.id === id)?.content;
  }

  /** The id of the token that starts at a place in a text, or `noToken`, or `incompleteToken` where the text ends too soon. */
  match(text: string, start: number): number {
    const code = this.#template.match(text, start);
    if (code >= 0) return code;
    let answer = code;
    for (const { id, content } of this.#specialTokens) {
      if (text.startsWith(content, start)) return id;
      if (content.startsWith(text.slice(start))) answer = incompleteToken;
    }
    return answer;
  }
}
