import type { LicenseClass, LicenseRecord } from "../core/index.ts";
import { findLicense, licenseClasses } from "./license-table.ts";

/** Whether a policy admits a license, and why. */
export interface Verdict {
  readonly isAllowed: boolean;
  /** The rule that decided, such as `any`, `deny: non-commercial` or `acceptContested`. */
  readonly rule: string;
  /** The reason, for people. */
  readonly reason: string;
}

/** A policy by its rules; all of them have to be met. */
export interface LicenseRules {
  /**
   * Classes, and Hub or SPDX ids of licenses. Each license has to be named, or all of its classes.
   * @default everything
   */
  readonly allow?: readonly string[] | undefined;
  /** Classes, and ids of licenses, that none may have or be. @default nothing */
  readonly deny?: readonly string[] | undefined;
  /** Whether a license that nobody has stated may be taken for what it seems to be. @default false */
  readonly acceptUnresolved?: boolean | undefined;
  /** Whether a disputed declaration may be taken at its word. @default false */
  readonly acceptContested?: boolean | undefined;
}

/** A policy of a name that says what for. docs/licensing.md has their exact meaning. */
export type NamedLicensePolicy = "any" | "permissive" | "commercial" | "research";

/** What licenses weights may have. */
export type LicensePolicy = NamedLicensePolicy | LicenseRules | ((record: LicenseRecord) => Verdict);

/** What the named policies stand for. */
export const namedPolicies: Readonly<Record<NamedLicensePolicy, LicenseRules>> = {
  any: { acceptUnresolved: true, acceptContested: true },
  permissive: { allow: ["permissive", "attribution"] },
  commercial: { deny: ["non-commercial", "use-restricted"] },
  research: { deny: ["unknown"], acceptUnresolved: true, acceptContested: true },
};

const flags = ["acceptUnresolved", "acceptContested"] as const;
const lists = ["allow", "deny"] as const;

/** Name of the environment variable that sets the policy of a whole deployment. */
export const licensePolicyVariable = "ENCODEC_TOKENIZER_LICENSE_POLICY";

/**
 * Reads a policy from text: a name, or rules such as `allow=permissive,cc-by-nc-4.0; acceptContested`.
 * @param source Where the text is from, for messages.
 * @throws RangeError if it is neither, or names a class or license that does not exist.
 */
export function parseLicensePolicy(text: string, source: string = licensePolicyVariable): NamedLicensePolicy | LicenseRules {
  const words = text.split(";").map((word) => word.trim());
  if (words.length === 1 && isPolicyName(words[0]!)) return words[0];
  const rules: Record<string, readonly string[] | true> = {};
  for (const word of words) {
    const [, key, values] = /^(\w+)(?:\s*=(.*))?$/su.exec(word) ?? [];
    const isFlag = flags.some((flag) => flag === key) && values === undefined;
    const isList = lists.some((list) => list === key) && values !== undefined;
    if (key === undefined || (!isFlag && !isList)) {
      throw new RangeError(`${source}: ${JSON.stringify(word)} is no license policy; expected ${expectedText}`);
    }
    if (Object.hasOwn(rules, key)) throw new RangeError(`${source}: ${key} is given twice`);
    rules[key] = isFlag ? true : values!.split(",").map((value) => value.trim());
  }
  checkRules(rules, source);
  return rules;
}

/** The policy of a call: what it says itself, or the deployment's, or none. @throws RangeError if the deployment's is none. */
export function licensePolicyOf(policy: LicensePolicy | undefined): LicensePolicy {
  const ofDeployment = process.env[licensePolicyVariable];
  if (policy !== undefined) return policy;
  return ofDeployment === undefined || ofDeployment === "" ? "any" : parseLicensePolicy(ofDeployment);
}

/**
 * The rules that a policy which is not a function stands for.
 * @throws TypeError if it is no policy, RangeError if it names a policy, class or license that does not exist.
 */
export function rulesOf(policy: NamedLicensePolicy | LicenseRules): LicenseRules {
  if (typeof policy === "string") {
    if (isPolicyName(policy)) return namedPolicies[policy];
    throw new RangeError(`licensePolicy: ${JSON.stringify(policy)} is no license policy; expected ${expectedNames}, rules or a function`);
  }
  if (typeof policy !== "object" || policy === null) {
    const received = policy === null ? "null" : typeof policy;
    throw new TypeError(`licensePolicy must be ${expectedNames}, an object of rules or a function; received ${received}`);
  }
  checkRules(policy, "licensePolicy");
  return policy;
}

const expectedNames = Object.keys(namedPolicies).join(", ");
const expectedText = `${expectedNames}, or rules such as "allow=permissive,attribution; acceptContested"`;

function isPolicyName(text: string): text is NamedLicensePolicy {
  return Object.hasOwn(namedPolicies, text);
}

function checkRules(rules: object, source: string): void {
  for (const [key, value] of Object.entries(rules)) {
    if (value === undefined) continue;
    if (flags.some((flag) => flag === key)) {
      if (typeof value !== "boolean") throw new TypeError(`${source}: ${key} must be true or false; received ${typeof value}`);
    } else if (lists.some((list) => list === key)) {
      if (!Array.isArray(value)) {
        throw new TypeError(`${source}: ${key} must be an array of classes and license ids; received ${typeof value}`);
      }
      for (const name of value) checkName(name, `${source}: ${key}`);
    } else {
      throw new TypeError(`${source}: there is no rule ${key}; there are ${[...lists, ...flags].join(", ")}`);
    }
  }
}

/** A misspelt name would silently allow or deny nothing. */
function checkName(name: unknown, where: string): void {
  if (typeof name === "string" && (isClass(name) || findLicense(name) !== undefined || /^LicenseRef-[\w.-]+$/iu.test(name))) return;
  throw new RangeError(
    `${where}: ${JSON.stringify(name)} is neither a class (${licenseClasses.join(", ")}) ` +
      "nor the Hub or SPDX id of a license; others are named LicenseRef-…",
  );
}

function isClass(name: string): name is LicenseClass {
  return licenseClasses.some((known) => known === name);
}
