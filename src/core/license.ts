/** What a license asks of those who use the work, coarsely. These are labels for choosing by, not legal advice. */
export type LicenseClass =
  | "permissive"
  | "attribution"
  | "share-alike"
  | "copyleft"
  | "non-commercial"
  | "no-derivatives"
  | "use-restricted"
  | "unknown";

/**
 * How sure a license is: `settled` where those who can know agree, `unresolved` where nobody who can know has said,
 * `contested` where statements contradict each other.
 */
export type LicenseStatus = "settled" | "unresolved" | "contested";

/** One thing that somebody said or did about the license of a work. */
export interface LicenseEvidence {
  /** Where it can be looked up: an address, or a repository with commit and file. */
  readonly source: string;
  /** What the source says or shows. */
  readonly fact: string;
  /** Day of the statement, or where it bears none, the day on which it was read: `2023-04-26`. */
  readonly date: string;
}

/** The licenses that a Hub repository declares, place by place; every one of a list applies. */
export interface DeclaredLicenses {
  /** Hub ids in the front matter of README.md at the commit. */
  readonly card: readonly string[];
  /** Hub ids that the Hub's API gives for the repository; null where it was not asked. */
  readonly api: readonly string[] | null;
}

/** All that is known about the license of one checkpoint at one commit. */
export interface LicenseRecord {
  /** Hub id or name of the checkpoint. */
  readonly subject: string;
  /** Commit that the record speaks of, or null where it speaks of whatever is current. */
  readonly revision: string | null;
  readonly declared: DeclaredLicenses;
  /** What those who made the weights say, in a sentence; null where nothing is known. */
  readonly upstream: string | null;
  /** The licenses to go by: SPDX ids and `LicenseRef-…`, all of which apply, joined by ` AND `, the strictest first. */
  readonly effective: string;
  /** What would apply if those are right who contest a looser declaration; null where that is `effective` itself. */
  readonly stricterReading: string | null;
  readonly status: LicenseStatus;
  /** The classes of `effective`; `permissive` only where all of it is. */
  readonly classes: readonly LicenseClass[];
  readonly evidence: readonly LicenseEvidence[];
}
