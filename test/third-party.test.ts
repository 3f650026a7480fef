import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { broughtPackages, formatThirdParty, problemsOf, thirdPartyFile, withTables } from "../scripts/third-party.ts";
import type { Lock, ThirdPartyList } from "../scripts/third-party.ts";

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
const lock = JSON.parse(read("package-lock.json")) as Lock;
const list = JSON.parse(read("scripts/third-party.json")) as ThirdPartyList;

/** The lock with another entry for a package of ours, or a further one. */
function changed(path: string, entry: Lock["packages"][string], from = ""): Lock {
  const before = lock.packages[from]!;
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  return {
    packages: {
      ...lock.packages,
      [from]: { ...before, dependencies: { ...before.dependencies, [name]: "*" } },
      [path]: { ...lock.packages[path], ...entry },
    },
  };
}

describe("the packages that come along", () => {
  test("are all listed, and nothing else is", () => {
    expect(problemsOf(lock, list)).toEqual([]);
  });

  test("are those that the lock does not keep for development, with what brings them", () => {
    const ofLock = Object.entries(lock.packages)
      .filter(([path, { dev = false }]) => path !== "" && !dev)
      .map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
    const brought = broughtPackages(lock);
    expect(brought.map(({ name }) => name)).toEqual([...new Set(ofLock)].toSorted());
    expect(brought.find(({ name }) => name === "codec-parser")!.through).toEqual([
      "@wasm-audio-decoders/flac",
      "@wasm-audio-decoders/ogg-vorbis",
    ]);
  });

  test("are in THIRD-PARTY.md and in docs/licensing.md as the list has them", () => {
    const tables = formatThirdParty(lock, list);
    expect(read("THIRD-PARTY.md")).toBe(thirdPartyFile(tables));
    expect(withTables(read("docs/licensing.md"), tables)).toBe(read("docs/licensing.md"));
    for (const { name } of list.packages) expect(tables).toContain(`| \`${name}\` |`);
  });

  test("ask for what they are known to ask for", () => {
    const licenseOf = (name: string) => list.packages.find((entry) => entry.name === name)!.license;
    expect(licenseOf("codec-parser")).toBe("LGPL-3.0-or-later");
    const inside = list.embedded.map((work) => `${work.in}: ${work.license}`);
    expect(inside).toEqual(
      expect.arrayContaining([
        "mpg123-decoder: LGPL-2.1-only",
        "@wasm-audio-decoders/flac: BSD-3-Clause",
        "opus-decoder: BSD-3-Clause",
        "onnxruntime-node: MPL-2.0",
      ]),
    );
  });
});

describe("the check says what to add when", () => {
  test("a package is new", () => {
    const found = problemsOf(changed("node_modules/new-one", { version: "1.0.0", license: "GPL-3.0" }), list, (name) =>
      name === "new-one" ? ["COPYING", "index.js"] : undefined,
    );
    expect(found).toEqual([
      expect.stringMatching(
        /^new-one 1\.0\.0 \(GPL-3\.0; brought by new-one\) is not in scripts\/third-party\.json\..*Then add \{"name":"new-one","license":"GPL-3\.0","text":"COPYING"\} to "packages" and run npm run third-party$/u,
      ),
    ]);
  });

  test("a package far down is new", () => {
    const found = problemsOf(
      changed("node_modules/@napi-rs/nice/node_modules/deep", { version: "2.0.0" }, "node_modules/@napi-rs/nice"),
      list,
      () => undefined,
    );
    expect(found).toEqual([expect.stringMatching(/^deep 2\.0\.0 \(no license; brought by piscina\) is not in/u)]);
  });

  test("a license changes", () => {
    expect(problemsOf(changed("node_modules/zod", { license: "BUSL-1.1" }), list)).toEqual([
      expect.stringMatching(/^zod [\d.]+ \(BUSL-1\.1; brought by zod\) is listed under MIT in .*change the entry/u),
    ]);
  });

  test("two versions of a package have different licenses", () => {
    const found = problemsOf(
      changed("node_modules/@napi-rs/nice/node_modules/zod", { version: "9.0.0", license: "ISC" }, "node_modules/@napi-rs/nice"),
      list,
    );
    expect(found).toEqual([expect.stringContaining("(ISC and MIT; brought by piscina, zod) is listed under MIT")]);
  });

  test("a package that holds the work of others has another version", () => {
    expect(problemsOf(changed("node_modules/mpg123-decoder", { version: "2.0.0" }), list)).toEqual([
      expect.stringMatching(
        /^scripts\/third-party\.json says that mpg123, .* is in mpg123-decoder 1\.0\.3; installed is 2\.0\.0\. Look whether that still is so/u,
      ),
    ]);
  });

  test("the text of a license is gone", () => {
    const found = problemsOf(lock, list, (name) => (name === "yaml" ? ["package.json"] : undefined));
    expect(found).toEqual([expect.stringMatching(/^yaml has no file LICENSE any more/u)]);
  });

  test("a package or a work does not come along any more", () => {
    const longer = {
      ...list,
      packages: [...list.packages, { name: "gone", license: "MIT", text: null }],
      embedded: [...list.embedded, { ...list.embedded[0]!, in: "gone" }],
    };
    expect(problemsOf(lock, longer)).toEqual([
      expect.stringContaining("gone does not come along any more. Remove it"),
      expect.stringContaining("gone, which held mpg123"),
    ]);
  });

  test("nobody has said what a license asks for", () => {
    const { "MPL-2.0": _, ...licenses } = list.licenses;
    expect(problemsOf(lock, { ...list, licenses })).toEqual([
      expect.stringMatching(/does not say what MPL-2\.0 asks for\. Add it to "licenses"/u),
    ]);
  });
});

test("a document without a place for the tables is refused", () => {
  expect(() => withTables("# Licenses", "tables")).toThrow(/has no place for the tables/u);
});
