import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, vi } from "vitest";
import { hasProc, runtimeProcesses } from "../runtime-processes.ts";

/** How a process lets its worker threads die, and the exit code and output of one that survives that. */
export const deaths = {
  terminated: { code: 0, stdout: "survived, 0 left behind\n" },
  atAnyMoment: { code: 0, stdout: "survived, 0 left behind\n" },
  uncaughtError: { code: 0, stdout: "survived, 0 left behind\n" },
  taskAborted: { code: 0, stdout: "survived, 0 left behind\n" },
  processExit: { code: 3, stdout: "" },
} as const;

const survivor = fileURLToPath(new URL("survivor.js", import.meta.url));

/** Lets worker threads die in this way as often; in each round three at once. @param folder Of the built package. */
export async function die(folder: string, death: keyof typeof deaths, rounds: number): Promise<void> {
  const index = pathToFileURL(join(folder, "dist/index.js")).href;
  // A process can exit but once.
  const processes = death === "processExit" ? rounds : 1;
  for (let count = 0; count < processes; count++) {
    const mark = `TEST_DEATH=${randomUUID()}`;
    const outcome = await run([survivor, death, String(rounds / processes), index], mark);
    expect(outcome).toMatchObject(deaths[death]);
    expect(outcome.stderr).not.toContain("terminate called");
    // What runs the models ends by itself, once it has finished its step.
    if (hasProc) await vi.waitFor(() => expect(runtimeProcesses(mark)).toEqual([]), { timeout: 600_000 });
  }
}

/** Runs a test with an encode in flight in a worker thread of vitest. */
export async function leaveInFlight(folder: string): Promise<void> {
  const project = join(folder, "in-flight");
  await mkdir(project, { recursive: true });
  await writeFile(join(project, "vitest.config.js"), `export default { test: { include: ["*.test.js"] } };`);
  await writeFile(
    join(project, "in-flight.test.js"),
    `import { expect, test } from "vitest";
     import { AudioTokenizer } from "../dist/index.js";
     test("encodes on", async () => {
       const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 1 });
       await new Promise((resolve) => void tokenizer.encode({ sampleRate: 24000, channelData: [new Float32Array(24000 * 300)] }, { onProgress: resolve }).catch(() => {}));
       expect(tokenizer.sampleRate).toBe(24000);
     }, 300000);`,
  );
  const outcome = await run([join(process.cwd(), "node_modules/vitest/vitest.mjs"), "run", "--pool=threads", "--root", project]);
  expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/1 passed/u) });
  expect(outcome.stderr).not.toContain("terminate called");
}

function run(
  args: readonly string[],
  mark = "",
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const [name, value] = mark.split("=");
  const env = { ...process.env, ...(value === undefined ? {} : { [name!]: value }) };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env }, (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }));
  });
}
