import { existsSync } from "node:fs";
import { Option } from "commander";
import type { Command } from "commander";
import { readPattern } from "../../files/index.ts";
import { modelLayouts, parsePatternSpec, patternKinds } from "../../patterns/index.ts";
import type { ModelLayout, PatternKind, PatternSpec } from "../../patterns/index.ts";
import { UsageError, withArguments } from "./failures.ts";
import { parseCount, parseInteger, parseNumbers } from "./option-values.ts";

/** What the parts of a pattern are called on the command line. */
export interface PatternPartOptions {
  readonly delays?: readonly number[];
  readonly flattenFirst?: number;
  readonly emptyInitial?: number;
  readonly flattening?: readonly number[];
  readonly groupBy?: number;
}

/** A pattern as it was named. */
export interface PatternChoice {
  /** The model of that name, or null. */
  readonly model: ModelLayout | null;
  /** The pattern. That of a kind depends on the number of codebooks; others have their own. */
  readonly specFor: (numCodebooks: number) => PatternSpec;
  /** K, where the pattern or its parts say it. */
  readonly numCodebooks: number | null;
}

/** What names a pattern. */
export const patternSources = "a kind (delay, parallel, …), a model (musicgen, dia, …) or a pattern file (.json); see patterns list";

/** The parts that each kind has. */
const partsOf: Readonly<Record<Exclude<PatternKind, "custom">, readonly (keyof PatternPartOptions)[]>> = {
  parallel: ["emptyInitial"],
  delay: ["delays", "flattenFirst", "emptyInitial"],
  unroll: ["flattening", "delays"],
  "coarse-first": ["delays"],
  musiclm: ["groupBy"],
};

const flags: Readonly<Record<keyof PatternPartOptions, string>> = {
  delays: "--delays",
  flattenFirst: "--flatten-first",
  emptyInitial: "--empty-initial",
  flattening: "--flattening",
  groupBy: "--group-by",
};

/** The flags of the parts that are given. */
export function partFlags(options: PatternPartOptions): readonly string[] {
  return givenParts(options).map((part) => flags[part]);
}

/** Adds the options that are parts of patterns. */
export function addPatternOptions(command: Command): void {
  command
    .addOption(
      new Option(
        "--delays <steps>",
        "delay of each codebook, such as 0,1,2,3 (delay, unroll; coarse-first: of all but the first)",
      ).argParser(parseNumbers),
    )
    .addOption(new Option("--flatten-first <frames>", "frames at the start that are laid out code by code (delay)").argParser(parseInteger))
    .addOption(
      new Option("--empty-initial <steps>", "further empty steps at the start; -1 leaves out the usual one (delay, parallel)").argParser(
        parseInteger,
      ),
    )
    .addOption(
      new Option("--flattening <steps>", "step within the frame of each codebook, such as 0,1,1,1 (unroll)").argParser(parseNumbers),
    )
    .addOption(new Option("--group-by <count>", "codebooks in a group (musiclm)").argParser(parseCount));
}

/**
 * The pattern that the command line names.
 * @throws UsageError if there is none of that name, or an option is no part of it.
 * @throws CodesError, FileError if its file cannot be read.
 */
export async function choosePattern(source: string, options: PatternPartOptions): Promise<PatternChoice> {
  const given = givenParts(options);
  if (isKindWithParts(source)) {
    const stray = given.find((part) => !partsOf[source].includes(part));
    if (stray !== undefined)
      throw new UsageError(
        `${flags[stray]} is no part of ${source} patterns, which have ${partsOf[source].map((part) => flags[part]).join(", ")}`,
      );
    const parts = Object.fromEntries(given.map((part) => [part, options[part]]));
    return {
      model: null,
      specFor: (numCodebooks) => parsePatternSpec({ kind: source, numCodebooks, ...parts }),
      numCodebooks: codebooksOf(source, options),
    };
  }
  const model = Object.entries(modelLayouts).find(([name]) => name === source)?.[1];
  if (model === undefined && !source.endsWith(".json") && !existsSync(source)) {
    throw new UsageError(
      `${source} is no pattern; expected a kind (${Object.keys(partsOf).join(", ")}), a model (${Object.keys(modelLayouts).join(", ")}) or a pattern file`,
    );
  }
  if (given.length > 0) throw new UsageError(`${source} says its pattern; leave out ${given.map((part) => flags[part]).join(", ")}`);
  if (model !== undefined) return { model, specFor: () => model.pattern, numCodebooks: model.pattern.numCodebooks };
  const spec = await withArguments(() => readPattern(source));
  return { model: null, specFor: () => spec, numCodebooks: spec.numCodebooks };
}

function givenParts(options: PatternPartOptions): readonly (keyof PatternPartOptions)[] {
  return (Object.keys(flags) as (keyof PatternPartOptions)[]).filter((part) => options[part] !== undefined);
}

/** How many codebooks the parts are for. */
function codebooksOf(kind: PatternKind, { delays, flattening }: PatternPartOptions): number | null {
  if (delays === undefined) return flattening?.length ?? null;
  return kind === "coarse-first" ? delays.length + 1 : delays.length;
}

function isKindWithParts(source: string): source is keyof typeof partsOf {
  return source !== "custom" && patternKinds.some((kind) => kind === source);
}
