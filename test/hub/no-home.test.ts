import { spawnSync } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { listCache, verifyCached } from "../../src/hub/cache.ts";
import { openHub } from "../../src/hub/hub.ts";
import { resolveHubOptions } from "../../src/hub/hub-options.ts";
import { pushFiles } from "../../src/hub/push-files.ts";
import { hubErrorOf } from "./hub-fixture.ts";
import { builtFile } from "../built-package.ts";

// As for a user of a container whose number no passwd file has.
vi.mock("node:os", async (importOriginal) => ({
  ...(await importOriginal<typeof import("node:os")>()),
  homedir: () => {
    throw Object.assign(new Error("A system error occurred: uv_os_homedir returned ENOENT (no such file or directory)"), {
      code: "ERR_SYSTEM_ERROR",
    });
  },
}));

test.each([{ HF_HUB_CACHE: "/cache" }, { HUGGINGFACE_HUB_CACHE: "/cache" }, { HF_HOME: "/" }, { XDG_CACHE_HOME: "/" }])(
  "without a home folder %j is enough",
  async (env) => {
    const { cacheDir, token } = resolveHubOptions({ env });
    expect(cacheDir).toMatch(/^\/cache$|^\/(?:huggingface\/)?hub$/u);
    expect(token).toBeNull();
    expect(await listCache({ env })).toEqual([]);
  },
);

test("without a home folder, and with nothing else that names one, the cache is asked for by the variable that helps", async () => {
  for (const env of [{}, { HF_HUB_CACHE: "~/models" }, { HF_HOME: "~" }]) {
    for (const call of [
      () => listCache({ env }),
      () => verifyCached("org/codec", { env }),
      async () => openHub({ env, offline: true }).describe("org/codec"),
    ]) {
      expect(await hubErrorOf(call())).toMatchObject({
        code: "HUB_CACHE",
        message: expect.stringMatching(/no home folder[^]*set HF_HUB_CACHE/u),
      });
    }
  }
  expect(resolveHubOptions({ env: {}, cacheDir: "/mine" }).cacheDir).toBe("/mine");
  expect(resolveHubOptions({ env: { HF_TOKEN_PATH: "~/token" } }).token).toBeNull();
});

test("what needs no cache needs no home folder", async () => {
  await expect(pushFiles("user/dataset", [], { env: {} })).rejects.toThrow("a token is needed to push");
});

test.skipIf(process.getuid?.() !== 0 || process.platform !== "linux")("the command says so too, as a user whom nobody knows", async () => {
  const folder = await mkdtemp(join(tmpdir(), "no-home-"));
  try {
    await chown(folder, 54_321, 54_321);
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:HOME|XDG_|HF_|HUGGINGFACE_)/u.test(name)));
    const run = (variables: NodeJS.ProcessEnv) =>
      spawnSync(process.execPath, [builtFile("cli/main.ts"), "cache"], {
        env: { ...env, ...variables, TMPDIR: folder },
        uid: 54_321,
        gid: 54_321,
        encoding: "utf8",
      });
    expect(run({})).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^encodec-tokenizer: there is no home folder[^\n]*HF_HUB_CACHE[^\n]*\n$/u),
    });
    expect(run({ HF_HUB_CACHE: folder })).toMatchObject({
      status: 0,
      stderr: "",
      stdout: expect.stringContaining("no EnCodec models are in the cache"),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
