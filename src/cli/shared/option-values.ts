import { InvalidArgumentError } from "commander";
import { licenseClasses, licensePolicyVariable, parseLicensePolicy } from "../../catalogue/index.ts";
import type { LicensePolicy } from "../../catalogue/index.ts";
import type { LicenseClass } from "../../core/index.ts";
import type { ClipLength } from "../../dataset/index.ts";
import { UsageError } from "./failures.ts";

/** A bandwidth in kbps. */
export function parseBandwidth(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0)) throw new InvalidArgumentError("It must be a number of kbps above 0.");
  return value;
}

/** A whole number from 1. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("It must be a whole number, 1 or more.");
  return Number(text);
}

/** A whole number from 0. */
export function parseThreads(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError("It must be a whole number; 0 means one per core.");
  return Number(text);
}

/** Whole numbers from 0, by commas. */
export function parseNumbers(text: string): readonly number[] {
  if (!/^\d{1,8}(?:,\d{1,8})*$/.test(text)) throw new InvalidArgumentError("It must be whole numbers by commas, such as 0,1,2,3.");
  return text.split(",").map(Number);
}

/** A whole number, below 0 as well. */
export function parseInteger(text: string): number {
  if (!/^-?\d{1,10}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** The id of a token: a whole number of 32 bits. */
export function parseToken(text: string): number {
  const token = parseInteger(text);
  if (token !== (token | 0)) throw new InvalidArgumentError("It must be a whole number of 32 bits, at most 2147483647.");
  return token;
}

/** Any amount above 0. */
export function parseAmount(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value < Infinity)) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

/** Any number. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

/** A length of audio: seconds, or frames with an `f`, such as `750f`. */
export function parseLength(text: string): ClipLength {
  const { frames, seconds } = /^(?:(?<frames>[1-9]\d{0,8})f|(?<seconds>\d*\.?\d+)s?)$/.exec(text)?.groups ?? {};
  if (frames !== undefined) return { frames: Number(frames) };
  if (seconds === undefined || Number(seconds) === 0)
    throw new InvalidArgumentError("It must be seconds above 0, such as 10 or 2.5, or frames, such as 750f.");
  return { seconds: Number(seconds) };
}

const byteUnits: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/** An amount of bytes: `500000000`, `500MB`, `1GiB`. */
export function parseBytes(text: string): number {
  const { amount, unit } = /^(?<amount>\d+(?:\.\d+)?) ?(?<unit>(?:[kmgt]i?)?)b?$/i.exec(text)?.groups ?? {};
  const bytes = amount === undefined ? 0 : Math.round(Number(amount) * byteUnits[unit!.toLowerCase()]!);
  if (!(bytes >= 1 && Number.isSafeInteger(bytes))) throw new InvalidArgumentError("It must be an amount of bytes, such as 500MB or 1GiB.");
  return bytes;
}

/** A whole number from 0, however large. */
export function parseLimit(text: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new InvalidArgumentError("It must be a whole number, 0 or more.");
  return Number(text);
}

/**
 * The policy that a command goes by: its option, or the deployment's, or none.
 * @throws UsageError if the environment variable holds no policy.
 */
export function policyOf(option: LicensePolicy | undefined): LicensePolicy {
  const ofDeployment = process.env[licensePolicyVariable];
  if (option !== undefined || ofDeployment === undefined || ofDeployment === "") return option ?? "any";
  try {
    return parseLicensePolicy(ofDeployment);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message, { cause: error }) : error;
  }
}

/** A license policy: a name, or rules such as `allow=permissive,cc-by-nc-4.0; acceptContested`. */
export function parsePolicy(text: string): LicensePolicy {
  try {
    return parseLicensePolicy(text, "the policy");
  } catch (error) {
    throw error instanceof RangeError ? new InvalidArgumentError(`${error.message}.`) : error;
  }
}

/** Classes of licenses, by commas; an option that is repeated adds to those before. */
export function parseLicenseClasses(text: string, previous: readonly LicenseClass[] = []): readonly LicenseClass[] {
  const named = text.split(",").map((name) => {
    const found = licenseClasses.find((known) => known === name.trim().toLowerCase());
    if (found === undefined) throw new InvalidArgumentError(`${JSON.stringify(name)} is no class; there are ${licenseClasses.join(", ")}.`);
    return found;
  });
  return [...previous, ...named];
}
