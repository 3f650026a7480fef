import { CST, isScalar, Lexer, parseDocument, visit } from "yaml";
import type { YAMLMap } from "yaml";
import { CheckpointError, printable, printableJson } from "../../core/index.ts";

/** A parsed YAML value; mappings are `Map`s, so that no key can reach a prototype. */
export type Yaml = string | number | boolean | null | readonly Yaml[] | ReadonlyMap<string, Yaml>;

/** Longest text that is read, in characters; an audiocraft configuration has some thousands. */
const maxLength = 64 * 1024;

/** Most tokens: words, signs and the white space between them. A configuration has some 3000; the parser takes microseconds for each. */
const maxTokens = 10_000;

/**
 * Deepest that brackets, or dashes and colons on one line, may nest, and widest that a line may be indented. The parser
 * recurses into what is nested; where the stack ends inside a regular expression, the whole process ends.
 */
const maxNesting = 32;
const maxIndentation = 64;

/** Values that may be repeated by YAML aliases, which could otherwise grow without end. */
const maxAliases = 100;

/** References such as `${sample_rate}` may lead to further ones. */
const maxReferences = 8;

/**
 * Options in a YAML text, found by dotted paths (`seanet.n_filters`). Values of the form `${a.b}` stand for the option
 * `a.b`, as OmegaConf writes them when it saves a configuration unresolved.
 */
export class YamlOptions {
  readonly #root: ReadonlyMap<string, Yaml>;
  readonly #file: string;

  /** @throws CheckpointError with code CHECKPOINT_CONFIG if the text is not a YAML mapping of plain values. */
  constructor(text: string, file: string) {
    this.#root = parseYaml(text, file);
    this.#file = file;
  }

  /**
   * An option's value, or `undefined` where it is not there.
   * @throws CheckpointError if it refers to an option that is not there, or in a circle.
   */
  get(path: string): Yaml | undefined {
    let target = path;
    for (let references = 0; references <= maxReferences; references++) {
      const value = this.#find(target);
      const reference = typeof value === "string" ? /^\$\{([^}]*)\}$/.exec(value) : null;
      if (reference === null) return value;
      target = reference[1]!;
      if (this.#find(target) === undefined) {
        throw this.#refusal(path, `the reference ${printable(value as string)}`, "one to an option that is there");
      }
    }
    throw this.#refusal(path, "a reference that leads in circles", "a value");
  }

  /** @throws CheckpointError if the option is not there. */
  need(path: string): Yaml {
    const value = this.get(path);
    if (value === undefined) {
      throw new CheckpointError("CHECKPOINT_CONFIG", `${this.#file} has no ${path}, which the network depends on`);
    }
    return value;
  }

  /** Names of the options inside a mapping; none where it is empty or not there. */
  keysOf(path: string): readonly string[] {
    const value = this.get(path);
    return value instanceof Map ? [...value.keys()] : [];
  }

  /** @throws CheckpointError unless the option's value, written as JSON, is one of those allowed. */
  expect(path: string, allowed: readonly string[]): void {
    const found = asJson(this.need(path));
    if (!allowed.includes(found)) {
      throw this.refuse(path, this.need(path), `${allowed.map(printable).join(" or ")}; other networks are not supported`);
    }
  }

  /** An error that names an option, the value found and what is allowed. */
  refuse(path: string, found: Yaml, allowed: string): CheckpointError {
    return this.#refusal(path, printableJson(found), allowed);
  }

  #refusal(path: string, found: string, allowed: string): CheckpointError {
    return new CheckpointError("CHECKPOINT_CONFIG", `${this.#file}: ${printable(path)} is ${found}; expected ${allowed}`);
  }

  #find(path: string): Yaml | undefined {
    let value: Yaml | undefined = this.#root;
    for (const key of path.split(".")) value = value instanceof Map ? (value.get(key) as Yaml | undefined) : undefined;
    return value;
  }
}

/** A value as JSON, keys in their order. */
export function asJson(value: Yaml): string {
  return JSON.stringify(value, (_key, part: unknown) => (part instanceof Map ? Object.fromEntries(part) : part));
}

/** The parser looks for equal keys by comparing each with all, and for the line of every error from the beginning of the text. */
const parseOptions = {
  schema: "core",
  resolveKnownTags: false,
  merge: false,
  logLevel: "silent",
  prettyErrors: false,
  uniqueKeys: false,
} as const;

function parseYaml(text: string, file: string): ReadonlyMap<string, Yaml> {
  if (text.length > maxLength) {
    throw new CheckpointError("CHECKPOINT_CONFIG", `${file} has ${text.length} characters; at most ${maxLength} are read`);
  }
  let value: unknown;
  try {
    checkTokens(text);
    const document = parseDocument(text, parseOptions);
    // Warnings are about tags that ask for types of Python.
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) throw problem;
    visit(document, { Map: (_key, map) => checkKeys(map) });
    value = document.toJS({ mapAsMap: true, maxAliasCount: maxAliases });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError("CHECKPOINT_CONFIG", `${file} is not plain YAML: ${printable(message)}`, { cause });
  }
  if (!(value instanceof Map)) throw new CheckpointError("CHECKPOINT_CONFIG", `${file} holds no options`);
  return value as ReadonlyMap<string, Yaml>;
}

/** Checks that no key of a mapping is there twice; another would win with other parsers. */
function checkKeys({ items }: YAMLMap): void {
  const keys = new Set<unknown>();
  for (const { key } of items) {
    const value = isScalar(key) ? key.value : key;
    if (keys.has(value)) throw new RangeError(`it has the key ${printableJson(value)} twice in one mapping`);
    keys.add(value);
  }
}

/** Splits the text into tokens, which takes no recursion, and counts them and what would make the parser recurse. */
function checkTokens(text: string): void {
  let numTokens = 0;
  let numBrackets = 0;
  let numIndicators = 0;
  let isText = false;
  for (const token of new Lexer().lex(text)) {
    if (++numTokens > maxTokens) throw new RangeError(`it has more than ${maxTokens} words and signs`);
    const type: CST.TokenType | null = isText ? null : CST.tokenType(token);
    // The token after this one is the scalar's text, whatever it looks like.
    isText = type === "scalar";
    switch (type) {
      case "flow-map-start":
      case "flow-seq-start":
        numBrackets++;
        break;
      case "flow-map-end":
      case "flow-seq-end":
        numBrackets = Math.max(0, numBrackets - 1);
        break;
      case "seq-item-ind":
      case "explicit-key-ind":
      case "map-value-ind":
        numIndicators++;
        break;
      case "newline":
        numIndicators = 0;
        break;
      case "space":
        if (token.length > maxIndentation) throw new RangeError(`it is indented by more than ${maxIndentation} columns`);
        break;
      default:
        break;
    }
    if (Math.max(numBrackets, numIndicators) > maxNesting) throw new RangeError(`it nests more than ${maxNesting} deep`);
  }
}
