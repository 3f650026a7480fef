import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { installPackage } from "../built-package.ts";
import { deaths, die, leaveInFlight } from "./worker-deaths/die.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "encodec-deaths-"));
  await installPackage(folder);
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

// test/soak has a hundred of each.
describe("worker threads that die while they encode take nobody along", () => {
  test.each(Object.keys(deaths) as (keyof typeof deaths)[])("%s", (death) => die(folder, death, 2), 300_000);

  test("an encode in flight when vitest ends its threads", () => leaveInFlight(folder), 300_000);
});
