import type { DeclaredLicenses, LicenseEvidence, LicenseRecord, LicenseStatus } from "../core/index.ts";
import type { Declaration } from "./license-declaration.ts";
import { classesBeyond, classesOf, expressionOf, licensesOf, undeclared } from "./license-table.ts";
import type { License } from "./license-table.ts";

/** The statuses from sure to doubtful; what is put together is as doubtful as its most doubtful part. */
const doubt: readonly LicenseStatus[] = ["settled", "unresolved", "contested"];

/** What a record is written down from; the rest of it follows. */
export interface LicenseStatement {
  readonly subject: string;
  readonly revision: string | null;
  readonly declared: DeclaredLicenses;
  readonly upstream: string | null;
  /** SPDX ids joined by ` AND `. */
  readonly effective: string;
  /** @default null */
  readonly stricterReading?: string;
  readonly status: LicenseStatus;
  readonly evidence: readonly LicenseEvidence[];
}

/** A record from what is stated, with its classes. */
export function licenseRecord(statement: LicenseStatement): LicenseRecord {
  const licenses = licensesOf(statement.effective);
  return {
    ...statement,
    effective: expressionOf(licenses),
    stricterReading: statement.stricterReading ?? null,
    classes: classesOf(licenses),
  };
}

/**
 * The license of a work that declares one for itself and is made of, or from, other works: all of them apply.
 *
 * A declaration that asks for less than a part of the work does is contested. One that is missing leaves the license
 * unresolved, unless the parts are the work itself, of which this is a copy: a copy takes its license along.
 * @param context `date`: the day of this conclusion, for the evidence.
 */
export function combineLicenses(
  own: Pick<LicenseRecord, "subject" | "revision"> & Omit<Declaration, "baseModels">,
  parts: readonly LicenseRecord[],
  context: { readonly isCopy: boolean; readonly date: string },
): LicenseRecord {
  const licenses = [...own.licenses, ...parts.flatMap((part) => licensesOf(part.effective))];
  const stricter = [...own.licenses, ...parts.flatMap((part) => licensesOf(part.stricterReading ?? part.effective))];
  const effective = expressionOf(licenses.length === 0 ? [undeclared] : licenses);
  const stricterReading = expressionOf(stricter.length === 0 ? [undeclared] : stricter);

  const isSilentCopy = context.isCopy && own.licenses.length === 0 && own.status === "unresolved";
  const tighter = own.licenses.length === 0 ? [] : parts.filter((part) => asksForMore(part, own.licenses));
  return licenseRecord({
    subject: own.subject,
    revision: own.revision,
    declared: own.declared,
    upstream: parts.find((part) => part.upstream !== null)?.upstream ?? null,
    effective,
    ...(stricterReading === effective ? {} : { stricterReading }),
    status: mostDoubtful([
      ...(isSilentCopy ? [] : [own.status]),
      ...parts.map((part) => part.status),
      ...tighter.map(() => "contested" as const),
    ]),
    evidence: distinct([
      ...own.evidence,
      ...tighter.map((part) => ({
        source: part.subject,
        fact:
          `${own.subject} declares ${expressionOf(own.licenses)}, which asks for less than ${part.effective} ` +
          `of its part ${part.subject}`,
        date: context.date,
      })),
      ...parts.flatMap((part) => part.evidence),
    ]),
  });
}

/** Works that share a part bring the same evidence. */
function distinct(evidence: readonly LicenseEvidence[]): readonly LicenseEvidence[] {
  return [...new Map(evidence.map((item) => [`${item.source}\n${item.fact}`, item])).values()];
}

function asksForMore(part: LicenseRecord, licenses: readonly License[]): boolean {
  return licensesOf(part.effective).some((license) => classesBeyond(license, licenses).length > 0);
}

function mostDoubtful(statuses: readonly LicenseStatus[]): LicenseStatus {
  return doubt[Math.max(0, ...statuses.map((status) => doubt.indexOf(status)))]!;
}
