import { join } from "node:path";
import type { LicenseRecord } from "../../core/index.ts";
import { DatasetError } from "../folder/dataset-error.ts";
import { writeDurably } from "../folder/durable-file.ts";
import { parseJson, readTextInside } from "../folder/read-json-file.ts";
import { licenseSchema } from "./dataset-info.ts";

/** What was known of the license when the dataset was begun: evidence has the date on which it was found, and the index is to be the same on every day. */
export async function frozenLicense(folder: string, license: LicenseRecord): Promise<LicenseRecord> {
  const frozen = await readFrozenLicense(folder);
  if (frozen !== null) return frozen;
  const text = `${JSON.stringify(license, null, 2)}\n`;
  try {
    licenseSchema.parse(parseJson(text)); // what is written can be read
  } catch (cause) {
    throw new DatasetError(
      "DATASET_INPUT",
      `what the model's card and the Hub say of its license is no record that can be kept: ${(cause as Error).message.slice(0, 200)}; look at the card`,
      { cause },
    );
  }
  await writeDurably(pathIn(folder), text);
  return license;
}

/** The license of the weights, as it was when the dataset was begun; null where nobody looked. @throws DatasetError with code DATASET_FORMAT if it is damaged. */
export async function readFrozenLicense(folder: string): Promise<LicenseRecord | null> {
  const path = pathIn(folder);
  const text = await readTextInside(folder, licenseName);
  if (text === undefined) return null;
  try {
    const license = parseJson(text);
    licenseSchema.parse(license);
    return license as LicenseRecord; // with its fields in the order in which they were found, so that the index is the same to the byte
  } catch (cause) {
    throw new DatasetError("DATASET_FORMAT", `${path} is damaged; delete it, and the next run looks for the license anew`, { cause });
  }
}

const licenseName = "plan/license.json";

function pathIn(folder: string): string {
  return join(folder, licenseName);
}
