import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { acquireRunLock, isLockName } from "../../src/dataset/folder/run-lock.ts";
import { wholeShare } from "../../src/dataset/folder/share.ts";
import { resolveInputs } from "../../src/dataset/inputs/resolve-inputs.ts";
import { removeLeftovers } from "../../src/dataset/parts/remove-leftovers.ts";
import { openPlan } from "../../src/dataset/plan/dataset-plan.ts";
import { preparePlan } from "../../src/dataset/plan/prepare-plan.ts";
import { finalNameOf } from "../../src/files/index.ts";
import { builtUrl } from "../built-package.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const numRows = 60_000;
const planned = ["plan.json", "plan/offsets.bin", "plan/rows.jsonl"] as const;

async function contentsOf(folder: string): Promise<readonly string[]> {
  return await Promise.all(planned.map((name) => readFile(join(folder, name), "latin1")));
}

/** Plans; a second argument is the number of steps on the disk after which the process is killed. Says how many steps there were. */
function script(manifest: string): string {
  return `
    import fs from "node:fs/promises";
    import { syncBuiltinESMExports } from "node:module";
    const [folder, last = Infinity] = process.argv.slice(2);
    const handle = await fs.open(${JSON.stringify(manifest)});
    let steps = 0;
    for (const [owner, names] of [[fs, ["link", "mkdir", "rename", "rm", "writeFile"]], [Object.getPrototypeOf(handle), ["sync", "write", "writeFile"]]]) {
      for (const name of names) {
        const step = owner[name];
        owner[name] = function (...args) {
          if (steps++ >= last) process.kill(process.pid, "SIGKILL");
          return step.apply(this, args);
        };
      }
    }
    await handle.close();
    syncBuiltinESMExports();
    const { preparePlan } = await import(${JSON.stringify(builtUrl("dataset/plan/prepare-plan.ts"))});
    const { resolveInputs } = await import(${JSON.stringify(builtUrl("dataset/inputs/resolve-inputs.ts"))});
    await preparePlan({ folder, inputs: await resolveInputs([${JSON.stringify(manifest)}]), settings: {} });
    console.log(steps);`;
}

test("planning that is killed at any moment is begun again and ends with the same bytes", async () => {
  const folder = await temporaryFolder();
  const manifest = join(folder, "m.jsonl");
  await writeFile(
    manifest,
    Array.from({ length: numRows }, (_, i) => `${JSON.stringify({ path: `${i}.wav`, id: i, text: "x".repeat(i % 50) })}\n`).join(""),
  );
  const plan = join(folder, "plan.mjs");
  await writeFile(plan, script(manifest));
  const run = async (...args: readonly string[]): Promise<{ readonly signal: string | null; readonly text: string }> => {
    const child = spawn(process.execPath, [plan, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    const [output] = await Promise.all([child.stdout.toArray(), once(child, "close")]);
    return { signal: child.signalCode, text: output.join("") };
  };
  const numSteps = Number((await run(join(folder, "whole"))).text);
  const whole = await contentsOf(join(folder, "whole"));
  const inputs = await resolveInputs([manifest]);
  let killedHalfway = 0;
  for (let step = 0; step < numSteps; step++) {
    const out = join(folder, `killed-${step}`);
    expect(await run(out, String(step))).toEqual({ signal: "SIGKILL", text: "" });
    const isWhole = await openPlan(out).then(
      () => true,
      () => false,
    );
    if (!isWhole) killedHalfway++;
    await preparePlan({ folder: out, inputs, settings: {} });
    expect(await contentsOf(out), String(step)).toEqual(whole);
    await using _ = await acquireRunLock(out, wholeShare);
    await removeLeftovers(out, wholeShare);
    const names = await readdir(out, { recursive: true });
    expect(names.filter((name) => finalNameOf(name) !== undefined || isLockName(name))).toEqual(["lock-0-of-1.json"]);
  }
  expect(killedHalfway).toBeGreaterThan(2);
});
