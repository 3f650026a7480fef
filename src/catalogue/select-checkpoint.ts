import { catalogue } from "./catalogue-entries.ts";
import type { CatalogueEntry } from "./catalogue-entry.ts";
import { checkLicense } from "./check-license.ts";
import type { LicensePolicy } from "./license-policy.ts";

/** What a checkpoint has to be like; what is not given does not matter. */
export interface CheckpointCriteria {
  /** Sample rate in hertz, exactly. */
  readonly sampleRate?: number | undefined;
  /** Channels that it codes. */
  readonly channels?: number | undefined;
  /** The highest bandwidth that it has to reach, in kbps. */
  readonly minBandwidth?: number | undefined;
  /** Frames per second that it may have at most: what a language model has to generate. */
  readonly maxFrameRate?: number | undefined;
  /** A language model that reads its codes, such as `musicgen`. */
  readonly usedBy?: string | undefined;
  /** The licenses that are accepted. @default "any" */
  readonly licensePolicy?: LicensePolicy | undefined;
}

/** Names of what can be asked for. */
export type Criterion = keyof CheckpointCriteria;

/** A checkpoint that was not chosen. */
export interface PassedOver {
  readonly id: string;
  /** What it does not meet; empty where it meets all and another was preferred. */
  readonly failed: readonly Criterion[];
  /** Reasons for people, one for each thing that spoke against it. */
  readonly reasons: readonly string[];
}

/** Criteria to drop so that a checkpoint is found. */
export interface Relaxation {
  readonly drop: readonly Criterion[];
  /** Ids of the checkpoints that would then pass, the best first. */
  readonly gains: readonly string[];
}

/** What was chosen, and why not the others. */
export interface Selection {
  /** The best match, or null where nothing passes. */
  readonly best: CatalogueEntry | null;
  /** All that pass, the best first. */
  readonly matches: readonly CatalogueEntry[];
  readonly passedOver: readonly PassedOver[];
  /** The fewest criteria to drop, where nothing passes: each way to do it. Empty otherwise. */
  readonly relaxations: readonly Relaxation[];
}

/**
 * Chooses the checkpoint that fits best.
 *
 * Among those that meet every criterion it takes, in this order: one made for listening before one for trials; one that can be loaded
 * itself; one that is the codec and not a larger model around it; settled before contested before unresolved; the fewest
 * frames per second; then the order of the catalogue.
 * @throws TypeError or RangeError if a criterion is not what it should be.
 */
export function selectCheckpoint(criteria: CheckpointCriteria = {}, entries: readonly CatalogueEntry[] = catalogue): Selection {
  checkCriteria(criteria, entries);
  const failures = new Map(entries.map((entry) => [entry, failuresOf(entry, criteria)]));
  const ranked = entries.toSorted(byPreference);
  const matches = ranked.filter((entry) => failures.get(entry)!.length === 0);
  const best = matches[0] ?? null;
  return {
    best,
    matches,
    passedOver: ranked
      .filter((entry) => entry !== best)
      .map((entry) => {
        const failed = failures.get(entry)!;
        const reasons = failed.length > 0 ? failed.map(({ reason }) => reason) : [preferenceFor(best!, entry)];
        return { id: entry.id, failed: failed.map(({ criterion }) => criterion), reasons };
      }),
    relaxations: best === null ? relaxationsOf(ranked, failures) : [],
  };
}

interface Failure {
  readonly criterion: Criterion;
  readonly reason: string;
}

function failuresOf(entry: CatalogueEntry, criteria: CheckpointCriteria): readonly Failure[] {
  const { sampleRate, channels, minBandwidth, maxFrameRate, usedBy, licensePolicy = "any" } = criteria;
  const failures: Failure[] = [];
  const fail = (criterion: Criterion, reason: string) => failures.push({ criterion, reason });
  const highest = entry.bandwidths.at(-1)!;
  if (sampleRate !== undefined && entry.sampleRate !== sampleRate) fail("sampleRate", `its sampling rate is ${entry.sampleRate} Hz`);
  if (channels !== undefined && entry.channels !== channels) fail("channels", `it codes ${entry.channels === 1 ? "mono" : "stereo"}`);
  if (minBandwidth !== undefined && highest < minBandwidth) fail("minBandwidth", `its highest bandwidth is ${highest} kbps`);
  if (maxFrameRate !== undefined && entry.frameRate > maxFrameRate) fail("maxFrameRate", `it has ${entry.frameRate} frames per second`);
  if (usedBy !== undefined && !entry.usedBy.includes(usedBy.toLowerCase())) {
    fail("usedBy", `it is used by ${entry.usedBy.join(", ") || "no language model that is known here"}`);
  }
  const verdict = checkLicense(entry.license, licensePolicy);
  if (!verdict.isAllowed) fail("licensePolicy", verdict.reason);
  return failures;
}

/** Reasons to prefer one match to another, the weightiest first: a number that the better one has lower. */
const preferences: readonly { readonly cost: (entry: CatalogueEntry) => number; readonly reason: (entry: CatalogueEntry) => string }[] = [
  { cost: (entry) => Number(entry.isTrial), reason: () => "it is made for trying things out, not for listening" },
  { cost: (entry) => Number(entry.notLoadable !== null), reason: (entry) => `its own files cannot be loaded: ${entry.notLoadable}` },
  {
    cost: (entry) => Number(entry.codecFrom !== null),
    reason: (entry) => `${entry.codecFrom} holds the same codec in a smaller or readier form`,
  },
  {
    cost: (entry) => ["settled", "contested", "unresolved"].indexOf(entry.license.status),
    reason: (entry) => `its license is ${entry.license.status}`,
  },
  { cost: (entry) => entry.frameRate, reason: (entry) => `it has more frames per second, ${entry.frameRate}` },
];

function byPreference(a: CatalogueEntry, b: CatalogueEntry): number {
  for (const { cost } of preferences) if (cost(a) !== cost(b)) return cost(a) - cost(b);
  return 0;
}

function preferenceFor(best: CatalogueEntry, other: CatalogueEntry): string {
  const decisive = preferences.find(({ cost }) => cost(other) > cost(best));
  return decisive === undefined ? `${best.id} does as well and is listed earlier` : decisive.reason(other);
}

/** The smallest sets of criteria that stand between the catalogue and a match. */
function relaxationsOf(
  ranked: readonly CatalogueEntry[],
  failures: ReadonlyMap<CatalogueEntry, readonly Failure[]>,
): readonly Relaxation[] {
  const fewest = Math.min(...Array.from(failures.values(), (failed) => failed.length));
  const gains = new Map<string, { drop: readonly Criterion[]; gains: string[] }>();
  for (const entry of ranked) {
    const drop = failures.get(entry)!.map(({ criterion }) => criterion);
    if (drop.length !== fewest) continue;
    const relaxation = gains.get(drop.join()) ?? { drop, gains: [] };
    relaxation.gains.push(entry.id);
    gains.set(drop.join(), relaxation);
  }
  return [...gains.values()];
}

function checkCriteria(criteria: CheckpointCriteria, entries: readonly CatalogueEntry[]): void {
  for (const name of ["sampleRate", "channels", "minBandwidth", "maxFrameRate"] as const) {
    const value: unknown = criteria[name];
    if (value !== undefined && !(typeof value === "number" && value > 0)) {
      throw new RangeError(`${name} must be a number above 0; received ${String(value)}`);
    }
  }
  const models = [...new Set(entries.flatMap((entry) => entry.usedBy))].toSorted();
  if (criteria.usedBy !== undefined && !models.includes(criteria.usedBy.toLowerCase())) {
    throw new RangeError(`usedBy: ${JSON.stringify(criteria.usedBy)} is not known; there are ${models.join(", ")}`);
  }
}
