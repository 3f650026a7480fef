import type { LicenseClass } from "../core/index.ts";
import { hubLicenseRows } from "./license-ids.ts";

/** A license, as cards name it and as the world does. */
export interface License {
  /** Id on the Hugging Face Hub, such as `cc-by-nc-4.0`; for a license that the Hub does not list, as the card has it. */
  readonly id: string;
  /** SPDX id, or `LicenseRef-…` where SPDX has none. */
  readonly spdx: string;
  readonly name: string;
  readonly classes: readonly LicenseClass[];
}

/** All classes, from what asks least to what asks most or is not known. */
export const licenseClasses: readonly LicenseClass[] = [
  "permissive",
  "attribution",
  "share-alike",
  "copyleft",
  "use-restricted",
  "no-derivatives",
  "non-commercial",
  "unknown",
];

/** Every license that the Hub lists. */
export const hubLicenses: readonly License[] = hubLicenseRows.map(([id, spdx, classes, name]) => ({
  id,
  spdx,
  name,
  classes: licenseClasses.filter((known) => classes.split(" ").includes(known)),
}));

/** What stands for a license that nobody declares. */
export const undeclared: License = hubLicenses.find((license) => license.id === "unknown")!;

const byName: ReadonlyMap<string, License> = new Map(
  hubLicenses.flatMap((license) => [[license.spdx.toLowerCase(), license] as const, [license.id, license] as const]),
);

/** The listed license with this Hub or SPDX id, in upper or lower case; `undefined` where none has it. */
export function findLicense(id: string): License | undefined {
  return byName.get(id.trim().toLowerCase());
}

/** The license with this id. One that is not listed gets a `LicenseRef-…` and the class `unknown`. */
export function licenseNamed(id: string): License {
  return findLicense(id) ?? customLicense(id.trim());
}

/** A license of an own text, which nobody has read for its class, whatever its name. */
export function customLicense(name: string): License {
  const spdx = /^LicenseRef-[\w.-]+$/u.test(name) ? name : `LicenseRef-${name.replaceAll(/[^A-Za-z0-9.-]+/gu, "-") || "unnamed"}`;
  return { id: name, spdx, name, classes: ["unknown"] };
}

/** The licenses of an expression such as `CC-BY-NC-4.0 AND MIT`. Other operators are not read: such a text is one unknown license. */
export function licensesOf(expression: string): readonly License[] {
  return expression.split(/\s+AND\s+/u).map(licenseNamed);
}

/** The expression for licenses that all apply, each once, the strictest first. */
export function expressionOf(licenses: readonly License[]): string {
  const ids = new Map(licenses.map((license) => [license.spdx, license]));
  const strictestFirst = [...ids.values()].toSorted((a, b) => strictness(b) - strictness(a) || (a.spdx < b.spdx ? -1 : 1));
  return strictestFirst.map((license) => license.spdx).join(" AND ");
}

/** Classes of licenses that all apply; `permissive` only where none of them asks for more than attribution. */
export function classesOf(licenses: readonly License[]): readonly LicenseClass[] {
  const found = new Set(licenses.flatMap((license) => license.classes));
  const isRestricted = [...found].some((name) => name !== "permissive" && name !== "attribution");
  return licenseClasses.filter((name) => found.has(name) && !(name === "permissive" && isRestricted));
}

/** What `license` asks for that none of `others` does. */
export function classesBeyond(license: License, others: readonly License[]): readonly LicenseClass[] {
  const asked = new Set(others.flatMap((other) => other.classes));
  return license.classes.filter((name) => name !== "permissive" && name !== "unknown" && !asked.has(name));
}

/** Grows with the strictest class, then with the number of classes. */
function strictness({ classes }: License): number {
  return Math.max(...classes.map((name) => licenseClasses.indexOf(name))) * licenseClasses.length + classes.length;
}
