import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Holds the packages that this one brings along, its dependencies and theirs, against scripts/third-party.json, which says under which license each of
 * them is and what is in it besides; and writes what follows from that into THIRD-PARTY.md and docs/licensing.md.
 *
 *     npm run third-party       after the list was changed, or dependencies were
 *     npm run check             says what is not in order
 */

/** What package-lock.json says of an installed package. */
interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** package-lock.json, as far as it matters. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** A package, or with `*` at the end of its name those of one kind: the same for other machines. */
export interface ListedPackage {
  readonly name: string;
  /** As its package.json declares it. */
  readonly license: string;
  /** Name of the file with the license's text in it; null where there is none. */
  readonly text: string | null;
}

/** Somebody else's work inside of a package, under terms of its own. */
export interface EmbeddedWork {
  readonly in: string;
  /** The version of the package that was looked into. */
  readonly version: string;
  readonly what: string;
  readonly license: string;
  readonly evidence: string;
  readonly source: string;
}

/** scripts/third-party.json. */
export interface ThirdPartyList {
  /** What each license asks of those who pass on copies. */
  readonly licenses: Readonly<Record<string, string>>;
  readonly packages: readonly ListedPackage[];
  readonly embedded: readonly EmbeddedWork[];
}

/** A package that comes along, in whatever versions. */
interface BroughtPackage {
  readonly name: string;
  readonly versions: readonly string[];
  readonly licenses: readonly string[];
  /** Dependencies of ours through which it comes. */
  readonly through: readonly string[];
}

const listName = "scripts/third-party.json";

/** The production packages of a lock, by name. */
export function broughtPackages({ packages }: Lock): readonly BroughtPackage[] {
  const through = new Map<string, Set<string>>();
  const follow = (path: string, direct: string): void => {
    const seen = through.get(path) ?? new Set();
    if (seen.has(direct)) return;
    through.set(path, seen.add(direct));
    const { dependencies, optionalDependencies } = packages[path]!;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const next = resolveFrom(packages, path, name);
      if (next !== undefined) follow(next, direct);
    }
  };
  const { dependencies, optionalDependencies } = packages[""] ?? {};
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) follow(`node_modules/${name}`, name);

  return unique([...through.keys()].map(nameOf)).map((name) => {
    const paths = [...through.keys()].filter((path) => nameOf(path) === name);
    return {
      name,
      versions: unique(paths.map((path) => packages[path]!.version ?? "?")),
      licenses: unique(paths.map((path) => packages[path]!.license ?? "no license")),
      through: unique(paths.flatMap((path) => [...through.get(path)!])),
    };
  });
}

/** What is not in order, each in words that say what to do; empty if all is. */
export function problemsOf(
  lock: Lock,
  list: ThirdPartyList,
  filesOf: (name: string) => readonly string[] | undefined = installedFiles,
): readonly string[] {
  const brought = broughtPackages(lock);
  const problems: string[] = [];
  for (const { name, versions, licenses, through } of brought) {
    const listed = entryOf(list, name);
    const declared = licenses.join(" and ");
    const who = `${name} ${versions.join(", ")} (${declared}; brought by ${through.join(", ")})`;
    if (listed === undefined) {
      const text = filesOf(name)?.find(isLicenseFile) ?? null;
      problems.push(
        `${who} is not in ${listName}. Read its license, and look whether it holds the work of others (WebAssembly, native code, copied sources), which goes under "embedded". ` +
          `Then add ${JSON.stringify({ name, license: declared, text })} to "packages" and run npm run third-party`,
      );
      continue;
    }
    if (declared !== listed.license) {
      problems.push(
        `${who} is listed under ${listed.license} in ${listName}. Read its license, change the entry, and run npm run third-party`,
      );
    }
    const files = filesOf(name);
    if (files !== undefined && listed.text !== null && !files.includes(listed.text)) {
      problems.push(
        `${name} has no file ${listed.text} any more, which ${listName} names as the text of its license. Look where it is now, change the entry, and run npm run third-party`,
      );
    }
    for (const { what, version } of list.embedded.filter((work) => work.in === name)) {
      if (versions.join() !== version) {
        problems.push(
          `${listName} says that ${what} is in ${name} ${version}; installed is ${versions.join(", ")}. Look whether that still is so, and under which license, change "version" there, and run npm run third-party`,
        );
      }
    }
  }
  for (const listed of list.packages) {
    if (!brought.some(({ name }) => entryOf(list, name) === listed))
      problems.push(`${listed.name} does not come along any more. Remove it from "packages" of ${listName}, and run npm run third-party`);
  }
  for (const work of list.embedded) {
    if (!brought.some(({ name }) => name === work.in))
      problems.push(
        `${work.in}, which held ${work.what}, does not come along any more. Remove it from "embedded" of ${listName}, and run npm run third-party`,
      );
  }
  for (const license of unique([...list.packages, ...list.embedded].map((entry) => entry.license))) {
    if (!Object.hasOwn(list.licenses, license))
      problems.push(`${listName} does not say what ${license} asks for. Add it to "licenses", and run npm run third-party`);
  }
  return problems;
}

/** What the packages ask for, as tables in Markdown. */
export function formatThirdParty(lock: Lock, list: ThirdPartyList): string {
  const brought = broughtPackages(lock);
  const throughOf = (entry: ListedPackage): string =>
    unique(brought.filter(({ name }) => entryOf(list, name) === entry).flatMap(({ through }) => through)).join(", ");
  const used = unique([...list.packages, ...list.embedded].map(({ license }) => license)).toSorted();
  return [
    table(
      ["license", "what it asks of whoever passes on copies"],
      used.map((license) => [license, list.licenses[license]!]),
    ),
    "Works of others inside of these packages:",
    table(
      ["work", "inside of", "license", "evidence", "source"],
      list.embedded.map((work) => [work.what, `\`${work.in}\` ${work.version}`, work.license, work.evidence, work.source]),
    ),
    "The packages:",
    table(
      ["package", "license", "evidence", "brought by"],
      list.packages.map((entry) => [
        `\`${entry.name}\``,
        entry.license,
        entry.text === null ? "its package.json only: it holds no text" : `its package.json and \`${entry.text}\``,
        throughOf(entry),
      ]),
    ),
  ].join("\n\n");
}

const introduction = `# What comes along

encodec-tokenizer is under MIT (LICENSE). These are the packages that it is installed with, all machines together, and the terms that they are under. Nothing of
them is in the package itself: npm gets each from its own place, with whatever license file it has. Who passes them on, in a bundle, an image or an executable,
passes on all of this. Whoever uses a queue installs bullmq and ioredis besides, which bring packages under MIT, ISC, Apache-2.0 and 0BSD. Evidence for people who decide, not legal advice. Weights are another matter: docs/licensing.md, and \`encodec-tokenizer notice\`.
`;

/** The contents of THIRD-PARTY.md. */
export function thirdPartyFile(tables: string): string {
  return `${introduction}\n${tables}\n`;
}

const begin = "<!-- written by npm run third-party -->\n\n";
const end = "\n\n<!-- end -->";

/** A document with the tables between its two marks. */
export function withTables(document: string, tables: string): string {
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined)
    throw new Error(`docs/licensing.md has no place for the tables: a line ${begin.trim()} and a line ${end.trim()}`);
  return `${before}${begin}${tables}${end}${after}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function entryOf({ packages }: ThirdPartyList, name: string): ListedPackage | undefined {
  return packages.find((entry) => (entry.name.endsWith("*") ? name.startsWith(entry.name.slice(0, -1)) : name === entry.name));
}

/** Where a package finds another, as Node looks for it. */
function resolveFrom(packages: Lock["packages"], path: string, name: string): string | undefined {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const candidate = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (Object.hasOwn(packages, candidate)) return candidate;
    if (folder === "") return undefined;
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}

function isLicenseFile(name: string): boolean {
  return /^(?:licen[cs]e|copying)/iu.test(name);
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** Names of the files of a package; undefined for one of another machine. */
function installedFiles(name: string): readonly string[] | undefined {
  const folder = join(root, "node_modules", name);
  return existsSync(folder) ? readdirSync(folder) : undefined;
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(root, name), "utf8"));
}

function main(mode: string | undefined): void {
  const lock = readJson("package-lock.json") as Lock;
  const list = readJson(listName) as ThirdPartyList;
  const problems = [...problemsOf(lock, list)];
  const tables = problems.some((problem) => problem.includes("does not say what")) ? undefined : formatThirdParty(lock, list);
  if (tables !== undefined) {
    const documents = {
      "THIRD-PARTY.md": thirdPartyFile(tables),
      "docs/licensing.md": withTables(readFileSync(join(root, "docs/licensing.md"), "utf8"), tables),
    };
    for (const [name, contents] of Object.entries(documents)) {
      const path = join(root, name);
      if (mode === "--write") writeFileSync(path, contents);
      else if (!existsSync(path) || readFileSync(path, "utf8") !== contents)
        problems.push(`${name} is not what ${listName} and package-lock.json say. Run npm run third-party`);
    }
  }
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv[2]);
