import { checkLicense, findCheckpoint, namedPolicies } from "../../catalogue/index.ts";
import type {
  CatalogueEntry,
  CatalogueFile,
  Criterion,
  NamedLicensePolicy,
  PassedOver,
  Relaxation,
  Selection,
  TrainingStatement,
} from "../../catalogue/index.ts";
import type { LicenseRecord } from "../../core/index.ts";
import { formatReport, formatTable, wrapText } from "../shared/report.ts";
import type { ReportRow } from "../shared/report.ts";
import { bytesText, channelsText, countText, licenseText, rateText } from "../shared/wording.ts";

/** Options of the command line for what a checkpoint has to be like. */
const flags: Readonly<Record<Exclude<Criterion, "licensePolicy">, string>> = {
  sampleRate: "--sample-rate",
  channels: "--channels",
  minBandwidth: "--min-bandwidth",
  maxFrameRate: "--max-frame-rate",
  usedBy: "--used-by",
};

const statusNote = [
  "The status says how sure the license is: settled, contested where statements contradict each other, unresolved where",
  "nobody who can know has said. encodec-tokenizer models show <model> has the evidence.",
].join("\n");

/** The catalogue, or part of it, for people. */
export function formatModels(entries: readonly CatalogueEntry[]): string {
  return `${modelsTable(entries).join("\n")}\n\n${statusNote}\n`;
}

/** What was found, the best first, and what spoke against the others. */
export function formatSelection({ matches, passedOver }: Selection): string {
  return `${[modelsTable(matches), passedOverTable(passedOver), [statusNote]].map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

/** The report for programs, with the criteria by the names of their options. */
export function selectionForPrograms({ matches, passedOver, relaxations }: Selection): Readonly<Record<string, unknown>> {
  return {
    models: matches,
    passedOver: passedOver.map((each) => ({ ...each, failed: each.failed.map(optionOf) })),
    relaxations: relaxations.map((each) => ({ ...each, drop: each.drop.map(optionOf) })),
  };
}

function optionOf(criterion: Criterion): string {
  return criterion === "licensePolicy" ? "license" : criterion;
}

/** Checkpoints that are named for each way to ask for less. */
const shownGains = 5;

/**
 * What to say where nothing passes: each way to ask for less.
 * @param licenseFlags The options by which the license was asked for.
 */
export function nothingPassesText(relaxations: readonly Relaxation[], licenseFlags: string): string {
  const nameOf = (criterion: Criterion): string => (criterion === "licensePolicy" ? licenseFlags : flags[criterion]);
  const ways = relaxations.map(({ drop, gains }) => `  without ${drop.map(nameOf).join(" and ")}: ${gainsText(gains)}`);
  return ["no catalogued checkpoint passes", ...ways].join("\n");
}

function gainsText(gains: readonly string[]): string {
  const rest = gains.length - shownGains;
  return `${gains.slice(0, shownGains).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** Everything that is known about a checkpoint. */
export function formatCheckpoint(entry: CatalogueEntry): string {
  const { license } = entry;
  return formatReport(entry.id, [
    [
      ...(entry.aliases.length === 0 ? [] : [["aliases", entry.aliases.join(", ")] as const]),
      ["address", entry.address],
      ["creator", entry.creator],
      ["commit", entry.revision ?? "not known"],
      ["layouts", entry.layouts.join(", ")],
      ["files", entry.files.length === 0 ? "not known" : entry.files.map(fileText)],
    ],
    [
      [
        "audio",
        `${rateText(entry.sampleRate)}, ${channelsText(entry.channels)}${entry.interleaveStereo ? ", coded as two mono clips" : ""}`,
      ],
      ["frames", `${entry.frameRate} per second`],
      ["codebooks", `${entry.numQuantizers} of ${entry.codebookSize} codes`],
      ["bandwidths", `${entry.bandwidths.join(", ")} kbps`],
      ["used by", entry.usedBy.join(", ") || "no language model that is known here"],
    ],
    noteRows(entry),
    licenseRows(license),
    [["policies", formatTable(["policy", "admits it"], policyRows(license), ["policy", "admits it"])]],
    [["evidence", evidenceLines(license)]],
    [["trained on", trainingLines(entry.trainingData)]],
  ]);
}

/** What a license is, for a report on a checkpoint. */
export function licenseRows(record: LicenseRecord): readonly ReportRow[] {
  const { card, api } = record.declared;
  return [
    ["license", licenseText(record)],
    ["classes", record.classes.join(", ")],
    [
      "declared",
      `${card.join(" and ") || "nothing"} in the model card${api === null ? "" : `, ${api.join(" and ") || "nothing"} on the Hub`}`,
    ],
    ...(record.upstream === null ? [] : [["upstream", wrapText(record.upstream)] as const]),
  ];
}

/** Who said what, and when. */
export function evidenceLines({ evidence }: LicenseRecord): readonly string[] {
  return evidence.flatMap(({ source, fact, date }) => [`${date}  ${source}`, ...wrapText(fact).map((line) => `            ${line}`)]);
}

/** Who said what about the training audio, and when. */
export function trainingLines(statements: readonly TrainingStatement[]): readonly string[] {
  if (statements.length === 0) return ["no statement is known"];
  return statements.flatMap(({ about, source, quote, date }, index) => [
    ...(source === statements[index - 1]?.source ? [] : [`${date}  ${source}`]),
    ...wrapText(`of the ${about}: "${quote}"`).map((line) => `            ${line}`),
  ]);
}

function modelsTable(entries: readonly CatalogueEntry[]): readonly string[] {
  return formatTable(
    ["model", "rate", "channels", "frames/s", "codebooks", "kbps", "license", "status"],
    entries.map((entry) => [
      [entry.id, ...entry.aliases].join(", "),
      rateText(entry.sampleRate),
      channelsText(entry.channels),
      String(entry.frameRate),
      `${entry.numQuantizers} × ${entry.codebookSize}`,
      entry.bandwidths.join(" "),
      entry.license.effective,
      entry.license.status,
    ]),
    ["model", "channels", "kbps", "license", "status"],
  );
}

/** Codecs of their own; copies of them and larger models around them are counted only. */
function passedOverTable(passedOver: readonly PassedOver[]): readonly string[] {
  const codecs = passedOver.filter(({ id }) => {
    const entry = findCheckpoint(id);
    return entry?.codecFrom === null && entry.notLoadable === null;
  });
  const rest = passedOver.length - codecs.length;
  return [
    ...formatTable(
      ["passed over", "because"],
      codecs.map(({ id, reasons }) => [id, reasons.map((reason) => withoutSubject(reason, id)).join("; ")]),
      ["passed over", "because"],
    ),
    ...(rest === 0 ? [] : [`and ${rest} more, copies of these codecs or larger models around them: --json has the reasons`]),
  ];
}

/** The reason of a refusal without the id that the line already begins with. */
function withoutSubject(reason: string, id: string): string {
  const start = reason.indexOf(` does not admit ${id}: `);
  return start < 0 ? reason : reason.slice(start + ` does not admit ${id}: `.length);
}

function fileText({ path, size, sha256, confidence }: CatalogueFile): string {
  const length = size === null ? "length not known" : confidence === "approximate" ? `about ${bytesText(size)}` : countText(size, "byte");
  return `${path}, ${length}${sha256 === null ? "" : `, SHA-256 ${sha256}`}, ${confidence}`;
}

function noteRows({ codecFrom, notLoadable, notes }: CatalogueEntry): readonly ReportRow[] {
  return [
    ...(codecFrom === null ? [] : [["loads", `${codecFrom}, which holds the same codec in a smaller or readier form`] as const]),
    ...(notLoadable === null ? [] : [["not loadable", wrapText(notLoadable)] as const]),
    ...(notes.length === 0 ? [] : [["notes", notes.flatMap((note) => wrapText(note))] as const]),
  ];
}

function policyRows(record: LicenseRecord): readonly (readonly string[])[] {
  return (Object.keys(namedPolicies) as NamedLicensePolicy[]).map((policy) => {
    const { isAllowed, reason } = checkLicense(record, policy);
    return [policy, isAllowed ? "yes" : `no: ${withoutSubject(reason, record.subject)}`];
  });
}
