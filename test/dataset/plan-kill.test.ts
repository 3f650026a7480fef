import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveInputs } from "../../src/dataset/inputs/resolve-inputs.ts";
import { removeLeftovers } from "../../src/dataset/parts/remove-leftovers.ts";
import { openPlan } from "../../src/dataset/plan/dataset-plan.ts";
import { preparePlan } from "../../src/dataset/plan/prepare-plan.ts";
import { finalNameOf } from "../../src/files/index.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const planned = ["plan.json", "plan/offsets.bin", "plan/rows.jsonl"] as const;

async function contentsOf(folder: string): Promise<readonly string[]> {
  return await Promise.all(planned.map((name) => readFile(join(folder, name), "latin1")));
}

function moduleName(file: string): string {
  return JSON.stringify(join(process.cwd(), "src/dataset", file));
}

test("planning that is killed at any moment is begun again and ends with the same bytes", { timeout: 300_000 }, async () => {
  const folder = await temporaryFolder();
  const manifest = join(folder, "m.jsonl");
  await writeFile(
    manifest,
    Array.from({ length: 60_000 }, (_, i) => `${JSON.stringify({ path: `${i}.wav`, id: i, text: "x".repeat(i % 50) })}\n`).join(""),
  );
  const inputs = await resolveInputs([manifest]);
  await preparePlan({ folder: join(folder, "whole"), inputs, settings: {} });
  const whole = await contentsOf(join(folder, "whole"));
  const script = join(folder, "plan.mts");
  await writeFile(
    script,
    `import { preparePlan } from ${moduleName("plan/prepare-plan.ts")};
     import { resolveInputs } from ${moduleName("inputs/resolve-inputs.ts")};
     console.log("begin");
     await preparePlan({ folder: process.argv[2], inputs: await resolveInputs([${JSON.stringify(manifest)}]), settings: {} });`,
  );
  let killedHalfway = 0;
  for (const delay of [0, 40, 80, 120, 160, 240, 320]) {
    const out = join(folder, `killed-${delay}`);
    const child = spawn(process.execPath, ["--import", "tsx", script, out], { stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(child, "exit");
    await once(child.stdout, "data");
    setTimeout(() => child.kill("SIGKILL"), delay);
    await exit;
    const isWhole = await openPlan(out).then(
      () => true,
      () => false,
    );
    if (!isWhole) killedHalfway++;
    await preparePlan({ folder: out, inputs, settings: {} });
    expect(await contentsOf(out)).toEqual(whole);
    await removeLeftovers(out, { index: 0, count: 1 });
    const names = await readdir(out, { recursive: true });
    expect(names.filter((name) => finalNameOf(name) !== undefined || name.startsWith("lock"))).toEqual([]);
  }
  expect(killedHalfway).toBeGreaterThan(0);
});
