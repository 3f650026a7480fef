import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { removeLeftoverFiles, temporaryBeside } from "../../src/files/temporary-name.ts";
import { writeFileAtomically } from "../../src/files/write-file.ts";
import { builtUrl } from "../built-package.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "temporary-name-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A process that has begun to write a file, and waits. */
async function writer(name: string): Promise<ChildProcess> {
  const script = `
    import { createReplacement } from ${JSON.stringify(builtUrl("files/write-file.ts"))};
    const file = await createReplacement(${JSON.stringify(join(folder, name))});
    await file.write(new Uint8Array(1000));
    console.log("begun");
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

describe.skipIf(process.platform !== "linux")("what killed processes leave", () => {
  test("goes with the next look, and not before its process has", async () => {
    const child = await writer("speech.npz");
    const [temporary] = await readdir(folder);
    expect(temporary).toMatch(/^\.speech\.npz\..*\.tmp$/u);
    expect(await removeLeftoverFiles(folder)).toEqual([]);
    child.kill("SIGKILL");
    await once(child, "close");
    await writeFile(join(folder, "speech.npz"), "another's");
    expect(await removeLeftoverFiles(folder)).toEqual([temporary]);
    expect(await readdir(folder)).toEqual(["speech.npz"]);
    expect(await removeLeftoverFiles(folder)).toEqual([]);
  });

  test("is told by number and start of its process, which another one may have the number of by now", async () => {
    const mine = temporaryBeside(join(folder, "a.wav"));
    const [, start] = new RegExp(`-${process.pid}-(\\d+)\\.`, "u").exec(mine)!;
    const before = mine.replace(`-${process.pid}-${start}.`, `-${process.pid}-${Number(start) - 1}.`);
    for (const path of [mine, before]) await writeFile(path, "");
    expect(await removeLeftoverFiles(folder)).toEqual([basename(before)]);
    expect(await readdir(folder)).toEqual([basename(mine)]);
  });

  test("and nothing else", async () => {
    const mine = basename(temporaryBeside(join(folder, "a.wav")));
    const gone = mine.replace(/-\d+-\d+\./u, `-${2 ** 22 + 1}-1.`); // there are no such numbers
    const [, namespace, uuid] = /\.(?<namespace>[0-9a-f]{16})-.*\.(?<uuid>[0-9a-f-]{36})\.tmp$/u.exec(gone)!;
    const others = [
      gone.replace(namespace!, "0123456789abcdef"), // of another machine or container, or of the time before a restart
      gone.replace(/\.[0-9a-f]{16}-\d+-\d+/u, ""), // says nothing of its process
      gone.replace(uuid!, "backup"),
      gone.slice(1),
      gone.slice(0, -".tmp".length),
      `${gone}.bak`,
      ".a.wav.tmp",
      "notes.tmp",
      "a.wav",
    ];
    for (const name of others) await writeFile(join(folder, name), "");
    const {
      0: asFolder,
      1: asLink,
      2: asTarget,
      3: asAnothers,
    } = ["folder", "link", "target", "anothers"].map((name) => gone.replace("a.wav", name)) as [string, string, string, string];
    await mkdir(join(folder, asFolder));
    await symlink(join(folder, "a.wav"), join(folder, asLink));
    await mkdir(join(folder, "below"));
    await writeFile(join(folder, "below", asTarget), "");
    if (process.getuid?.() === 0) {
      await writeFile(join(folder, asAnothers), "");
      await chown(join(folder, asAnothers), 54_321, 54_321);
    }
    const names = await readdir(folder, { recursive: true });
    await writeFile(join(folder, gone), "");
    expect(await removeLeftoverFiles(folder)).toEqual([gone]);
    expect(await readdir(folder, { recursive: true })).toEqual(names);
  });
});

test("a folder that is not there has nothing left", async () => {
  expect(await removeLeftoverFiles(join(folder, "none"))).toEqual([]);
});

test("every name that a file may have has a temporary one", async () => {
  for (const name of ["本".repeat(85), "x".repeat(255), "𝄞".repeat(63), `a\n${"é".repeat(120)}`]) {
    expect(Buffer.byteLength(basename(temporaryBeside(join(folder, name))))).toBeLessThanOrEqual(255);
    await writeFileAtomically(join(folder, name), Uint8Array.of(1));
    expect((await lstat(join(folder, name))).size).toBe(1);
  }
  expect(await readdir(folder)).toHaveLength(4);
});
