import { readFile } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { loadBullMq } from "../../src/queue/load-bullmq.ts";
import { QueueError } from "../../src/queue/queue-error.ts";

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

test("where bullmq cannot be loaded, the error says which versions to install: those of the optional peers", async () => {
  vi.doMock("bullmq", () => {
    throw new Error("Cannot find package 'bullmq'");
  });
  const error = await loadBullMq().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(QueueError);
  const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(await readFile("package.json", "utf8")) as Manifest;
  const packages = Object.entries(peerDependencies).map(([name, range]) => `${name}@${/\d+/u.exec(range)![0]}`);
  expect((error as QueueError).code).toBe("QUEUE_NOT_INSTALLED");
  expect((error as QueueError).message).toContain(`npm install ${packages.join(" ")}`);
  for (const name of Object.keys(peerDependencies)) {
    expect(peerDependenciesMeta[name]).toEqual({ optional: true });
    expect(dependencies).not.toHaveProperty(name);
  }
});
