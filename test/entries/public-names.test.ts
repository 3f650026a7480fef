import { readFile } from "node:fs/promises";
import { beforeAll, expect, test } from "vitest";
import { sharedFolder } from "../temporary-folder.ts";
import { installPackage } from "../built-package.ts";
import { readPublicFace } from "./public-face.ts";
import type { PublicName } from "./public-face.ts";

/** Entries, with the rooms that each is the home of; the main one is the home of all others. */
const homes: Readonly<Record<string, readonly string[]>> = {
  "./audio": ["audio"],
  "./patterns": ["patterns"],
  "./hub": ["hub", "catalogue"],
  "./dataset": ["dataset"],
  "./queue": ["queue"],
};

interface Exports {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
}

const folder = sharedFolder();
let face: Readonly<Record<string, readonly PublicName[]>>;
const namesOf = (entry: string): readonly string[] => face[entry]!.map(({ name }) => name);
const everyName = (): readonly (PublicName & { readonly entry: string })[] =>
  Object.entries(face).flatMap(([entry, names]) => names.map((each) => ({ entry, ...each })));

beforeAll(async () => {
  await installPackage(folder);
  const { exports } = JSON.parse(await readFile("package.json", "utf8")) as Exports;
  face = await readPublicFace(
    folder,
    Object.fromEntries(Object.entries(exports).flatMap(([entry, file]) => (typeof file === "string" ? [] : [[entry, file.types]]))),
  );
});

/** Whoever reviews a change sees in this file what it does to the public interface. `npx vitest run test/entries --update` writes it anew. */
test("the names of each entry are those of public-names.txt", async () => {
  const lists = Object.entries(face).map(([entry, names]) => {
    const listed = (kind: PublicName["kind"]): string =>
      names
        .filter((each) => each.kind === kind)
        .map(({ name }) => `  ${name}\n`)
        .join("");
    return `${entry === "." ? "encodec-tokenizer" : entry.replace(".", "encodec-tokenizer")}\n values\n${listed("value")} types\n${listed("type")}`;
  });
  await expect(lists.join("\n")).toMatchFileSnapshot("public-names.txt");
});

/** What an entry has of another one's home is checked there, and here where that one does not offer it. */
function isCheckedAt(entry: string, { name, room }: PublicName): boolean {
  const home = Object.keys(homes).find((each) => homes[each]!.includes(room)) ?? ".";
  return entry === home || !namesOf(home).includes(name);
}

test("an entry offers all that its names need", () => {
  const missing = everyName()
    .filter((each) => isCheckedAt(each.entry, each))
    .flatMap(({ entry, name, needs }) => {
      return needs.filter((needed) => !namesOf(entry).includes(needed)).map((needed) => `${entry} has ${name}, and not ${needed}`);
    });
  expect(missing).toEqual([]);
});

test("every name has a doc comment", () => {
  expect(
    everyName()
      .filter(({ isDocumented }) => !isDocumented)
      .map(({ entry, name }) => `${entry} ${name}`),
  ).toEqual([]);
});

test("an optional property may be undefined, so that options can be handed on under exactOptionalPropertyTypes", () => {
  expect(everyName().flatMap(({ name, strictlyOptional }) => strictlyOptional.map((property) => `${name}.${property}`))).toEqual([]);
});
