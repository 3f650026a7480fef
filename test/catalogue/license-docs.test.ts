import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { catalogue } from "../../src/catalogue/index.ts";

test("docs/licensing.md lists every catalogued checkpoint with its license", () => {
  const text = readFileSync(new URL("../../docs/licensing.md", import.meta.url), "utf8");
  const rows = catalogue.map(({ id, license }) => {
    const { declared, effective, status, stricterReading } = license;
    const cells = [
      `\`${id}\``,
      declared.card.join(" and ") || "nothing",
      effective,
      status,
      ...(stricterReading === null ? [] : [stricterReading]),
    ];
    return `| ${cells.join(" | ")} |${stricterReading === null ? " |" : ""}`;
  });
  const [, table] = text.split(
    "| checkpoint | its card declares | effective | status | stricter reading |\n| --- | --- | --- | --- | --- |\n",
  );
  expect(table!.split("\n").slice(0, rows.length + 1)).toEqual([...rows, ""]);
});
