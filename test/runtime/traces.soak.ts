import { execFile, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { telemetrySwitch } from "../../src/runtime/runtime-process.ts";
import { installPackage } from "../built-package.ts";
import { hubFixture, tinyFolder } from "../hub/hub-fixture.ts";
import { folderRepository } from "../hub/hub-server.ts";
import { describeWithRedis, RedisServer } from "../queue/redis-server.ts";
import { sharedFolder } from "../temporary-folder.ts";

/** What can run the package, and how it is called. Bun and Deno take part where they are installed, or `TEST_RUNTIMES` says `required`. */
const runtimes = [
  { name: "Node", command: [process.execPath] },
  { name: "Bun", command: ["bun"] },
  { name: "Deno", command: ["deno", "run", "--allow-all"] },
].map((runtime) => ({
  ...runtime,
  isThere: process.env["TEST_RUNTIMES"] === "required" || spawnSync(runtime.command[0]!, ["--version"]).status === 0,
}));

const entries = [
  {
    entry: "the command line",
    args: (folder: string) => [
      join(folder, "dist/cli/main.js"),
      "encode",
      join(folder, "speech.wav"),
      "-o",
      "speech.npz",
      "--quiet",
      "--offline",
    ],
    leaves: ["speech.npz"],
  },
  { entry: "the library", args: (folder: string) => [join(folder, "library.js")], leaves: [] },
  { entry: "a worker thread with an environment of its own", args: (folder: string) => [join(folder, "thread.js")], leaves: [] },
  { entry: "a dataset", args: (folder: string) => [join(folder, "dataset.js")], leaves: ["dataset"] },
];

const library = `
  import { AudioTokenizer, readAudio } from "./dist/index.js";
  const tokenizer = await AudioTokenizer.fromPretrained("tiny", { threads: 2 });
  const codes = await tokenizer.encode(await readAudio(new URL("speech.wav", import.meta.url).pathname));
  await tokenizer.decode(codes);
  await tokenizer.dispose();
`;
// Variables that keep the runtimes' own caches away are not ours to test.
const thread = `
  import { Worker, isMainThread } from "node:worker_threads";
  const { ORT_DISABLE_TELEMETRY, ...env } = process.env;
  if (isMainThread) await new Promise((resolve, reject) => new Worker(new URL(import.meta.url), { env }).on("error", reject).on("exit", resolve));
  else { await import("./library.js"); process.exit(); }
`;
const dataset = `
  import { tokenizeDataset } from "./dist/entries/dataset.js";
  for await (const event of tokenizeDataset({ folder: "dataset", inputs: [new URL("speech.wav", import.meta.url).pathname], model: "tiny" })) void event;
`;

const hasTracer = process.platform === "linux" && spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

const folder = sharedFolder();
beforeAll(async () => {
  await installPackage(folder);
  await cp("examples/speech.wav", join(folder, "speech.wav"));
  for (const [name, code] of Object.entries({ library, thread, dataset })) await writeFile(join(folder, `${name}.js`), code);
});

interface Traces {
  readonly code: number;
  readonly stderr: string;
  /** In the home folder, the temporary folder and the working folder. */
  readonly files: readonly string[];
  /** System calls for sockets of the network, where they can be watched. */
  readonly sockets: readonly string[];
}

/** Runs a command with nothing but an empty home and a temporary folder: above all without `CI`, which ONNX Runtime takes as a reason to be silent. */
async function tracesOf(command: readonly string[], variables: Readonly<Record<string, string>> = {}): Promise<Traces> {
  const place = await mkdtemp(join(folder, "run-"));
  const [home, temporary, working, caches] = ["home", "temporary", "working", "caches"].map((name) => join(place, name)) as [
    string,
    string,
    string,
    string,
  ];
  for (const path of [home, temporary, working, caches]) await mkdir(path);
  const env = {
    PATH: `${process.env["PATH"]}:${dirname(process.execPath)}`,
    HOME: home,
    TMPDIR: temporary,
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
    DENO_DIR: caches,
    DENO_NO_UPDATE_CHECK: "1",
    ...variables,
  };
  const log = join(place, "calls");
  const [program, ...args] = hasTracer
    ? ["strace", "-f", "-qq", "-e", "trace=socket,connect", "-e", "signal=none", "-o", log, ...command]
    : command;
  const outcome = await new Promise<Pick<Traces, "code" | "stderr">>((resolve) => {
    execFile(program!, args, { env, cwd: working }, (error, _, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stderr }),
    );
  });
  const files = (await Promise.all([home, temporary, working].map((path) => readdir(path)))).flat();
  const calls = hasTracer ? (await readFile(log, "utf8")).split("\n") : [];
  return { ...outcome, files, sockets: calls.filter((call) => /\bsocket\(AF_INET|connect\(/u.test(call)) };
}

describe.each(runtimes)("$name", ({ command, isThere }) => {
  describe.runIf(isThere).each(entries)("running $entry", ({ args, leaves }) => {
    let traces: Traces;
    beforeAll(async () => {
      traces = await tracesOf([...command, ...args(folder)]);
    });

    test("does its work", () => expect(traces).toMatchObject({ code: 0, stderr: "" }));

    test("leaves no file but those it was asked for", () => expect(traces.files).toEqual(leaves));

    test.runIf(hasTracer)("opens no socket", () => expect(traces.sockets).toEqual([]));
  });

  const cli = (): string[] => [...command, join(folder, "dist/cli/main.js")];

  test.runIf(isThere)(
    "a model of the Hub is asked of the endpoint and the storage it refers to, and is left in the cache alone",
    async () => {
      await using hub = await hubFixture({ "org/codec": folderRepository(tinyFolder) });
      const cache = await mkdtemp(join(folder, "cache-"));
      const traces = await tracesOf([...cli(), "encode", join(folder, "speech.wav"), "-m", "org/codec", "-o", "speech.npz", "--quiet"], {
        HF_ENDPOINT: hub.server.endpoint,
        HF_HUB_CACHE: cache,
      });
      expect(traces).toMatchObject({ code: 0, stderr: "", files: ["speech.npz"] });
      expect(connectionsBeside([hub.server.endpoint, hub.server.storage], traces)).toEqual([]);
    },
  );

  describe.runIf(isThere)("beside a queue", () => {
    describeWithRedis("of datasets", () => {
      test("a worker talks to its Redis alone, and leaves nothing but the dataset", async () => {
        await using redis = await RedisServer.start();
        const out = join(await mkdtemp(join(folder, "queued-")), "out");
        for (const args of [
          ["enqueue", join(folder, "speech.wav"), "-o", out],
          ["worker", "-o", out],
        ]) {
          const traces = await tracesOf([...cli(), "tokenize", ...args, "--redis", redis.url]);
          expect(traces).toMatchObject({ code: 0, files: [] });
          expect(connectionsBeside([redis.url], traces)).toEqual([]);
        }
        expect(await readdir(out)).toContain("dataset.json");
      });
    });
  });
});

/** Connections to anything but these addresses of this machine; one at least has to be there, so that it is known to be looked for. */
function connectionsBeside(addresses: readonly string[], { sockets }: Traces): string[] {
  const connections = sockets.filter((call) => call.includes("connect("));
  if (hasTracer) expect(connections).not.toEqual([]);
  const admitted = addresses.map((address) => `sin_port=htons(${new URL(address).port}), sin_addr=inet_addr("127.0.0.1")`);
  return connections.filter((call) => !admitted.some((one) => call.includes(one)));
}

test.each([
  [undefined, "1"],
  ["", "1"],
  ["1", "1"],
  ["true", "1"],
  ["2", "1"], // ONNX Runtime would report
  ["disabled", "1"],
  ["0", "0"],
  ["false", "false"],
  [" Off ", " Off "],
])("reports are switched off unless the user has switched them on: %j gives %j", (asked, given) => {
  expect(telemetrySwitch(asked)).toBe(given);
});
