import type { LicenseGroup, LicenseSummary } from "../../catalogue/index.ts";
import type { Provenance } from "../../core/index.ts";
import { formatReport } from "../shared/report.ts";
import { countText, licenseText } from "../shared/wording.ts";
import { trainingLines } from "./models-report.ts";

/** A file of codes, and what it says it was made with. */
export interface CodesFile {
  readonly name: string;
  readonly provenance: Provenance;
}

/** Codes that the same weights made, with the names of their files. */
export interface FileGroup extends LicenseGroup {
  readonly files: readonly string[];
}

/** Most names of files to list of each group. */
const shownFiles = 5;

/** Gives the groups of a summary the names of their files. */
export function groupFiles({ groups }: LicenseSummary, files: readonly CodesFile[]): readonly FileGroup[] {
  return groups.map((group) => ({
    ...group,
    files: files.filter(({ provenance }) => isSame(provenance, group.provenance)).map(({ name }) => name),
  }));
}

/** The report for people: what all of the codes are under, then each model that made some of them. */
export function formatLicenses(summary: LicenseSummary, groups: readonly FileGroup[]): string {
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  return formatReport(
    `${countText(total, "file")} of codes under ${summary.effective} (${summary.classes.join(", ")})`,
    groups.map((group) => [
      ["model", placeText(group.provenance)],
      ["license", licenseText(group.record)],
      ["policy", group.verdict.isAllowed ? "admits it" : `refuses it by its rule ${group.verdict.rule}`],
      ["files", [...group.files.slice(0, shownFiles), ...(group.count > shownFiles ? [`and ${group.count - shownFiles} more`] : [])]],
      ["trained on", trainingLines(group.trainingData)],
    ]),
  );
}

/** The report for programs. */
export function summarizeFiles(
  { effective, classes, isAllowed }: LicenseSummary,
  groups: readonly FileGroup[],
  failures: readonly { readonly input: string; readonly error: string }[],
): Readonly<Record<string, unknown>> {
  const ofPrograms = groups.map(({ verdict, ...group }) => ({
    ...group,
    verdict: { allowed: verdict.isAllowed, rule: verdict.rule, reason: verdict.reason },
  }));
  return { effective, classes, allowed: isAllowed && failures.length === 0, groups: ofPrograms, failures };
}

function placeText({ model, revision }: Provenance): string {
  return revision === null ? model : `${model} at commit ${revision}`;
}

function isSame(a: Provenance, b: Provenance): boolean {
  return (["model", "revision", "digest", "license", "licenseStatus"] as const).every((key) => a[key] === b[key]);
}
