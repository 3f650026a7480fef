import { expect, test } from "vitest";
import { catalogue, checkLicense } from "../../src/catalogue/index.ts";
import type { LicensePolicy } from "../../src/catalogue/index.ts";

const policies: Readonly<Record<string, LicensePolicy>> = {
  any: "any",
  permissive: "permissive",
  commercial: "commercial",
  research: "research",
  "permissive; acceptContested": { allow: ["permissive", "attribution"], acceptContested: true },
};

/** Columns padded to their widest cell. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

test("every catalogued checkpoint is admitted or refused as policy-matrix.txt says", async () => {
  const rows = catalogue.map(({ id, license }) => {
    const verdicts = Object.values(policies).map((policy) => checkLicense(license, policy));
    return [id, license.effective, license.status, ...verdicts.map(({ isAllowed, rule }) => (isAllowed ? "yes" : `no, ${rule}`))];
  });
  const table = formatTable([["checkpoint", "license", "status", ...Object.keys(policies)], ...rows]);
  await expect(table).toMatchFileSnapshot("policy-matrix.txt");
});
