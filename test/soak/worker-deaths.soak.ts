import { beforeAll, describe, test } from "vitest";
import { installPackage } from "../built-package.ts";
import { soakRuns } from "../long-searches.ts";
import { deaths, die, leaveInFlight } from "../runtime/worker-deaths/die.ts";
import { sharedFolder } from "../temporary-folder.ts";

/** A hundred of each, fewer where `SOAK_RUNS` asks for fewer runs than usual. */
const rounds = Math.min(100, Math.ceil(soakRuns / 10_000));

const folder = sharedFolder();
beforeAll(() => installPackage(folder));

describe("worker threads that die while they encode take nobody along", () => {
  test.each(Object.keys(deaths) as (keyof typeof deaths)[])("%s", (death) => die(folder, death, rounds));

  test("an encode in flight when vitest ends its threads", async () => {
    for (let round = 0; round < rounds; round++) await leaveInFlight(folder);
  });
});
