import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** Rooms from the bottom up, with the rooms that each may import. */
const rooms: Record<string, readonly string[]> = {
  core: [],
  audio: ["core"],
  checkpoint: ["core"],
  graph: ["checkpoint", "core"],
  storage: ["checkpoint", "core"],
  parquet: ["core"],
  patterns: ["storage", "core"],
  figure: ["patterns", "core"],
  runtime: ["core"],
  files: ["patterns", "storage", "audio", "checkpoint", "core"],
  hub: ["files", "checkpoint", "core"],
  tokenizer: ["hub", "files", "graph", "runtime", "audio", "checkpoint", "core"],
  dataset: ["tokenizer", "hub", "files", "audio", "storage", "parquet", "patterns", "figure", "core"],
  queue: ["dataset", "tokenizer", "core"],
  cli: [".", "queue"],
};
/** Rooms that run in a browser as well: no Node modules, no network, no ONNX Runtime. */
const portable = new Set(["core", "audio", "figure", "checkpoint", "graph", "storage", "parquet", "patterns"]);

/** Loads all rooms, one after the other. */
const entry = "cli/main.ts";

const src = fileURLToPath(new URL("../src", import.meta.url));
const files = listFiles(src);

function listFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), "utf8");
  return Array.from(text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/gmsu), (match) => match[1] ?? match[2]!);
}

test("every folder is a known room", () => {
  const found = new Set(files.map((file) => dirname(file)).filter((folder) => folder !== "."));
  expect([...found].toSorted()).toEqual(Object.keys(rooms).toSorted());
});

test("the command line loads every room before itself, none before those that it looks into", () => {
  const loaded = importsOf(entry).filter((name) => name.startsWith("../")).map((name) => dirname(relative(src, resolve(src, "cli", name))));
  expect(loaded.toSorted()).toEqual(Object.keys(rooms).filter((room) => room !== "cli").toSorted());
  for (const [index, room] of loaded.entries()) expect(loaded.slice(0, index)).toEqual(expect.arrayContaining([...rooms[room]!]));
});

describe.each(files.filter((file) => dirname(file) !== "."))("%s", (file) => {
  const room = dirname(file);

  test("looks only into rooms below its own, and only through their index", () => {
    for (const specifier of importsOf(file).filter((name) => name.startsWith("."))) {
      const target = relative(src, resolve(src, room, specifier));
      if (dirname(target) === room) continue;
      expect(file === entry ? Object.keys(rooms) : rooms[room], `${file} imports ${target}`).toContain(dirname(target));
      expect(target, `${file} imports ${target}`).toMatch(/(?:^|\/)index\.ts$/u);
    }
  });

  test("keeps Node, ONNX Runtime and the console to their rooms", () => {
    const specifiers = importsOf(file);
    if (portable.has(room)) expect(specifiers.filter((name) => name.startsWith("node:"))).toEqual([]);
    if (room !== "runtime") expect(specifiers.filter((name) => name.startsWith("onnxruntime-"))).toEqual([]);
    if (room !== "cli") expect(readFileSync(join(src, file), "utf8")).not.toMatch(/\bconsole\.|process\.(?:exit|argv)\b/u);
  });
});
