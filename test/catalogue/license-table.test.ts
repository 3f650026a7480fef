import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { classesOf, expressionOf, findLicense, hubLicenses, licenseNamed, licensesOf } from "../../src/catalogue/license-table.ts";

interface KnownLicense {
  readonly id: string;
  readonly spdx: string | null;
  readonly spdx_deprecated: string | null;
  readonly license_ref: string | null;
  readonly classes: readonly string[];
}

const fixture = new URL("../fixtures/licenses/hub-licenses.json", import.meta.url);
const { licenses: known } = JSON.parse(readFileSync(fixture, "utf8")) as { readonly licenses: readonly KnownLicense[] };

/** The fixture's finer classes in the library's terms. */
const coarser: Readonly<Record<string, string>> = {
  "ambiguous-family": "unknown",
  "custom-terms": "unknown",
  "conditional-share-alike": "share-alike",
};

const idOf = (license: KnownLicense) => license.spdx ?? license.spdx_deprecated ?? license.license_ref;

describe("the Hub's licenses", () => {
  test("are all there, and no others", () => {
    expect(known).toHaveLength(83);
    expect(hubLicenses.map(({ id }) => id)).toEqual(known.map(({ id }) => id));
  });

  test.each(known)("$id has its SPDX id and its classes", (license) => {
    const { spdx, classes } = findLicense(license.id)!;
    expect(spdx).toBe(idOf(license));
    expect([...classes].toSorted()).toEqual([...new Set(license.classes.map((name) => coarser[name] ?? name))].toSorted());
  });

  test.each(known)("$id is found by its SPDX id too, in any case", (license) => {
    expect(findLicense(idOf(license)!.toUpperCase())?.id).toBe(license.id);
    expect(licensesOf(idOf(license)!).map(({ id }) => id)).toEqual([license.id]);
  });

  test("have ids that are SPDX ids or LicenseRefs of the characters that SPDX allows", () => {
    for (const { spdx } of hubLicenses) expect(spdx).toMatch(/^[A-Za-z0-9.-]+$/u);
  });
});

describe("licenses that the Hub does not list", () => {
  test.each([
    ["coqui public model license", "LicenseRef-coqui-public-model-license"],
    ["LicenseRef-CPML", "LicenseRef-CPML"],
    ["MIT OR Apache-2.0", "LicenseRef-MIT-OR-Apache-2.0"],
    ["", "LicenseRef-unnamed"],
    ["⚖️", "LicenseRef--"],
  ])("%j becomes %s, of which nothing is known", (id, spdx) => {
    expect(licenseNamed(id)).toMatchObject({ spdx, classes: ["unknown"] });
  });

  test("are not guessed from what they resemble", () => {
    expect(licenseNamed("bsd-3-clause-custom").classes).toEqual(["unknown"]);
    expect(licenseNamed("gpl-3.0-or-later-ish").classes).toEqual(["unknown"]);
  });
});

describe("licenses that all apply", () => {
  test("are written once each, the strictest first", () => {
    expect(expressionOf(licensesOf("MIT AND CC-BY-NC-4.0 AND MIT AND CC-BY-4.0"))).toBe("CC-BY-NC-4.0 AND CC-BY-4.0 AND MIT");
    expect(expressionOf(licensesOf("CC-BY-NC-4.0 AND LicenseRef-hf-unknown"))).toBe("LicenseRef-hf-unknown AND CC-BY-NC-4.0");
  });

  test("are permissive only where every one is", () => {
    expect(classesOf(licensesOf("MIT AND CC-BY-4.0"))).toEqual(["permissive", "attribution"]);
    expect(classesOf(licensesOf("MIT AND CC-BY-NC-4.0"))).toEqual(["attribution", "non-commercial"]);
    expect(classesOf(licensesOf("MIT AND LicenseRef-hf-other"))).toEqual(["unknown"]);
  });
});
