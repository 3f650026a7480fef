import { describe, expect, test } from "vitest";
import {
  catalogue,
  checkLicense,
  findCheckpoint,
  hubLicenses,
  namedPolicies,
  parseLicensePolicy,
  requireLicense,
} from "../../src/catalogue/index.ts";
import type { LicensePolicy, LicenseRules } from "../../src/catalogue/index.ts";
import { licenseRecord } from "../../src/catalogue/license-record.ts";
import { LicenseError } from "../../src/core/index.ts";
import type { LicenseRecord, LicenseStatus } from "../../src/core/index.ts";

function recordOf(effective: string, status: LicenseStatus = "settled"): LicenseRecord {
  return licenseRecord({
    subject: "a/codec",
    revision: null,
    declared: { card: [], api: null },
    upstream: null,
    effective,
    status,
    evidence: [],
  });
}

const check = (policy: LicensePolicy, effective: string, status?: LicenseStatus) => checkLicense(recordOf(effective, status), policy);
const numAdmitted = (policy: LicensePolicy) => hubLicenses.filter(({ spdx }) => check(policy, spdx).isAllowed).length;
const numOfClass = (...names: readonly string[]) =>
  hubLicenses.filter(({ classes }) => classes.some((name) => names.includes(name))).length;
const ruleOf = (policy: LicensePolicy, effective: string, status?: LicenseStatus) => {
  const { isAllowed, rule } = check(policy, effective, status);
  return isAllowed ? "passes" : rule;
};

function errorOf(id: string, policy: LicensePolicy): LicenseError {
  try {
    requireLicense(findCheckpoint(id)!.license, policy);
  } catch (error) {
    expect(error).toBeInstanceOf(LicenseError);
    return error as LicenseError;
  }
  throw new Error("nothing was thrown");
}

describe("the named policies", () => {
  test.each([
    // license, any, permissive, commercial, research
    ["MIT", "passes", "passes", "passes", "passes"],
    ["CC-BY-4.0", "passes", "passes", "passes", "passes"],
    ["CC-BY-SA-4.0", "passes", "allow", "passes", "passes"],
    ["GPL-3.0", "passes", "allow", "passes", "passes"],
    ["CC-BY-ND-4.0", "passes", "allow", "passes", "passes"],
    ["CC-BY-NC-4.0", "passes", "allow", "deny: non-commercial", "passes"],
    ["CC-BY-NC-ND-4.0", "passes", "allow", "deny: non-commercial", "passes"],
    ["LicenseRef-hf-llama3", "passes", "allow", "deny: use-restricted", "passes"],
    ["LicenseRef-hf-openrail", "passes", "allow", "deny: use-restricted", "deny: unknown"],
    ["LicenseRef-hf-cc", "passes", "allow", "acceptUnresolved", "deny: unknown"],
    ["LicenseRef-hf-unknown", "passes", "allow", "acceptUnresolved", "deny: unknown"],
    ["LicenseRef-own-terms", "passes", "allow", "acceptUnresolved", "deny: unknown"],
    ["CC-BY-NC-4.0 AND MIT", "passes", "allow", "deny: non-commercial", "passes"],
  ])("judge %s by its classes", (effective, ...expected) => {
    expect((["any", "permissive", "commercial", "research"] as const).map((policy) => ruleOf(policy, effective))).toEqual(expected);
  });

  test.each([
    ["contested", "passes", "acceptContested", "acceptContested", "passes"],
    ["unresolved", "passes", "acceptUnresolved", "acceptUnresolved", "passes"],
  ] as const)("judge MIT that is %s by its status", (status, ...expected) => {
    expect((["any", "permissive", "commercial", "research"] as const).map((policy) => ruleOf(policy, "MIT", status))).toEqual(expected);
  });

  test("admit, of the Hub's licenses, as many as their meaning says", () => {
    expect(numAdmitted("any")).toBe(83);
    expect(numAdmitted("permissive")).toBe(numOfClass("permissive"));
    expect(numAdmitted("commercial")).toBe(83 - numOfClass("non-commercial", "use-restricted", "unknown"));
    expect(numAdmitted("research")).toBe(83 - numOfClass("unknown"));
  });
});

describe("rules", () => {
  test("allow by class or by id, in any spelling, and each license counts", () => {
    expect(ruleOf({ allow: ["cc-by-nc-4.0"] }, "CC-BY-NC-4.0")).toBe("passes");
    expect(ruleOf({ allow: ["CC-BY-NC-4.0", "permissive"] }, "CC-BY-NC-4.0 AND MIT")).toBe("passes");
    expect(ruleOf({ allow: ["CC-BY-NC-4.0"] }, "CC-BY-NC-4.0 AND MIT")).toBe("allow");
    expect(ruleOf({ allow: ["non-commercial"] }, "CC-BY-NC-4.0")).toBe("allow");
    expect(ruleOf({ allow: ["non-commercial", "attribution"] }, "CC-BY-NC-4.0")).toBe("passes");
    expect(ruleOf({ allow: [] }, "MIT")).toBe("allow");
  });

  test("deny by class or by id, whatever is allowed", () => {
    expect(ruleOf({ allow: ["permissive"], deny: ["WTFPL"] }, "WTFPL")).toBe("deny: WTFPL");
    expect(ruleOf({ allow: ["gpl-3.0"], deny: ["copyleft"] }, "GPL-3.0")).toBe("deny: copyleft");
  });

  test("accept a doubt, not the terms behind it", () => {
    expect(ruleOf({ deny: ["non-commercial"], acceptUnresolved: true }, "CC-BY-NC-4.0", "unresolved")).toBe("deny: non-commercial");
    expect(ruleOf({ acceptContested: true }, "MIT", "unresolved")).toBe("acceptUnresolved");
    expect(ruleOf({ acceptUnresolved: true }, "MIT", "contested")).toBe("acceptContested");
    expect(ruleOf({ acceptContested: true }, "LicenseRef-hf-unknown AND MIT", "contested")).toBe("acceptUnresolved");
  });

  test("admit an own license by its name, which needs no knowledge of its terms", () => {
    expect(ruleOf({ allow: ["LicenseRef-own-terms"] }, "LicenseRef-own-terms")).toBe("passes");
    expect(ruleOf({ allow: ["LicenseRef-own-terms"] }, "LicenseRef-other-terms")).toBe("allow");
  });

  test("admit encodec_48khz as MIT to those who accept that this is contested", () => {
    const { license } = findCheckpoint("48khz")!;
    expect(checkLicense(license, { allow: ["permissive"], acceptContested: true }).isAllowed).toBe(true);
    expect(checkLicense(license, "permissive")).toEqual({
      isAllowed: false,
      rule: "acceptContested",
      reason: "policy permissive does not admit facebook/encodec_48khz: its license MIT is contested, which may be CC-BY-NC-4.0",
    });
  });

  test("can be a function, whose verdict is final", () => {
    const verdict = { isAllowed: false, rule: "ours", reason: "not on Sundays" };
    expect(checkLicense(recordOf("MIT"), (record) => ({ ...verdict, reason: `${record.effective}: ${verdict.reason}` }))).toEqual({
      ...verdict,
      reason: "MIT: not on Sundays",
    });
  });

  test.each([
    [() => true, "received true"],
    [async () => ({ isAllowed: true, rule: "ours", reason: "" }), "received a promise"],
    [() => undefined, "received undefined"],
    [() => null, "received null"],
    [() => ({ isAllowed: "yes", rule: "ours", reason: "" }), "received { isAllowed: string, rule: string, reason: string }"],
    [() => ({ isAllowed: true }), "received { isAllowed: boolean, rule: undefined, reason: undefined }"],
  ])("that are functions without a verdict are refused: %s", (policy, message) => {
    const attempt = () => checkLicense(recordOf("MIT"), policy as unknown as LicensePolicy);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(`a policy function must return { isAllowed: boolean, rule: string, reason: string }, at once; ${message}`);
  });

  test.each([
    ["comercial", RangeError, '"comercial" is no license policy; expected any, permissive, commercial, research, rules or a function'],
    ["toString", RangeError, '"toString" is no license policy'],
    [null, TypeError, "received null"],
    [true, TypeError, "received boolean"],
    [{ allowed: ["mit"] }, TypeError, "there is no rule allowed; there are allow, deny, acceptUnresolved, acceptContested"],
    [{ allow: "mit" }, TypeError, "allow must be an array of classes and license ids; received string"],
    [{ acceptContested: "yes" }, TypeError, "acceptContested must be true or false; received string"],
    [{ deny: ["noncommercial"] }, RangeError, '"noncommercial" is neither a class (permissive, attribution,'],
    [{ deny: [7] }, RangeError, "7 is neither a class"],
  ])("that are none are refused: %j", (policy, kind, message) => {
    const attempt = () => check(policy as LicensePolicy, "MIT");
    expect(attempt).toThrow(kind);
    expect(attempt).toThrow(message);
  });
});

describe("policies as text", () => {
  test.each(Object.keys(namedPolicies))("%s is a name", (name) => {
    expect(parseLicensePolicy(` ${name} `)).toBe(name);
  });

  test.each<[string, LicenseRules]>([
    ["allow=mit", { allow: ["mit"] }],
    ["allow = permissive , cc-by-nc-4.0 ; acceptContested", { allow: ["permissive", "cc-by-nc-4.0"], acceptContested: true }],
    ["deny=non-commercial;acceptUnresolved;acceptContested", { deny: ["non-commercial"], acceptUnresolved: true, acceptContested: true }],
    ["allow=LicenseRef-own-terms", { allow: ["LicenseRef-own-terms"] }],
  ])("%j is rules", (text, rules) => {
    expect(parseLicensePolicy(text)).toEqual(rules);
    expect(() => check(rules, "MIT")).not.toThrow();
  });

  test.each([
    ["", '"" is no license policy; expected any, permissive, commercial, research, or rules such as'],
    ["Permissive", '"Permissive" is no license policy'],
    ["any; research", '"any" is no license policy'],
    ["allow", '"allow" is no license policy'],
    ["acceptContested=true", '"acceptContested=true" is no license policy'],
    ["allow=mit; allow=isc", "allow is given twice"],
    ["allow=", 'allow: "" is neither a class'],
    ["allow=mit,,isc", 'allow: "" is neither a class'],
    ["deny=noncommercial", 'deny: "noncommercial" is neither a class'],
    ["allow=mit;", '"" is no license policy'],
    ["__proto__=mit", '"__proto__=mit" is no license policy'],
  ])("%j is none, and the message names the variable", (text, message) => {
    expect(() => parseLicensePolicy(text)).toThrow(RangeError);
    expect(() => parseLicensePolicy(text)).toThrow(`ENCODEC_TOKENIZER_LICENSE_POLICY: ${message}`);
  });

  test("can come from elsewhere", () => {
    expect(() => parseLicensePolicy("none", "--license")).toThrow('--license: "none" is no license policy');
  });
});

describe("a license that is not admitted", () => {
  test("stops with the record, the rule and what would pass", () => {
    const error = errorOf("24khz", "commercial");
    expect(error).toMatchObject({ name: "LicenseError", code: "LICENSE_REFUSED", rule: "deny: non-commercial", alternatives: ["tiny"] });
    expect(error.record).toBe(findCheckpoint("24khz")!.license);
    expect(error.message).toBe(
      "policy commercial does not admit facebook/encodec_24khz: CC-BY-NC-4.0 is attribution, non-commercial. " +
        "Of the catalogued checkpoints tiny would pass.",
    );
  });

  test("names the most similar alternatives first, and none that are larger models around the same codec", () => {
    const rules = { deny: ["non-commercial"], acceptContested: true };
    expect(errorOf("32khz", rules).alternatives).toEqual(["tiny", "facebook/encodec_48khz"]);
    expect(errorOf("facebook/musicgen-stereo-small", rules).alternatives).toEqual(["facebook/encodec_48khz", "tiny"]);
  });

  test("says so where nothing would pass", () => {
    expect(errorOf("tiny", { allow: ["zlib"] }).message).toMatch(/No catalogued checkpoint passes\.$/);
  });

  test("lets the others pass", () => {
    for (const { license } of catalogue) expect(() => requireLicense(license, "any")).not.toThrow();
  });
});
