import type { LicenseRecord, Provenance } from "../core/index.ts";
import { recognised } from "./catalogue-entries.ts";
import type { CatalogueEntry, TrainingStatement } from "./catalogue-entry.ts";
import { findByDigest, findCheckpoint } from "./catalogue.ts";
import { checkLicense } from "./check-license.ts";
import type { LicensePolicy, Verdict } from "./license-policy.ts";
import { combineLicenses } from "./license-record.ts";
import { classesOf, expressionOf, licensesOf } from "./license-table.ts";

/** Codes that the same weights made. */
export interface LicenseGroup {
  readonly provenance: Provenance;
  /** How many of the codes. */
  readonly count: number;
  readonly record: LicenseRecord;
  /** What the catalogue knows of the audio that the weights were trained on; it has no part in the verdict. */
  readonly trainingData: readonly TrainingStatement[];
  readonly verdict: Verdict;
}

/** What a set of codes was made with, and whether a policy admits it. */
export interface LicenseSummary {
  /** The groups, in order of first appearance. */
  readonly groups: readonly LicenseGroup[];
  /** The licenses of all of them together, the strictest first. */
  readonly effective: string;
  readonly classes: LicenseRecord["classes"];
  /** Whether the policy admits every one. */
  readonly isAllowed: boolean;
}

/**
 * Sums up under which licenses a set of codes was made.
 *
 * What the codes say about themselves counts together with what the catalogue knows about their model and the digest of
 * its weights, so codes that claim a looser license than the catalogue are contested.
 * @param date Day of the conclusions, for the evidence. By default today.
 */
export function summarizeLicenses(
  provenances: readonly Provenance[],
  policy: LicensePolicy = "any",
  date: string = new Date().toISOString().slice(0, 10),
  entries: readonly CatalogueEntry[] = recognised,
): LicenseSummary {
  const counts = new Map<string, { readonly provenance: Provenance; count: number }>();
  for (const provenance of provenances) {
    const { model, revision, digest, license, licenseStatus } = provenance;
    const key = JSON.stringify([model, revision, digest, license, licenseStatus]);
    const group = counts.get(key) ?? { provenance, count: 0 };
    group.count++;
    counts.set(key, group);
  }
  const groups = Array.from(counts.values(), ({ provenance, count }) => {
    const origin = originOf(provenance, entries);
    const record = recordOf(provenance, origin, date);
    return { provenance, count, record, trainingData: trainingOf(origin), verdict: checkLicense(record, policy) };
  });
  const licenses = groups.flatMap((group) => licensesOf(group.record.effective));
  return {
    groups,
    effective: expressionOf(licenses),
    classes: classesOf(licenses),
    isAllowed: groups.every((group) => group.verdict.isAllowed),
  };
}

/** What the catalogue knows of the weights that made codes. */
interface Origin {
  /** Entries found by the model's name and by digest. */
  readonly known: readonly CatalogueEntry[];
  /** Those that the digest leads to: of these the weights are for sure. */
  readonly copies: readonly CatalogueEntry[];
  /** Whether there is nothing in the weights that is not known. */
  readonly isKnown: boolean;
}

function originOf({ model, digest }: Provenance, entries: readonly CatalogueEntry[]): Origin {
  const named = findCheckpoint(model, entries);
  // Weights in several files have their digests joined.
  const files = digest === null ? [] : digest.split("+").map((part) => findByDigest(part, entries));
  const copies = files.filter((entry) => entry !== undefined);
  return {
    known: [...(named === undefined ? [] : [named]), ...copies],
    copies,
    isKnown: named !== undefined || (files.length > 0 && copies.length === files.length),
  };
}

/** The license of codes, from what is stored with them and what the catalogue knows. */
function recordOf({ model, revision, license, licenseStatus }: Provenance, { known, isKnown }: Origin, date: string): LicenseRecord {
  const parts = new Map(known.map((entry) => [entry.id, entry.license]));
  const own = {
    subject: model,
    revision,
    declared: { card: [], api: null },
    licenses: license === null ? [] : licensesOf(license),
    status: licenseStatus ?? (license !== null && isKnown ? "settled" : "unresolved"),
    evidence: [{ source: "the codes", fact: `made with ${model}${license === null ? "" : ` under ${license}`}`, date }],
  };
  return combineLicenses(own, [...parts.values()], { isCopy: isKnown, date });
}

/** Several versions may have gone by one name; the digest tells which it was. */
function trainingOf({ known, copies }: Origin): readonly TrainingStatement[] {
  const statements = (copies.length > 0 ? copies : known).flatMap((entry) => entry.trainingData);
  return [...new Set(statements)];
}
