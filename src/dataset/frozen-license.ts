import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LicenseRecord } from "../core/index.ts";
import { writeDurably } from "./durable-file.ts";

/** What was known of the license when the dataset was begun: evidence has the date on which it was found, and the index is to be the same on every day. */
export async function frozenLicense(folder: string, license: LicenseRecord): Promise<LicenseRecord> {
  const path = frozenLicensePath(folder);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text !== undefined) return JSON.parse(text) as LicenseRecord;
  await writeDurably(path, `${JSON.stringify(license, null, 2)}\n`);
  return license;
}

/** Where it is kept. */
export function frozenLicensePath(folder: string): string {
  return join(folder, "plan", "license.json");
}
