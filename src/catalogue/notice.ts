import { visibleLine } from "../core/index.ts";
import type { LicenseClass, LicenseRecord } from "../core/index.ts";
import type { CatalogueEntry } from "./catalogue-entry.ts";
import { findCheckpoint } from "./catalogue.ts";
import { findLicense, licenseNamed } from "./license-table.ts";

/** What a class of license asks of an app that ships weights, in a line. */
const duties: Readonly<Record<LicenseClass, string>> = {
  permissive: "keep the copyright notice and the text of the license with copies",
  attribution: "credit the creator, link to source and license, and say what was changed",
  "share-alike": "pass on changed versions under the same license",
  copyleft: "pass on changed versions under the same license, with what it takes to change them",
  "use-restricted": "pass on, and keep to, the uses that the license rules out",
  "no-derivatives": "do not pass on changed versions",
  "non-commercial": "no commercial use",
  unknown: "the terms are not known here; read them before you ship this",
};

/**
 * Attribution text for an app that ships models: for each one what it is, who made it, where it is from, its license,
 * what that asks for, and what is not certain about it. Evidence for people who decide, not legal advice.
 * @param models Ids or aliases of catalogued checkpoints, or license records of others.
 * @throws RangeError if a name is not in the catalogue.
 */
export function notice(models: readonly (string | LicenseRecord)[]): string {
  const blocks = models.map((model) => {
    if (typeof model !== "string") return describe(model, undefined);
    const entry = findCheckpoint(model);
    if (entry === undefined) throw new RangeError(`${model} is not in the catalogue; give the license record that was resolved for it`);
    return describe(entry.license, entry);
  });
  return `This product includes the following model weights.\n\n${[...new Set(blocks)].join("\n")}`;
}

function describe(record: LicenseRecord, entry: CatalogueEntry | undefined): string {
  const licenses = record.effective.split(" AND ").map(licenseNamed);
  const lines = [
    record.subject,
    ...(entry === undefined ? [] : [`  Creator: ${entry.creator}`]),
    `  Source: ${entry?.address ?? `https://huggingface.co/${record.subject}`}`,
    ...(record.revision === null ? [] : [`  Commit: ${record.revision}`]),
    ...licenses.map(({ spdx, name }) => `  License: ${spdx === name ? name : `${name} (${spdx})`}, ${addressOf(spdx)}`),
    ...record.classes.map((name) => `  Asks: ${duties[name]}`),
    ...(entry === undefined || entry.codecFrom === null ? [] : [`  Same codec as: ${entry.codecFrom}`]),
    ...(record.upstream === null ? [] : [`  Upstream: ${record.upstream}`]),
    ...doubtsAbout(record),
  ];
  return `${lines.map(visibleLine).join("\n")}\n`;
}

function addressOf(spdx: string): string {
  const creativeCommons = /^CC-(BY[A-Z-]*)-([\d.]+)$/u.exec(spdx);
  if (creativeCommons !== null) return `https://creativecommons.org/licenses/${creativeCommons[1]!.toLowerCase()}/${creativeCommons[2]}/`;
  if (!spdx.startsWith("LicenseRef-")) return `https://spdx.org/licenses/${spdx}.html`;
  return findLicense(spdx) === undefined ? "see its source" : "https://huggingface.co/docs/hub/repositories-licenses";
}

function doubtsAbout({ status, declared, stricterReading }: LicenseRecord): readonly string[] {
  if (status === "settled") return [];
  const ids = declared.card.join(" and ");
  return [
    `  Status: ${status}; the model card declares ${ids === "" ? "no license" : ids}`,
    ...(stricterReading === null ? [] : [`  May also be: ${stricterReading}`]),
  ];
}
