import { describe, expect, test } from "vitest";
import { catalogue, notice, resolveLicense } from "../../src/catalogue/index.ts";

describe("the notice for an app", () => {
  test("credits each model, and says what its license asks and what is not certain", () => {
    expect(notice(["32khz", "48khz"])).toBe(`This product includes the following model weights.

facebook/encodec_32khz
  Creator: Meta AI (FAIR)
  Source: https://huggingface.co/facebook/encodec_32khz
  Commit: d0c45384f6c44db055f78200cfdcb9c1c8706727
  License: Creative Commons Attribution Non Commercial 4.0 (CC-BY-NC-4.0), https://creativecommons.org/licenses/by-nc/4.0/
  Asks: credit the creator, link to source and license, and say what was changed
  Asks: no commercial use
  Upstream: audiocraft releases its weights under CC-BY-NC 4.0 (LICENSE_weights)

facebook/encodec_48khz
  Creator: Meta AI (FAIR)
  Source: https://huggingface.co/facebook/encodec_48khz
  Commit: c3def8e7185ac8c8efdce6eb8c4a651e487a503e
  License: MIT, https://spdx.org/licenses/MIT.html
  Asks: keep the copyright notice and the text of the license with copies
  Upstream: the repository's code is MIT since 2023-04-26; what the weights are under has not been said since
  Status: contested; the model card declares mit
  May also be: CC-BY-NC-4.0
`);
  });

  test("can be written for every catalogued checkpoint, each named once", () => {
    const ids = catalogue.map(({ id }) => id);
    const text = notice([...ids, ...ids]);
    for (const id of ids) expect(text.split("\n").filter((line) => line === id)).toHaveLength(1);
    expect(text).not.toMatch(/undefined|null/);
  });

  test("takes the record of a repository that is not catalogued", async () => {
    const readme = "---\nlicense: other\nlicense_name: own-terms\nlicense_link: LICENSE\n---\n";
    const repository = { id: "a/codec", revision: null, readme, api: null, digests: [], config: null };
    const record = await resolveLicense(repository, { fetchRepository: async () => null, date: "2026-11-22" });
    expect(notice([record])).toBe(`This product includes the following model weights.

a/codec
  Source: https://huggingface.co/a/codec
  License: LicenseRef-own-terms, see its source
  Asks: the terms are not known here; read them before you ship this
`);
  });

  test("says of the embedded checkpoint what it was trained on", () => {
    expect(notice(["tiny"])).toContain("all training audio is on terms that permit everything");
  });

  test("refuses a name that it does not know", () => {
    expect(() => notice(["facebook/encodec_16khz"])).toThrow(RangeError);
    expect(() => notice(["facebook/encodec_16khz"])).toThrow("facebook/encodec_16khz is not in the catalogue");
  });
});
