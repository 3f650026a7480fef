import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CommandError, UsageError } from "../../src/cli/shared/failures.ts";
import { planOutputs, refuseExisting } from "../../src/cli/shared/output-plan.ts";
import { temporaryFolder } from "../temporary-folder.ts";

function outputs(inputs: readonly string[], output?: string): readonly string[] {
  return planOutputs(inputs, { output, ending: ".npz", fileExtensions: [".npz", ".json"] }).map((step) => step.output);
}

describe("outputs", () => {
  test("lie beside their inputs", () => {
    expect(outputs(["a.wav", "music/b.tar.mp3", "./c", "dir.d/.hidden"])).toEqual([
      "a.npz",
      "music/b.tar.npz",
      "c.npz",
      "dir.d/.hidden.npz",
    ]);
  });

  test("go where --output says: one file, or a folder", async () => {
    expect(outputs(["a.wav"], "x.json")).toEqual(["x.json"]);
    expect(outputs(["a.wav"], "folder/")).toEqual(["folder/a.npz"]);
    expect(outputs(["in/a.wav", "in/b.wav"], "folder")).toEqual(["folder/a.npz", "folder/b.npz"]);
    const folder = await temporaryFolder();
    await mkdir(join(folder, "there.d"));
    expect(outputs(["a.wav"], join(folder, "there.d"))).toEqual([join(folder, "there.d/a.npz")]);
  });

  test("are standard output for standard input", () => {
    expect(outputs(["-"])).toEqual(["-"]);
    expect(outputs(["-"], "folder/")).toEqual(["folder/stdin.npz"]);
    expect(outputs(["a.wav"], "-")).toEqual(["-"]);
  });

  test.each([
    [["a.wav", "b.wav"], "-", "a.wav and b.wav would both be written to standard output"],
    [["a.wav", "a.flac"], undefined, "a.wav and a.flac would both be written to a.npz"],
    [["x/a.wav", "y/a.wav"], "z", "x/a.wav and y/a.wav would both be written to z/a.npz"],
    [["a.wav", "a.wav"], undefined, "a.wav and a.wav would both be written to a.npz"],
    [["a.wav", "b.wav"], "codes.npz", "several inputs cannot go into the one file codes.npz"],
    [["a.npz"], undefined, "a.npz would replace the input a.npz"],
    [["a.wav"], "x/../a.wav", "x/../a.wav would replace the input a.wav"],
  ])("of %j to %s are refused", (inputs, output, message) => {
    expect(() => outputs(inputs, output)).toThrow(UsageError);
    expect(() => outputs(inputs, output)).toThrow(message);
  });

  test("that exist are all named, and fine with --force", async () => {
    const folder = await temporaryFolder();
    const [a, b, c] = [join(folder, "a"), join(folder, "b"), join(folder, "c")];
    await writeFile(a, "");
    await writeFile(c, "");
    expect(() => refuseExisting([a, b, c], false)).toThrow(CommandError);
    expect(() => refuseExisting([a, b, c], false)).toThrow(`${a}, ${c} already exist; add --force`);
    expect(() => refuseExisting([a, b, c], true)).not.toThrow();
    expect(() => refuseExisting([b, "-"], undefined)).not.toThrow();
  });
});
