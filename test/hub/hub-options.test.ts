import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openHubRepository } from "../../src/hub/hub.ts";
import { resolveHubOptions } from "../../src/hub/hub-options.ts";
import { pushFiles } from "../../src/hub/push-files.ts";
import { hubErrorOf, hubFixture, tinyFolder, tinyId } from "./hub-fixture.ts";
import { folderRepository, memberToken } from "./hub-server.ts";
import { temporaryFolder } from "../temporary-folder.ts";

test("without options and environment it is the Hub, anonymously, with the cache in the home folder", () => {
  // The token file of the machine that runs the tests must not matter.
  expect(resolveHubOptions({ env: { HF_TOKEN_PATH: "/nonexistent/token" } })).toMatchObject({
    revision: "main",
    token: null,
    endpoint: "https://huggingface.co",
    cacheDir: join(homedir(), ".cache", "huggingface", "hub"),
    offline: false,
  });
});

test("the cache folder is looked for as Python does: HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME", () => {
  const env = { HF_HUB_CACHE: "/a", HUGGINGFACE_HUB_CACHE: "/b", HF_HOME: "/c", XDG_CACHE_HOME: "/d" };
  const cacheDirOf = (changes: Record<string, string | undefined>): string => resolveHubOptions({ env: { ...env, ...changes } }).cacheDir;
  expect(cacheDirOf({})).toBe("/a");
  expect(cacheDirOf({ HF_HUB_CACHE: undefined })).toBe("/b");
  expect(cacheDirOf({ HF_HUB_CACHE: "", HUGGINGFACE_HUB_CACHE: "" })).toBe(join("/c", "hub"));
  expect(cacheDirOf({ HF_HUB_CACHE: "", HUGGINGFACE_HUB_CACHE: "", HF_HOME: "" })).toBe(join("/d", "huggingface", "hub"));
  expect(cacheDirOf({ HF_HUB_CACHE: "~/models" })).toBe(join(homedir(), "models"));
  expect(resolveHubOptions({ env, cacheDir: "/mine" }).cacheDir).toBe("/mine");
});

test.each([
  ["1", true],
  ["true", true],
  ["Yes", true],
  ["on", true],
  ["0", false],
  ["no", false],
  ["", false],
  ["y", false],
])("HF_HUB_OFFLINE=%j is %s, as in Python", (value, isOffline) => {
  expect(resolveHubOptions({ env: { HF_HUB_OFFLINE: value } }).offline).toBe(isOffline);
  expect(resolveHubOptions({ env: { TRANSFORMERS_OFFLINE: value } }).offline).toBe(isOffline);
  expect(resolveHubOptions({ env: { HF_HUB_OFFLINE: value }, offline: !isOffline }).offline).toBe(!isOffline);
});

test("HF_HUB_OFFLINE goes before TRANSFORMERS_OFFLINE", () => {
  expect(resolveHubOptions({ env: { HF_HUB_OFFLINE: "0", TRANSFORMERS_OFFLINE: "1" } }).offline).toBe(false);
  expect(resolveHubOptions({ env: { HF_HUB_OFFLINE: "", TRANSFORMERS_OFFLINE: "1" } }).offline).toBe(true);
});

test("the token comes from the options, then HF_TOKEN, then the token file", async () => {
  const home = await temporaryFolder();
  await writeFile(join(home, "token"), "hf_file\n");
  await writeFile(join(home, "other"), "hf_other");
  const env = { HF_HOME: home };
  expect(resolveHubOptions({ env }).token).toBe("hf_file");
  expect(resolveHubOptions({ env: { ...env, HF_TOKEN_PATH: join(home, "other") } }).token).toBe("hf_other");
  expect(resolveHubOptions({ env: { ...env, HF_TOKEN: "hf_variable" } }).token).toBe("hf_variable");
  expect(resolveHubOptions({ env: { ...env, HF_TOKEN: "hf_variable" }, token: "hf_option" }).token).toBe("hf_option");
  expect(resolveHubOptions({ env, token: null }).token).toBe(null);
});

test("HF_ENDPOINT and HF_TOKEN reach the server that they name, and options go before them", async () => {
  await using hub = await hubFixture({ "org/secret": { ...folderRepository(tinyFolder), isPrivate: true } });
  const env = { HF_ENDPOINT: `${hub.server.endpoint}/`, HF_TOKEN: memberToken, HF_HUB_CACHE: hub.cacheDir };
  expect((await openHubRepository("org/secret", { env })).id).toBe("org/secret");
  const error = await hubErrorOf(openHubRepository("org/secret", { env, token: null, cacheDir: join(hub.cacheDir, "other") }));
  expect(error.code).toBe("HUB_NOT_FOUND");
});

test("HF_HUB_OFFLINE keeps every request from being made", async () => {
  await using hub = await hubFixture();
  const error = await hubErrorOf(openHubRepository(tinyId, { ...hub.options, env: { ...hub.options.env, HF_HUB_OFFLINE: "1" } }));
  expect(error.code).toBe("HUB_OFFLINE");
  expect(hub.server.requests).toEqual([]);
});

test.each(["huggingface.co", "ftp://hub.example", "https://hub.example/?a=b", ""])("%j is no endpoint", (endpoint) => {
  expect(() => resolveHubOptions({ endpoint, env: {} })).toThrow(TypeError);
});

test.each([
  "https://me:hunter2@hub.example",
  "https://hunter2@hub.example/hf",
  "https://me:hun%nter2@hub.example",
  "htp://me:hunter2@hub.example",
  "https://me:hunter2@:99999",
  "me:hunter2",
  "https://hub.example/?token=hunter2",
])("%j is no endpoint, and what may be its password is in no error", (endpoint) => {
  for (const options of [{ endpoint, env: {} }, { env: { HF_ENDPOINT: endpoint } }]) {
    expect(() => resolveHubOptions(options)).toThrow(TypeError);
    expect(() => resolveHubOptions(options)).toThrow(/^(?!.*hun).*endpoint must/u);
  }
});

test("an endpoint may have a % in its path", () => {
  expect(resolveHubOptions({ endpoint: "https://hub.example/%n", env: {} }).endpoint).toBe("https://hub.example/%n");
});

test.each([
  [{ offline: true, env: {} }, "or leave out --offline (offline: true)"],
  [{ env: { HF_HUB_OFFLINE: "1" } }, "or unset HF_HUB_OFFLINE"],
  [{ env: { TRANSFORMERS_OFFLINE: "1" } }, "or unset TRANSFORMERS_OFFLINE"],
  [{ offline: true, env: { HF_HUB_OFFLINE: "1" } }, "or leave out --offline (offline: true) and unset HF_HUB_OFFLINE"],
])("advice on %j is about what was given: %s", async (options, advice) => {
  const env = { ...options.env, HF_HUB_CACHE: "/nonexistent" };
  const { message } = await hubErrorOf(openHubRepository(tinyId, { ...options, env }));
  expect(message).toMatch(/is not asked while offline; load it once with a network, /u);
  expect(message.slice(message.indexOf(" or ") + 1)).toBe(advice);
  const pushed = await hubErrorOf(pushFiles("org/x", [], { ...options, env, token: "hf_x" }));
  expect(pushed.message).toBe(`nothing can be pushed to org/x offline; ${advice.slice("or ".length)}`);
});

test("a token that no header can carry is refused without being shown", () => {
  expect(() => resolveHubOptions({ token: "hf_a\nb", env: {} })).toThrow(TypeError);
  expect(() => resolveHubOptions({ token: "hf_secret x", env: {} })).toThrow(/^(?!.*secret)/u);
});

test("numbers of retries and seconds must not be negative", () => {
  expect(() => resolveHubOptions({ maxRetries: -1, env: {} })).toThrow("maxRetries must be 0 or more; got -1");
  expect(() => resolveHubOptions({ retryDelay: Number.NaN, env: {} })).toThrow(RangeError);
  expect(() => resolveHubOptions({ timeout: -1, env: {} })).toThrow("timeout must be 0 or more; got -1");
  for (const [value, timeout] of [
    ["5", 5],
    ["0", 60],
    ["-1", 60],
    ["soon", 60],
    ["", 60],
  ] as const)
    expect(resolveHubOptions({ env: { HF_HUB_DOWNLOAD_TIMEOUT: value } }).timeout).toBe(timeout);
});
