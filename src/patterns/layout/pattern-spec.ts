import { z } from "zod";
import { printableJson } from "../../core/index.ts";
import type { Coordinate } from "./pattern-layout.ts";

/** Every codebook's code of a frame in the same step. */
export interface ParallelSpec {
  readonly kind: "parallel";
  readonly numCodebooks: number;
  /** Empty steps before the first besides the usual one; -1 leaves that out too. @default 0 */
  readonly emptyInitial?: number | undefined;
}

/** Codebook q comes `delays[q]` steps after its frame's turn (MusicGen, Parler-TTS, Dia, Moshi). */
export interface DelaySpec {
  readonly kind: "delay";
  readonly numCodebooks: number;
  /** One for each codebook, in steps, not descending. @default [0, 1, 2, …] */
  readonly delays?: readonly number[] | undefined;
  /** Frames at the start that are laid out code by code, before the delays begin. @default 0 */
  readonly flattenFirst?: number | undefined;
  /** Empty steps before the first besides the usual one; -1 leaves that out too. @default 0 */
  readonly emptyInitial?: number | undefined;
}

/** Each frame takes several steps in a row: the codebooks with the same number in `flattening` share one. */
export interface UnrollSpec {
  readonly kind: "unroll";
  readonly numCodebooks: number;
  /** Step within the frame for each codebook, not descending. @default [0, 1, 2, …] */
  readonly flattening?: readonly number[] | undefined;
  /** Delays in frames, one for each codebook, not descending; equal where `flattening` is. @default all 0 */
  readonly delays?: readonly number[] | undefined;
}

/** All of codebook 0 first, then the other codebooks in parallel. */
export interface CoarseFirstSpec {
  readonly kind: "coarse-first";
  readonly numCodebooks: number;
  /** Delays in steps, for codebooks 1 and up, not descending. @default all 0 */
  readonly delays?: readonly number[] | undefined;
}

/** Groups of codebooks one after the other, each group flattened over the whole clip (MusicLM). */
export interface MusicLmSpec {
  readonly kind: "musiclm";
  /** A multiple of `groupBy`. */
  readonly numCodebooks: number;
  /** Codebooks in a group. @default 2 */
  readonly groupBy?: number | undefined;
}

/** A layout of one's own, for clips of one length. */
export interface CustomSpec {
  readonly kind: "custom";
  readonly numCodebooks: number;
  /** Frames (T) of the clips that it is for. */
  readonly timesteps: number;
  /** The `[timestep, codebook]` pairs of each step. */
  readonly layout: readonly (readonly Coordinate[])[];
}

/** A pattern as data, as it stands in a pattern file. */
export type PatternSpec = ParallelSpec | DelaySpec | UnrollSpec | CoarseFirstSpec | MusicLmSpec | CustomSpec;

/** A kind of pattern: `patternKinds` has all. */
export type PatternKind = PatternSpec["kind"];

/** Most codebooks; they are numbered in 16 bits. */
const maxCodebooks = 65_536;

/** Most faults that a message names. */
const shownFaults = 3;

const numCodebooks = z.int().min(1).max(maxCodebooks);

/** Numbers of steps; far more than any model has, and few enough to be laid out. */
const step = z.int().nonnegative().max(0xff_ffff);
const steps = listOf(step, (value) => isWhole(value, 0xff_ffff), maxCodebooks);

const coordinates = z.array(z.tuple([z.int().nonnegative().max(0xffff_ffff), z.int().nonnegative().max(0xffff)]));

/**
 * A list with one issue at most, that of its first faulty item: a long list from outside may have a million.
 * @param isItem Says the same as `item`, in a fraction of the time.
 */
function listOf<Item>(item: z.ZodType<Item>, isItem: (value: unknown) => boolean, most: number = Infinity): z.ZodType<readonly Item[]> {
  const list = z
    .array(z.unknown())
    .max(most)
    .check(({ value, issues }) => {
      const index = value.findIndex((part) => !isItem(part));
      const issue = index < 0 ? undefined : item.safeParse(value[index]).error?.issues[0];
      if (issue !== undefined) issues.push({ ...issue, path: [index, ...issue.path], input: value } as z.core.$ZodRawIssue);
    });
  return list as z.ZodType<unknown> as z.ZodType<readonly Item[]>;
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function isCoordinates(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && pair.length === 2 && isWhole(pair[0], 0xffff_ffff) && isWhole(pair[1], 0xffff))
  );
}

const schema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("parallel"), numCodebooks, emptyInitial: z.int().min(-1).max(0xff_ffff).optional() }),
  z.strictObject({
    kind: z.literal("delay"),
    numCodebooks,
    delays: steps.optional(),
    flattenFirst: z.int().nonnegative().max(0xff_ffff).optional(),
    emptyInitial: z.int().min(-1).max(0xff_ffff).optional(),
  }),
  z.strictObject({ kind: z.literal("unroll"), numCodebooks, flattening: steps.optional(), delays: steps.optional() }),
  z.strictObject({ kind: z.literal("coarse-first"), numCodebooks, delays: steps.optional() }),
  z.strictObject({ kind: z.literal("musiclm"), numCodebooks, groupBy: z.int().min(1).optional() }),
  z.strictObject({
    kind: z.literal("custom"),
    numCodebooks,
    timesteps: z.int().nonnegative().max(0xffff_ffff),
    layout: listOf(coordinates, isCoordinates),
  }),
]);

/** Names of the kinds of patterns. */
export const patternKinds: readonly PatternKind[] = ["parallel", "delay", "unroll", "coarse-first", "musiclm", "custom"];

/** What other places call some kinds: audiocraft's configurations, other spellings. */
const otherNames: ReadonlyMap<unknown, PatternKind> = new Map([["flatten", "unroll"], ["coarse_first", "coarse-first"], ["music_lm", "musiclm"]]); // prettier-ignore

/**
 * Checks that a value, such as the contents of a pattern file, is a pattern.
 * @throws RangeError naming up to three fields that are not as they should be.
 */
export function parsePatternSpec(value: unknown): PatternSpec {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const found = typeof value === "function" ? "a function: call it" : printableJson(value);
    throw new RangeError(`a pattern is an object with a kind, such as { kind: "delay", numCodebooks: 4 }; received ${found}`);
  }
  const { kind } = value as { kind?: unknown };
  if (!patternKinds.includes(kind as PatternKind)) {
    const meant = otherNames.get(kind);
    const hint = meant === undefined ? `expected one of ${patternKinds.join(", ")}` : `did you mean "${meant}"?`;
    throw new RangeError(`unknown kind of pattern ${printableJson(kind)}; ${hint}`);
  }
  const { issues } = result.error;
  const faults = issues.slice(0, shownFaults).map((issue) => describeIssue(issue, value));
  const rest = issues.length > shownFaults ? ` and ${issues.length - shownFaults} more` : "";
  throw new RangeError(`not ${kind === "unroll" ? "an" : "a"} ${String(kind)} pattern: ${faults.join("; ")}${rest}`);
}

/** A fault in words: the field, what it must be, what it is. */
function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const field = issue.path.reduce<string>(
    (path, key) => (typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`),
    "",
  );
  if (issue.code === "unrecognized_keys")
    return `unknown ${issue.keys.slice(0, shownFaults).map(printableJson).join(", ")}; expected only fields of this kind`;
  const found: unknown = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], value);
  return `${field} must be ${requirement(issue)}; received ${printableJson(found)}`;
}

function requirement(issue: z.core.$ZodIssue): string {
  const unit = "origin" in issue && issue.origin === "array" ? " items" : "";
  if (issue.code === "too_small") return `${issue.minimum}${unit} or more`;
  if (issue.code === "too_big") return `${issue.maximum}${unit} or less`;
  if (issue.code === "invalid_type") return issue.expected === "array" || issue.expected === "tuple" ? "a list" : "a whole number";
  return issue.message;
}
