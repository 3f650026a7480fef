import { LicenseError } from "../core/index.ts";
import type { LicenseRecord } from "../core/index.ts";
import { catalogue } from "./catalogue-entries.ts";
import type { CatalogueEntry } from "./catalogue-entry.ts";
import { rulesOf } from "./license-policy.ts";
import type { LicensePolicy, LicenseRules, Verdict } from "./license-policy.ts";
import { licensesOf } from "./license-table.ts";
import type { License } from "./license-table.ts";

/**
 * Whether a policy admits a license. Terms are judged before doubts: first `deny`, then `allow`, then the status.
 * @throws TypeError or RangeError if the policy is none, or is a function that returns no verdict.
 */
export function checkLicense(record: LicenseRecord, policy: LicensePolicy): Verdict {
  if (typeof policy === "function") return verdictOf(policy(record));
  const rules = rulesOf(policy);
  const name = typeof policy === "string" ? `policy ${policy}` : "the policy";
  const failure = failureOf(record, rules);
  if (failure !== null) {
    return { isAllowed: false, rule: failure.rule, reason: `${name} does not admit ${record.subject}: ${failure.reason}` };
  }
  return {
    isAllowed: true,
    rule: typeof policy === "string" ? policy : "rules",
    reason: `${name} admits ${record.subject}: ${record.effective}, ${record.status}`,
  };
}

/**
 * Lets a license pass, or stops before anything is downloaded under it.
 * @param entries Where alternatives are looked for. By default the catalogue of this package.
 * @throws LicenseError with the record, the rule that failed and what the policy would admit instead.
 */
export function requireLicense(record: LicenseRecord, policy: LicensePolicy, entries: readonly CatalogueEntry[] = catalogue): void {
  const { isAllowed, rule, reason } = checkLicense(record, policy);
  if (isAllowed) return;
  const alternatives = alternativesTo(record.subject, policy, entries);
  const hint =
    alternatives.length === 0 ? "No catalogued checkpoint passes." : `Of the catalogued checkpoints ${alternatives.join(", ")} would pass.`;
  throw new LicenseError(`${reason}. ${hint}`, { record, rule, alternatives });
}

/** What a function decided. `true`, or a promise, would otherwise pass for a refusal without a reason. @throws TypeError */
function verdictOf(answer: unknown): Verdict {
  const { isAllowed, rule, reason } = Object(answer) as Partial<Record<keyof Verdict, unknown>>;
  if (typeof isAllowed === "boolean" && typeof rule === "string" && typeof reason === "string") return { isAllowed, rule, reason };
  const fields = `{ isAllowed: ${typeof isAllowed}, rule: ${typeof rule}, reason: ${typeof reason} }`;
  const received = answer instanceof Promise ? "a promise" : Object(answer) === answer ? fields : String(answer);
  throw new TypeError(
    `licensePolicy: a policy function must return { isAllowed: boolean, rule: string, reason: string }, at once; received ${received}`,
  );
}

/** Checkpoints of their own that pass, those with the sampling rate and the channels of the one refused first. */
function alternativesTo(subject: string, policy: LicensePolicy, entries: readonly CatalogueEntry[]): readonly string[] {
  const refused = entries.find((entry) => entry.id === subject);
  const likeness = (entry: CatalogueEntry) =>
    Number(entry.sampleRate === refused?.sampleRate) * 2 + Number(entry.channels === refused?.channels);
  return entries
    .filter((entry) => entry.codecFrom === null && entry.notLoadable === null && entry.id !== subject)
    .filter((entry) => checkLicense(entry.license, policy).isAllowed)
    .toSorted((a, b) => likeness(b) - likeness(a))
    .map((entry) => entry.id);
}

function failureOf(record: LicenseRecord, rules: LicenseRules): Pick<Verdict, "rule" | "reason"> | null {
  const licenses = licensesOf(record.effective);
  for (const license of licenses) {
    const denied = rules.deny?.find((name) => isMeant(license, name));
    if (denied !== undefined) return { rule: `deny: ${denied}`, reason: `${license.spdx} is ${license.classes.join(", ")}` };
  }
  const stranger = licenses.find((license) => rules.allow !== undefined && !admits(license, rules.allow));
  if (stranger !== undefined) {
    const allowed = rules.allow!.join(", ") || "nothing";
    return { rule: "allow", reason: `${stranger.spdx} is ${stranger.classes.join(", ")}; allowed is ${allowed}` };
  }
  if (record.status === "contested" && rules.acceptContested !== true) {
    const reading = record.stricterReading === null ? "" : `, which may be ${record.stricterReading}`;
    return { rule: "acceptContested", reason: `its license ${record.effective} is contested${reading}` };
  }
  const unclassed = licenses.find((license) => license.classes.includes("unknown") && !admits(license, rules.allow ?? []));
  if ((record.status === "unresolved" || unclassed !== undefined) && rules.acceptUnresolved !== true) {
    const reason =
      unclassed === undefined ? "nobody who could know has stated its license" : `the terms of ${unclassed.spdx} are not known`;
    return { rule: "acceptUnresolved", reason };
  }
  return null;
}

/** Named itself, or all of its classes named. */
function admits(license: License, allow: readonly string[]): boolean {
  return allow.some((name) => hasId(license, name)) || license.classes.every((known) => allow.includes(known));
}

/** Whether a name means this license: by a class or by an id. */
function isMeant(license: License, name: string): boolean {
  return license.classes.some((known) => known === name) || hasId(license, name);
}

function hasId(license: License, name: string): boolean {
  return [license.id, license.spdx].some((id) => id.toLowerCase() === name.toLowerCase());
}
