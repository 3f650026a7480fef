import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** Rooms from the bottom up, with the rooms that each may import. */
const rooms: Record<string, readonly string[]> = {
  async: [],
  core: [],
  audio: ["core"],
  checkpoint: ["core"],
  graph: ["checkpoint", "core"],
  storage: ["checkpoint", "core"],
  parquet: ["core"],
  patterns: ["storage", "core"],
  figure: ["patterns", "core"],
  catalogue: ["core"],
  runtime: ["core"],
  files: ["patterns", "storage", "audio", "checkpoint", "core", "async"],
  hub: ["catalogue", "files", "checkpoint", "core"],
  tokenizer: ["hub", "catalogue", "files", "graph", "runtime", "audio", "checkpoint", "core", "async"],
  dataset: ["tokenizer", "hub", "catalogue", "files", "audio", "storage", "parquet", "patterns", "figure", "core", "async"],
  queue: ["dataset", "tokenizer", "core", "async"],
  entries: ["queue", "dataset", "tokenizer", "hub", "catalogue", "files", "audio", "storage", "patterns", "figure", "checkpoint", "core"],
  cli: ["queue", "dataset", "tokenizer", "hub", "catalogue", "files", "audio", "storage", "patterns", "figure", "core", "async"],
};
/**
 * Wings of the large rooms from the bottom up; a file imports files of its own wing and of those below it. "." is what lies in the
 * room itself, above its wings; a file that lies there and belongs further down has a floor of its own.
 */
const wings: Record<string, readonly string[]> = {
  audio: ["reading", "conversion", "pcm", "flac", "mpeg", "ogg", "media", "."],
  checkpoint: ["tensors", "config", "torch", "."],
  patterns: ["grid", "layout", "models", "sequence", "vocabulary", "token-stream", "musicgen", "magnet", "bark", "valle"],
  tokenizer: ["call-options.ts", "network", "clips", "streams", "model", "."],
  dataset: ["folder", "inputs", "decoding", "records", "plan", "encoding", "formats", "parts", "report", "verify", "."],
  cli: ["shared", "reports", "commands", "commands/patterns", "commands/tokenize", "."],
};
/** Rooms that run in a browser as well: no Node modules, no network, no ONNX Runtime. */
const portable = new Set(["async", "core", "audio", "figure", "checkpoint", "graph", "storage", "parquet", "patterns"]);

/** What the package offers by audience. The main one lies in no room. */
const publicEntries = ["index.ts", ...["audio", "patterns", "hub", "dataset", "queue"].map((name) => `entries/${name}.ts`)];
/** The entries that a browser can load. */
const portableEntries = ["entries/audio.ts", "entries/patterns.ts"];

/** Loads all rooms, one after the other. */
const entry = "cli/main.ts";

const src = fileURLToPath(new URL("../src", import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const filesOfRooms = files.filter((file) => dirname(file) !== ".");

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), "utf8");
  return Array.from(text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)/gmsu), (match) => match[1] ?? match[2]!);
}

/** The files of `src` that a file imports, types included. */
function targetsOf(file: string): string[] {
  return importsOf(file)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) => relative(src, resolve(src, dirname(file), specifier)));
}

const roomOf = (file: string): string => (dirname(file) === "." ? "." : file.split("/")[0]!);

/** The floor of a file among the wings of its room, counted from below; -1 where the room has no such wing. A room's index is above all. */
function floorOf(file: string): number {
  const room = roomOf(file);
  if (file === `${room}/index.ts`) return Infinity;
  const floors = wings[room] ?? ["."];
  const alone = floors.indexOf(relative(room, file));
  return alone >= 0 ? alone : floors.indexOf(relative(room, dirname(file)) || ".");
}

/** Files that import each other, each once around; none where there is none. */
function findCircle(): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const target of targetsOf(file)) {
      const circle = visit(target);
      if (circle.length > 0) return circle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of files) {
    const circle = visit(file);
    if (circle.length > 0) return circle;
  }
  return [];
}

test("every folder is a known room or a known wing", () => {
  expect([...new Set(filesOfRooms.map(roomOf))].toSorted()).toEqual(Object.keys(rooms).toSorted());
  expect(filesOfRooms.filter((file) => floorOf(file) < 0)).toEqual([]);
});

test("the command line loads every room before itself, none before those that it looks into", () => {
  const loaded = targetsOf(entry)
    .map(roomOf)
    .filter((room) => room !== "cli");
  expect(loaded.toSorted()).toEqual(
    Object.keys(rooms)
      .filter((room) => room !== "cli" && room !== "entries")
      .toSorted(),
  );
  for (const [index, room] of loaded.entries()) expect(loaded.slice(0, index)).toEqual(expect.arrayContaining([...rooms[room]!]));
});

test("every wing that is named has files", () => {
  const empty = Object.entries(wings).flatMap(([room, floors]) =>
    floors
      .filter((_, floor) => !filesOfRooms.some((file) => roomOf(file) === room && floorOf(file) === floor))
      .map((wing) => `${room}/${wing}`),
  );
  expect(empty).toEqual([]);
});

test("no files import each other in a circle", () => {
  expect(findCircle()).toEqual([]);
});

test("a thread that decodes loads audio, and nothing else that takes long to start", () => {
  const loaded = new Set<string>();
  const visit = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    // A type loads nothing.
    const text = readFileSync(join(src, file), "utf8");
    const values = Array.from(text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s+"(\.[^"]+)"/gmsu), (match) => match[1]!);
    for (const value of values) visit(relative(src, resolve(src, dirname(file), value)));
  };
  visit("dataset/decoding/decode-row.ts");
  expect([...new Set([...loaded].map(roomOf))].toSorted()).toEqual(["audio", "core", "dataset"]);
});

test("members are private by their #name, and constants are in camelCase", () => {
  const root = resolve(src, "..");
  const otherwise = /^ *(?:private (?!constructor\b)|protected (?!override\b)|(?:export )?const [A-Z][A-Z0-9_]+\b).*/gmu;
  for (const folder of ["src", "test", "bench", "examples", "scripts"]) {
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts") || file.includes("node_modules")) continue;
      expect(readFileSync(join(root, folder, file), "utf8").match(otherwise), `${folder}/${file}`).toBeNull();
    }
  }
});

test("an entry lists names of rooms, and is nothing else", () => {
  expect(files.filter((file) => roomOf(file) === "." || roomOf(file) === "entries").toSorted()).toEqual(publicEntries.toSorted());
  for (const file of publicEntries) {
    const statements = readFileSync(join(src, file), "utf8")
      .replace(/\/\*.*?\*\//gsu, "")
      .split(";")
      .map((text) => text.trim());
    expect(statements.pop()).toBe("");
    for (const statement of statements) expect(statement).toMatch(/^export (?:type )?\{[^}]*\} from "\.\.?\/[a-z]+\/index\.ts"$/u);
  }
});

test("what a browser loads by an entry are portable rooms", () => {
  for (const file of portableEntries)
    expect(
      targetsOf(file)
        .map(roomOf)
        .filter((room) => !portable.has(room)),
    ).toEqual([]);
});

test("doc comments begin with what they speak of, not with a preposition", () => {
  const headless = /\/\*\* (?:As|At|By|From|In|Of|Per|To|With|Within|Without) .*/gu;
  for (const file of files) expect(readFileSync(join(src, file), "utf8").match(headless), file).toBeNull();
});

describe.each(filesOfRooms)("%s", (file) => {
  const room = roomOf(file);

  test("looks only into rooms below its own, and only through their index", () => {
    for (const target of targetsOf(file)) {
      if (roomOf(target) === room) continue;
      expect(file === entry ? Object.keys(rooms) : rooms[room], `${file} imports ${target}`).toContain(roomOf(target));
      expect(target, `${file} imports ${target}`).toMatch(/^(?:[\w-]+\/)?index\.ts$/u);
    }
  });

  test("looks only into wings below its own", () => {
    const above = targetsOf(file).filter((target) => roomOf(target) === room && floorOf(target) > floorOf(file));
    expect(above).toEqual([]);
  });

  test("keeps Node, ONNX Runtime and the console to their rooms", () => {
    const specifiers = importsOf(file);
    if (portable.has(room)) expect(specifiers.filter((name) => name.startsWith("node:"))).toEqual([]);
    if (room !== "runtime") expect(specifiers.filter((name) => name.startsWith("onnxruntime-"))).toEqual([]);
    if (room !== "cli") expect(readFileSync(join(src, file), "utf8")).not.toMatch(/\bconsole\.|process\.(?:exit|argv)\b/u);
  });
});
