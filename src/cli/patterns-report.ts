import { modelLayouts, patternProvider } from "../index.ts";
import type { ModelLayout, ModelTokens, Pattern, PatternKind, PatternSpec, TokenSequence } from "../index.ts";
import { formatReport, formatTable, wrapText } from "./report.ts";
import { countText, provenanceText, rateText, secondsText } from "./wording.ts";

/** What each kind does, in a line. */
const kindTexts: Readonly<Record<PatternKind, string>> = {
  parallel: "all codebooks of a frame in one step",
  delay: "codebook q some steps after its frame's turn",
  unroll: "each frame over several steps",
  "coarse-first": "codebook 0 of the whole clip, then the others in parallel",
  musiclm: "groups of codebooks one after the other, each flattened",
  custom: "any layout, for clips of one length, from a file",
};

/** Frame rates that codecs have. */
const commonFrameRates = [12.5, 50, 75, 86.1328125, 150] as const;

/** The kinds of patterns and the models whose layouts are known. */
export function formatPatterns(): string {
  const rows = Object.entries(modelLayouts).map(([name, { codec, frameRate, pattern, codebookSize, tokens }]) => [
    name,
    codec.replace(/ \(.*/, ""),
    frameText(frameRate),
    `${pattern.numCodebooks} × ${codebookSize}`,
    specText(pattern),
    tokensText(tokens),
  ]);
  const words = ["model", "codec", "pattern", "special ids"];
  return formatReport("patterns", [
    [["kinds", formatTable(["kind", "order of the codes"], Object.entries(kindTexts).map(([kind, text]) => [kind, text]), ["kind", "order of the codes"])]],
    [["models", formatTable(["model", "codec", "frames/s", "codebooks", "pattern", "special ids"], rows, words)]],
  ]);
}

/** One line of numbers about a sequence: `12 frames → 16 steps, 15 of them predicted; max delay 3; 13 valid steps`. */
export function factsText(pattern: Pattern, numFrames: number, numSteps: number): string {
  const predicted = pattern.startsWithSpecialToken ? `, ${countText(numSteps - 1, "prediction")}` : "";
  const lengths = `${countText(numFrames, "frame")} → ${countText(numSteps, "step")}${predicted}`;
  return `${lengths}; max delay ${pattern.maxDelay}; ${countText(pattern.numValidSteps, "valid step")}`;
}

/** What the letters of a grid stand for. */
export function symbolsText(model: ModelLayout | null): string {
  if (model === null) return "S, ·  special token";
  const { bos, eos, pad } = model.tokens;
  const parts = [
    bos === undefined && model.pattern.emptyInitial === -1 ? "" : `S, ·  special token ${bos ?? pad}`,
    eos === undefined ? "" : `E  end of the clip ${eos}`,
    pad === (bos ?? pad) ? "" : `P  pad token ${pad}`,
  ];
  return parts.filter((part) => part !== "").join("   ");
}

/** `delay, delays 0, 1, 2, 3`. */
export function specText(spec: PatternSpec): string {
  if (spec.kind === "custom") return `custom, ${countText(spec.timesteps, "frame")}`;
  const { kind, numCodebooks: _, ...parts } = spec;
  const texts = Object.entries(parts).map(([part, value]) => {
    const words = part.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    return `${words} ${Array.isArray(value) ? value.join(",") : value}`;
  });
  return [kind, ...texts].join(", ");
}

/** `bos 1026, eos 1024, pad 1025`; equal ones together. */
export function tokensText(tokens: Readonly<ModelTokens> | Readonly<Record<string, number>>): string {
  const byId = new Map<number, string[]>();
  for (const [name, id] of Object.entries(tokens) as [string, number | undefined][]) if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), name]);
  return [...byId].map(([id, names]) => `${names.join("/")} ${id}`).join(", ");
}

/** What a pattern file holds, for programs: its spec, lengths at common frame rates, and models with the same layout. */
export function summarizePattern(spec: PatternSpec): Readonly<Record<string, unknown>> {
  return { pattern: spec, lengths: lengthsOf(spec), models: modelsWith(spec).map(([name]) => name) };
}

/** What a pattern file holds, for people. */
export function formatPatternInspection(name: string, spec: PatternSpec): string {
  const models = modelsWith(spec).map(([id, { name: model }]) => `${model} (${id})`);
  const lengths = lengthsOf(spec);
  const rows = lengths.map(({ frameRate, oneSecond, thirtySeconds }) => [frameText(frameRate), String(oneSecond), String(thirtySeconds)]);
  return formatReport(name, [
    [
      ["pattern", wrapText(specText(spec))],
      ["order", kindTexts[spec.kind]],
      ["codebooks", String(spec.numCodebooks)],
    ],
    [["steps", spec.kind === "custom" ? `${spec.layout.length}, for clips of ${countText(spec.timesteps, "frame")}` : formatTable(["frames/s", "of 1 s", "of 30 s"], rows)]],
    [["models", models.length === 0 ? "none that is known has it" : wrapText(models.join(", "))]],
  ]);
}

/** What a sequence file holds, for people. */
export function formatSequenceInspection(name: string, { tokens, pattern, codes, ...layout }: TokenSequence): string {
  const [numSegments, numCodebooks, numSteps] = tokens.dims as [number, number, number];
  const shape = `${numSegments === 1 ? "" : `${numSegments} segments × `}${countText(numCodebooks, "codebook")} × ${countText(numSteps, "step")}`;
  const special = { special: layout.specialToken, pad: layout.padToken, ...(layout.eosToken === null ? {} : { eos: layout.eosToken }) };
  return formatReport(name, [
    [
      ["tokens", `${shape}, ${tokens.type}`],
      ["pattern", wrapText(specText(pattern))],
      ["ids", `codes below ${codes.codebookSize}; ${tokensText(special)}${layout.keepOnlyValidSteps ? "; valid steps only" : ""}`],
    ],
    [
      ["codes", `${countText(Math.ceil(codes.numSamples / codes.hopLength), "frame")}, ${Math.ceil(codes.sampleRate / codes.hopLength)} per second`],
      ["audio", `${secondsText(codes.numSamples / codes.sampleRate)}, ${rateText(codes.sampleRate)}`],
      ["model", provenanceText(codes.provenance)],
    ],
  ]);
}

/** What a sequence file holds, for programs: everything but the tokens. */
export function summarizeSequence({ tokens, codes, ...layout }: TokenSequence): Readonly<Record<string, unknown>> {
  return { ...layout, dims: tokens.dims, type: tokens.type, codes: { ...codes, scales: codes.scales === null ? null : [...codes.scales] } };
}

/** `50`, `86.13`. */
function frameText(frameRate: number): string {
  return String(Number(frameRate.toFixed(2)));
}

function lengthsOf(spec: PatternSpec): readonly { readonly frameRate: number; readonly oneSecond: number; readonly thirtySeconds: number }[] {
  if (spec.kind === "custom") return [];
  const provider = patternProvider(spec);
  const stepsOf = (seconds: number, frameRate: number): number => provider.getPattern(Math.ceil(seconds * frameRate)).numSteps;
  return commonFrameRates.map((frameRate) => ({ frameRate, oneSecond: stepsOf(1, frameRate), thirtySeconds: stepsOf(30, frameRate) }));
}

/** Models whose layout is the same for clips long enough to show it, however the spec is written. */
function modelsWith(spec: PatternSpec): [string, ModelLayout][] {
  if (spec.kind === "custom") return [];
  const columns = layoutColumns(spec);
  return Object.entries(modelLayouts).filter(
    ([, { pattern }]) => pattern.numCodebooks === spec.numCodebooks && layoutColumns(pattern).every((column, index) => isEqual(column, columns[index]!)),
  );
}

function layoutColumns(spec: PatternSpec): readonly ArrayLike<number>[] {
  const { starts, timesteps, codebooks } = patternProvider(spec).getPattern(20).layout;
  return [starts, timesteps, codebooks];
}

function isEqual(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (value, index) => value === b[index]);
}
