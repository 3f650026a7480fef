import { z } from "zod";
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
  /** In frames, one for each codebook, not descending; equal where `flattening` is. @default all 0 */
  readonly delays?: readonly number[] | undefined;
}

/** All of codebook 0 first, then the other codebooks in parallel. */
export interface CoarseFirstSpec {
  readonly kind: "coarse-first";
  readonly numCodebooks: number;
  /** In steps, for codebooks 1 and up, not descending. @default all 0 */
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
  /** For each step its `[timestep, codebook]` pairs. */
  readonly layout: readonly (readonly Coordinate[])[];
}

/** A pattern as data, as it stands in a pattern file. */
export type PatternSpec = ParallelSpec | DelaySpec | UnrollSpec | CoarseFirstSpec | MusicLmSpec | CustomSpec;

export type PatternKind = PatternSpec["kind"];

const numCodebooks = z.int().min(1).max(65_536);
/** Numbers of steps; far more than any model has, and few enough to be laid out. */
const steps = z.array(z.int().nonnegative().max(0xff_ffff));

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
    layout: z.array(z.array(z.tuple([z.int().nonnegative().max(0xffff_ffff), z.int().nonnegative().max(0xffff)]))),
  }),
]);

/** Names of the kinds of patterns. */
export const patternKinds: readonly PatternKind[] = ["parallel", "delay", "unroll", "coarse-first", "musiclm", "custom"];

/** What other places call some kinds: audiocraft's configurations, other spellings. */
const otherNames: ReadonlyMap<unknown, PatternKind> = new Map([["flatten", "unroll"], ["coarse_first", "coarse-first"], ["music_lm", "musiclm"]]); // prettier-ignore

/**
 * Checks that a value, such as the contents of a pattern file, is a pattern.
 * @throws RangeError naming each field that is not as it should be.
 */
export function parsePatternSpec(value: unknown): PatternSpec {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const found = typeof value === "function" ? "a function: call it" : JSON.stringify(value);
    throw new RangeError(`a pattern is an object with a kind, such as { kind: "delay", numCodebooks: 4 }; received ${found}`);
  }
  const { kind } = value as { kind?: unknown };
  if (!patternKinds.includes(kind as PatternKind)) {
    const meant = otherNames.get(kind);
    const hint = meant === undefined ? `expected one of ${patternKinds.join(", ")}` : `did you mean "${meant}"?`;
    throw new RangeError(`unknown kind of pattern ${JSON.stringify(kind)}; ${hint}`);
  }
  const faults = result.error.issues.map((issue) => describeIssue(issue, value));
  throw new RangeError(`not ${kind === "unroll" ? "an" : "a"} ${String(kind)} pattern: ${faults.join("; ")}`);
}

/** A fault in words: the field, what it must be, what it is. */
function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const field = issue.path.reduce<string>((path, key) => (typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`), "");
  if (issue.code === "unrecognized_keys") return `unknown ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}${field && ` in ${field}`}; expected only fields of this kind`;
  const found: unknown = issue.path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], value);
  return `${field} must be ${requirement(issue)}; received ${JSON.stringify(found)}`;
}

function requirement(issue: z.core.$ZodIssue): string {
  const unit = "origin" in issue && issue.origin === "array" ? " items" : "";
  if (issue.code === "too_small") return `${issue.minimum}${unit} or more`;
  if (issue.code === "too_big") return `${issue.maximum}${unit} or less`;
  if (issue.code === "invalid_type") return issue.expected === "array" || issue.expected === "tuple" ? "a list" : "a whole number";
  return issue.message;
}
