import { spawn } from "node:child_process";
import { join } from "node:path";
import { once } from "node:events";
import { access, chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { builtFile } from "../built-package.ts";
import { toneWav } from "../dataset/corpus.ts";
import { temporaryFolder, writeTree } from "../temporary-folder.ts";
import { run } from "./fake-terminal.ts";

const root = new URL("../../", import.meta.url);
const page = await readFile(new URL("docs/scale.md", root), "utf8");
const commands = Array.from(page.matchAll(/```sh\n([^]*?)```/g), (match) => match[1]!.trimEnd().split("\n")).flat();

const home = process.cwd();
afterEach(() => {
  process.chdir(home);
  vi.unstubAllEnvs();
});

const corpus = Object.fromEntries([0, 1, 2].map((i) => [`corpus/${i}.wav`, toneWav(i, 0.3 + 0.1 * i)]));

describe("docs/scale.md", () => {
  test("every command of the tokenizer works as printed", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, corpus);
    process.chdir(folder);
    const own = commands.filter((command) => command.startsWith("encodec-tokenizer ") && !usesQueue(command.split(" ")));
    expect(own.length).toBeGreaterThan(2);
    for (const command of own) {
      const { code, stderr } = await run(command.split(" ").slice(1));
      expect({ command, code, stderr: code === 0 ? "" : stderr }).toEqual({ command, code: 0, stderr: "" });
    }
  });

  test("every option of the queue's commands exists", async () => {
    const queue = commands.map((command) => command.split(" ")).filter((words) => words[0] === "encodec-tokenizer" && usesQueue(words));
    expect(queue.length).toBeGreaterThan(2);
    for (const words of queue) expect(await unknownOptions(words), words.join(" ")).toEqual([]);
  });

  test("every file that it names is there", async () => {
    const links = Array.from(page.matchAll(/\]\((?!http|#)([^)#]+)/g), (match) => match[1]!);
    const operands = commands.flatMap((command) => command.split(" ").filter((word) => /^(?:examples|bench)\//u.test(word)));
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) await access(new URL(link, new URL("docs/", root)));
    for (const path of operands) await access(new URL(path, root));
  });
});

interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly volumeMounts?: readonly { readonly name: string }[];
}

interface Manifest {
  readonly file: string;
  readonly kind: string;
  readonly spec: {
    readonly completions?: number;
    readonly parallelism?: number;
    readonly podFailurePolicy?: { readonly rules: readonly { readonly onExitCodes?: { readonly containerName: string } }[] };
    readonly template?: {
      readonly spec: { readonly containers: readonly Container[]; readonly volumes?: readonly { readonly name: string }[] };
    };
  };
}

const manifests: readonly Manifest[] = await readManifests();
const pods = manifests.flatMap(({ file, spec }) =>
  spec.template === undefined ? [] : [{ file, ...spec.template.spec, policy: spec.podFailurePolicy }],
);

describe("examples/kubernetes", () => {
  test("every command is one that this version has, with the options that it has", async () => {
    const words = pods
      .flatMap(({ file, containers }) => containers.map((container) => ({ file, words: wordsOf(container) })))
      .filter((each) => each.words[0] === "encodec-tokenizer");
    expect(words.length).toBeGreaterThan(3);
    for (const each of words) expect(await unknownOptions(each.words), each.file).toEqual([]);
  });

  test("containers mount volumes that their pod has, and policies name containers that it has", () => {
    for (const { file, containers, volumes = [], policy } of pods) {
      const mounted = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
      expect(volumes.map(({ name }) => name).toSorted(), file).toEqual([...new Set(mounted)].toSorted());
      for (const { onExitCodes } of policy?.rules ?? []) {
        if (onExitCodes !== undefined)
          expect(
            containers.map(({ name }) => name),
            file,
          ).toContain(onExitCodes.containerName);
      }
    }
  });

  test("the pods of the indexed job make one dataset, which the verifying job finds sound", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, corpus);
    const { spec } = manifests.find(({ file }) => file === "indexed-job.yaml")!;
    const words = wordsOf(spec.template!.spec.containers[0]!);
    expect(words).toContain(`auto/${spec.completions}`);
    expect(spec.parallelism).toBe(spec.completions); // no more shares than processes that run at the same time
    expect(page).toContain(`of ${spec.completions} shares`);
    const here: Readonly<Record<string, string>> = { "facebook/encodec_24khz": "tiny", "10000": "1" };
    const local = (word: string): string => here[word] ?? word.replace(/^\/(?=corpus|codes)/u, `${folder}/`);
    for (const index of ["2", "0", "1", "3"]) {
      vi.stubEnv("JOB_COMPLETION_INDEX", index);
      expect(await run(words.slice(1).map(local)), index).toMatchObject({ code: 0 });
    }
    const verify = manifests.find(({ file }) => file === "verify-job.yaml")!.spec.template!.spec.containers[0]!;
    expect(await run(wordsOf(verify).slice(1).map(local))).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("3 clips, all as the index says"),
    });
  });
});

describe("examples/slurm/tokenize.sbatch", () => {
  const script = fileURLToPath(new URL("examples/slurm/tokenize.sbatch", root));

  test("its array has a task for each share", async () => {
    const text = await readFile(script, "utf8");
    const [, last, shares] = /--array=0-(\d+)\n[^]*TASKS:-(\d+)/u.exec(text)!;
    expect(Number(last) + 1).toBe(Number(shares));
    expect(page).toContain(`an array of ${shares} tasks`);
  });

  test("its tasks make one dataset, which the last of them verifies, and can be submitted again", async () => {
    const folder = await temporaryFolder();
    await writeTree(folder, corpus);
    const main = builtFile("cli/main.ts");
    const bin = await executables(join(folder, "bin"), { "encodec-tokenizer": `exec "${process.execPath}" "${main}" "$@"` });
    const task = async (id: string): Promise<{ readonly code: number; readonly log: string }> =>
      runScript([script, join(folder, "corpus"), join(folder, "codes")], bin, {
        SLURM_ARRAY_JOB_ID: "7",
        SLURM_ARRAY_TASK_ID: id,
        TASKS: "2",
        PART_ROWS: "2",
        MODEL: "tiny",
      });
    expect(await task("1")).toMatchObject({ code: 0 });
    expect(await readdir(folder)).not.toContain("codes.verified");
    expect(await task("0")).toMatchObject({ code: 0 });
    expect(await readFile(join(folder, "codes.verified"), "utf8")).toContain("3 clips, all as the index says");
    expect(await task("1")).toMatchObject({ code: 0, log: expect.not.stringContaining("as the index says") });
  });

  test("a task whose time is up ends the tokenizer and goes back into Slurm's queue", async () => {
    const folder = await temporaryFolder();
    const bin = await executables(join(folder, "bin"), {
      "encodec-tokenizer": `trap "exit 143" TERM; touch "${join(folder, "begun")}"; while :; do sleep 0.05; done`,
      scontrol: `echo "$@" > "${join(folder, "requeued")}"`,
    });
    const child = start([script, "corpus", join(folder, "codes")], bin, { SLURM_ARRAY_JOB_ID: "7", SLURM_ARRAY_TASK_ID: "3" });
    const exit = once(child, "exit");
    await vi.waitFor(() => access(join(folder, "begun")), { timeout: 600_000 });
    child.kill("SIGUSR1");
    expect(await exit).toEqual([0, null]);
    expect(await readFile(join(folder, "requeued"), "utf8")).toBe("requeue 7_3\n");
  });

  test("a task that is done but for files that failed ends well", async () => {
    const folder = await temporaryFolder();
    const bin = await executables(join(folder, "bin"), { "encodec-tokenizer": "exit 3" });
    expect(
      await runScript([script, "corpus", join(folder, "codes")], bin, { SLURM_ARRAY_JOB_ID: "7", SLURM_ARRAY_TASK_ID: "3" }),
    ).toMatchObject({ code: 0 });
  });

  test("a task that fails says so by its exit code", async () => {
    const folder = await temporaryFolder();
    const bin = await executables(join(folder, "bin"), { "encodec-tokenizer": "exit 2" });
    expect(
      await runScript([script, "corpus", join(folder, "codes")], bin, { SLURM_ARRAY_JOB_ID: "7", SLURM_ARRAY_TASK_ID: "3" }),
    ).toMatchObject({ code: 2 });
  });
});

function wordsOf({ command = [], args = [] }: Container): readonly string[] {
  const words = [...command, ...args].map(String);
  return words[0] === "tini" ? words.slice(words.indexOf("--") + 1) : words;
}

function usesQueue(words: readonly string[]): boolean {
  return ["enqueue", "worker", "status"].includes(words[2] ?? "");
}

/** Options of a command line that its command's help does not know. */
async function unknownOptions(words: readonly string[]): Promise<readonly string[]> {
  const subcommand = ["verify", "push", "enqueue", "worker", "status"].includes(words[2] ?? "") ? words.slice(1, 3) : words.slice(1, 2);
  const { stdout } = await run([...subcommand, "--help"]);
  const known = new Set(Array.from(stdout.toString().matchAll(/^ +(?:(-\w), )?(--[\w-]+)?/gmu), (match) => match.slice(1)).flat());
  if (!stdout.toString().startsWith(`Usage: encodec-tokenizer ${subcommand.join(" ")} `)) return subcommand;
  return words.filter((word) => /^--?[a-z]/u.test(word) && !known.has(word));
}

async function readManifests(): Promise<readonly Manifest[]> {
  const folder = new URL("examples/kubernetes/", root);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml"));
  const read = await Promise.all(
    files.map(async (file) =>
      parseAllDocuments(await readFile(new URL(file, folder), "utf8"), { strict: true }).map((document) => {
        expect([...document.errors, ...document.warnings], file).toEqual([]);
        return { file, ...(document.toJS() as Omit<Manifest, "file">) };
      }),
    ),
  );
  return read.flat();
}

/** A folder of shell scripts by their names. @returns Its path. */
async function executables(folder: string, scripts: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(folder);
  for (const [name, body] of Object.entries(scripts)) {
    await writeFile(`${folder}/${name}`, `#!/bin/bash\n${body}\n`);
    await chmod(`${folder}/${name}`, 0o755);
  }
  return folder;
}

function start(args: readonly string[], bin: string, environment: Readonly<Record<string, string>>): ReturnType<typeof spawn> {
  return spawn("bash", args, {
    env: { ...process.env, ...environment, PATH: `${bin}:${process.env["PATH"]}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function runScript(...options: Parameters<typeof start>): Promise<{ readonly code: number; readonly log: string }> {
  const child = start(...options);
  const [stdout, stderr, [code]] = await Promise.all([child.stdout!.toArray(), child.stderr!.toArray(), once(child, "close")]);
  return { code: code as number, log: [...stdout, ...stderr].join("") };
}
