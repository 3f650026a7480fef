import { describe, expect, test } from "vitest";
import { parseModelCard } from "../../src/catalogue/model-card.ts";

describe("a model card", () => {
  test("declares a license, a list of them, a name, a text and what it is based on", () => {
    expect(parseModelCard("---\nlicense: mit\n---\n# A codec\n")).toEqual({
      licenses: ["mit"],
      licenseName: null,
      licenseLink: null,
      baseModels: [],
      problem: null,
    });
    const card = [
      "---",
      "license: [MIT, cc-by-nc-4.0]",
      "license_name: own",
      "license_link: LICENSE",
      "base_model:",
      "- a/b",
      "- c/d",
      "---",
    ];
    expect(parseModelCard(card.join("\n"))).toEqual({
      licenses: ["mit", "cc-by-nc-4.0"],
      licenseName: "own",
      licenseLink: "LICENSE",
      baseModels: ["a/b", "c/d"],
      problem: null,
    });
  });

  test.each([
    ["with Windows line ends", "---\r\nlicense: mit\r\ntags: [audio]\r\n---\r\n# Codec\r\n"],
    ["with a byte order mark", "\uFEFF---\nlicense: mit\n---\n"],
    ["with spaces behind the dashes", "---  \nlicense: mit\n--- \n"],
    ["that ends with its front matter", "---\nlicense: mit\n---"],
    ["with dashes in a text", "---\nlicense: mit\nsummary: a --- b\n---\n"],
    ["with a rule in its prose", "---\nlicense: mit\n---\nprose\n---\nlicense: gpl-3.0\n---\n"],
  ])("is read %s", (_, readme) => {
    expect(parseModelCard(readme)).toMatchObject({ licenses: ["mit"], problem: null });
  });

  test.each([
    ["without front matter", "# A codec\nlicense: mit\n"],
    ["that is empty", ""],
    ["with empty front matter", "---\n---\n"],
    ["with a license in prose behind it", "---\ntags: [audio]\n---\nlicense: mit\n"],
    ["with no value", "---\nlicense:\n---\n"],
    ["with an empty list", "---\nlicense: []\n---\n"],
  ])("%s declares nothing", (_, readme) => {
    expect(parseModelCard(readme)).toMatchObject({ licenses: [], problem: null });
  });

  test.each([
    ["front matter without end", "---\nlicense: mit\n", /does not end/],
    ["an end beyond 64 KiB", `---\nlicense: mit\n${"# filler\n".repeat(10_000)}---\n`, /does not end/],
    ["no YAML", "---\nlicense: [mit\n---\n", /not YAML/],
    ["two licenses under one key", "---\nlicense: gpl-3.0\nlicense: mit\n---\n", /not YAML: DUPLICATE_KEY/],
    ["aliases", "---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\nlicense: mit\n---\n", /aliases/],
    ["an alias as its license", "---\na: &a mit\nlicense: *a\n---\n", /aliases/],
    ["a list as its metadata", "---\n- license\n- mit\n---\n", /not a list of fields/],
    ["a number as its license", "---\nlicense: 4.0\n---\n", /license is neither a text/],
    ["an object as its license", "---\nlicense: {name: mit}\n---\n", /license is neither a text/],
    ["something else among its licenses", "---\nlicense: [mit, {not: mit}]\n---\n", /license is neither a text/],
    ["a hundred licenses", `---\nlicense: [${"mit, ".repeat(100)}]\n---\n`, /license is neither a text/],
    ["an object as its base", "---\nlicense: mit\nbase_model: {a: b}\n---\n", /base_model is neither a text/],
  ])("with %s says what is wrong, and does not throw", (_, readme, problem) => {
    expect(parseModelCard(readme).problem).toMatch(problem);
  });

  test("that nests as deep as it can is given up, not run into the ground", () => {
    expect(parseModelCard(`---\n${"[".repeat(20_000)}\n---\n`).problem).toMatch(/not YAML|too deep/);
    expect(parseModelCard(`---\na: ${"[".repeat(20_000)}${"]".repeat(20_000)}\nlicense: mit\n---\n`).licenses.length).toBeLessThanOrEqual(
      1,
    );
  });
});
