import { formatPatternGrid, modelLayouts, patternProvider } from "../../patterns/index.ts";
import type { ModelLayout, ModelTokens, Pattern, PatternKind, PatternSpec, TokenSequence } from "../../patterns/index.ts";
import type { CodesDetails } from "../../storage/index.ts";
import { foldTable, formatReport, formatTable, wrapText } from "../shared/report.ts";
import type { ReportRow } from "../shared/report.ts";
import { bandwidthText, channelsText, countText, provenanceText, rateText, secondsText, segmentsText } from "../shared/wording.ts";

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

/**
 * The kinds of patterns and the models whose layouts are known.
 * @param width Columns of the terminal, if it is one.
 */
export function formatPatterns(width?: number): string {
  const rows = Object.entries(modelLayouts).map(([name, { codec, frameRate, pattern, codebookSize, tokens }]) => [
    name,
    codec.replace(/ \(.*/, ""),
    frameText(frameRate),
    `${pattern.numCodebooks} × ${codebookSize}`,
    specText(pattern, ", "),
    tokensText(tokens),
  ]);
  const indent = "  models   ".length;
  const words = ["model", "codec", "pattern", "special ids"];
  return formatReport("patterns", [
    [
      [
        "kinds",
        formatTable(
          ["kind", "order of the codes"],
          Object.entries(kindTexts).map(([kind, text]) => [kind, text]),
          ["kind", "order of the codes"],
        ),
      ],
    ],
    [
      [
        "models",
        foldTable(
          ["model", "codec", "frames/s", "codebooks", "pattern", "special ids"],
          rows,
          words,
          width === undefined ? width : width - indent,
        ),
      ],
    ],
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

/** `delay, delays 0,1,2,3`. */
export function specText(spec: PatternSpec, comma: string = ","): string {
  if (spec.kind === "custom") return `custom, ${countText(spec.timesteps, "frame")}`;
  const { kind, numCodebooks: _, ...parts } = spec;
  const texts = Object.entries(parts).map(([part, value]) => {
    const words = part.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    return `${words} ${Array.isArray(value) ? value.join(comma) : value}`;
  });
  return [kind, ...texts].join(", ");
}

/** `bos 1026, eos 1024, pad 1025`; equal ones together. */
function tokensText(tokens: Readonly<ModelTokens> | Readonly<Record<string, number>>): string {
  const byId = new Map<number, string[]>();
  for (const [name, id] of Object.entries(tokens) as [string, number | undefined][])
    if (id !== undefined) byId.set(id, [...(byId.get(id) ?? []), name]);
  return [...byId].map(([id, names]) => `${names.join("/")} ${id}`).join(", ");
}

/** What a pattern file holds, for programs: its spec, lengths at common frame rates, and models with the same layout. */
export function summarizePattern(spec: PatternSpec): Readonly<Record<string, unknown>> {
  return { pattern: spec, lengths: lengthsOf(spec), models: modelsWith(spec).map(([name]) => name) };
}

/** What a pattern file holds, for people. */
export function formatPatternInspection(name: string, spec: PatternSpec): string {
  const about = [
    ["pattern", wrapText(specText(spec))],
    ["order", kindTexts[spec.kind]],
    ["codebooks", String(spec.numCodebooks)],
  ] as const;
  const sample = laidOut(spec, spec.kind === "custom" ? spec.timesteps : sampleFrames);
  if (sample === null)
    return formatReport(name, [about, [["steps", `more than can be laid out, even for ${countText(sampleFrames, "frame")}`]]]);
  if (spec.kind === "custom") {
    const isSmall = sample.numSteps * sample.numCodebooks <= maxGridCells;
    return formatReport(name, [
      about,
      customRows(sample),
      isSmall ? [["grid", formatPatternGrid(sample, { width: 90 }).trimEnd().split("\n")]] : [],
    ]);
  }
  const lengths = lengthsOf(spec);
  const rows = lengths.map(({ frameRate, oneSecond, thirtySeconds }) => [frameText(frameRate), String(oneSecond), String(thirtySeconds)]);
  const models = modelsWith(spec).map(([id, { name: model }]) => `${model} (${id})`);
  return formatReport(name, [
    [...about, ["max delay", String(sample.maxDelay)], ["latency", latencyText(sample, laidOut(spec, 2 * sampleFrames))]],
    [["steps", lengths.length === 0 ? "too many to lay out 30 s" : formatTable(["frames/s", "of 1 s", "of 30 s"], rows)]],
    [["models", models.length === 0 ? "none that is known has it" : wrapText(models.join(", "))]],
  ]);
}

/** Frames that show what a pattern does, more than the delays that models have. */
const sampleFrames = 20;

/** Entries of a layout that is made to say what the pattern does; those of models have some hundreds. */
const maxShownEntries = 2 ** 22;

/** Cells of a grid that is read at a glance. */
const maxGridCells = 400;

/** Codes that are named where a custom pattern leaves some out. */
const shownMissing = 6;

/** What can be said of a layout of one's own. */
function customRows(pattern: Pattern): readonly ReportRow[] {
  const { names, rest } = missingCodes(pattern);
  return [
    [
      "steps",
      `${pattern.numSteps} for clips of ${countText(pattern.timesteps, "frame")}; ${countText(pattern.numValidSteps, "valid step")}`,
    ],
    ["max delay", String(pattern.maxDelay)],
    ["latency", latencyText(pattern, pattern)],
    ...(names.length === 0
      ? []
      : [
          [
            "missing",
            wrapText(`${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}: these codes stand nowhere, so that they would be lost`),
          ] as const,
        ]),
  ];
}

/** The first codes of the clip that no step holds, and how many more there are. */
function missingCodes({ layout, numCodebooks, timesteps }: Pattern): { readonly names: readonly string[]; readonly rest: number } {
  const found = new Set<number>();
  for (const [index, timestep] of layout.timesteps.entries())
    if (timestep < timesteps) found.add(layout.codebooks[index]! * timesteps + timestep);
  const numMissing = numCodebooks * timesteps - found.size;
  const names: string[] = [];
  for (let cell = 0; names.length < Math.min(shownMissing, numMissing); cell++) {
    if (!found.has(cell)) names.push(`frame ${cell % timesteps} of q${Math.floor(cell / timesteps)}`);
  }
  return { names, rest: numMissing - names.length };
}

/** How long a frame is under way; if that is longer in a longer clip, it depends on the clip. */
function latencyText(pattern: Pattern, longer: Pattern | null): string {
  const steps = latencyOf(pattern);
  if (longer === null || latencyOf(longer) > steps) return "a frame is complete only near the end of the clip";
  return steps === 0 ? "a frame is complete with its first code" : `a frame is complete ${countText(steps, "step")} after its first code`;
}

/** Steps from the first code of a frame to its last, at most. */
function latencyOf({ layout, numSteps, timesteps }: Pattern): number {
  const first = new Map<number, number>();
  let most = 0;
  for (let step = 0; step < numSteps; step++) {
    for (const timestep of layout.timesteps.subarray(layout.starts[step], layout.starts[step + 1])) {
      if (timestep >= timesteps) continue;
      if (!first.has(timestep)) first.set(timestep, step);
      most = Math.max(most, step - first.get(timestep)!);
    }
  }
  return most;
}

/** A pattern for so many frames, or null where it is too large. */
function laidOut(spec: PatternSpec, timesteps: number): Pattern | null {
  return unlessTooLarge(() => patternProvider(spec, { maxEntries: maxShownEntries }).getPattern(timesteps));
}

function unlessTooLarge<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
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
      ["codes", `${framesText(codes)}, ${Math.ceil(codes.sampleRate / codes.hopLength)} per second`],
      [
        "audio",
        `${secondsText(codes.numSamples / codes.sampleRate)}, ${rateText(codes.sampleRate)}, ${channelsText(codes.channels)}, ${countText(codes.numSamples, "sample")}`,
      ],
      ["bandwidth", bandwidthText(codes.bandwidth)],
      ...(codes.segment === null ? [] : [["segments", segmentsText(codes.segment, codes.sampleRate)] as const]),
      ["model", provenanceText(codes.provenance)],
    ],
  ]);
}

/** `720 frames`, `150 frames in each segment`. */
function framesText({ segment, numSamples, hopLength }: CodesDetails): string {
  const samples = segment === null ? numSamples : Math.min(segment.length, numSamples);
  return `${countText(Math.ceil(samples / hopLength), "frame")}${segment === null ? "" : " in a whole segment"}`;
}

/** What a sequence file holds, for programs: everything but the tokens. */
export function summarizeSequence({ tokens, codes, ...layout }: TokenSequence): Readonly<Record<string, unknown>> {
  return { ...layout, dims: tokens.dims, type: tokens.type, codes: { ...codes, scales: codes.scales === null ? null : [...codes.scales] } };
}

/** `50`, `86.13`. */
function frameText(frameRate: number): string {
  return String(Number(frameRate.toFixed(2)));
}

/** Steps at the frame rates that codecs have, as far as they can be laid out. */
function lengthsOf(
  spec: PatternSpec,
): readonly { readonly frameRate: number; readonly oneSecond: number; readonly thirtySeconds: number }[] {
  if (spec.kind === "custom") return [];
  const provider = patternProvider(spec);
  const stepsOf = (seconds: number, frameRate: number): number | null =>
    unlessTooLarge(() => provider.countSteps(Math.ceil(seconds * frameRate)));
  return commonFrameRates.flatMap((frameRate) => {
    const oneSecond = stepsOf(1, frameRate);
    const thirtySeconds = oneSecond === null ? null : stepsOf(30, frameRate);
    return oneSecond === null || thirtySeconds === null ? [] : [{ frameRate, oneSecond, thirtySeconds }];
  });
}

/** Models whose layout is the same for clips long enough to show it, however the spec is written. */
function modelsWith(spec: PatternSpec): [string, ModelLayout][] {
  if (spec.kind === "custom" || laidOut(spec, sampleFrames) === null) return [];
  const columns = layoutColumns(spec);
  return Object.entries(modelLayouts).filter(
    ([, { pattern }]) =>
      pattern.numCodebooks === spec.numCodebooks && layoutColumns(pattern).every((column, index) => isEqual(column, columns[index]!)),
  );
}

function layoutColumns(spec: PatternSpec): readonly ArrayLike<number>[] {
  const { starts, timesteps, codebooks } = patternProvider(spec).getPattern(sampleFrames).layout;
  return [starts, timesteps, codebooks];
}

function isEqual(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (value, index) => value === b[index]);
}
