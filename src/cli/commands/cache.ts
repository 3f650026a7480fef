import type { Command } from "commander";
import { findCheckpoint } from "../../catalogue/index.ts";
import { visibleLine } from "../../core/index.ts";
import { listCache, removeCached, verifyCached } from "../../hub/index.ts";
import type { CachedRepository, VerifiedFile } from "../../hub/index.ts";
import { CommandError, ReportedError, withArguments } from "../shared/failures.ts";
import { formatTable, jsonText } from "../shared/report.ts";
import { tell, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";
import { bytesText, countText } from "../shared/wording.ts";

interface JsonOption {
  readonly json?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer cache                                     what is there
  encodec-tokenizer cache verify                              hash all of it again
  encodec-tokenizer cache remove 24khz                        one model
  encodec-tokenizer cache remove 24khz --revision 1234567…    one commit, branch or tag of it

The cache is the one that Python's huggingface_hub uses: HF_HUB_CACHE, or hub in HF_HOME.
`;

/** Adds `cache`, `cache remove <id>` and `cache verify [id]`. */
export function addCacheCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("cache")
    .summary("list, verify or remove models in the cache")
    .description("Lists the models in the Hugging Face cache that have to do with EnCodec. What others keep there is left alone.")
    .enablePositionalOptions()
    .option("--json", "print it as JSON")
    .addHelpText("after", examples)
    .action((options: JsonOption) => list(options, terminal));
  command
    .command("remove")
    .description("Removes a model from the cache, or one revision of it.")
    .argument("<id>", "a Hugging Face Hub id or an alias")
    .option("--revision <revision>", "only this branch, tag or commit")
    .option("--json", "print it as JSON")
    .action((id: string, options: JsonOption & { readonly revision?: string }) => remove(id, options, terminal));
  command
    .command("verify")
    .description("Hashes cached files again and compares them with what they should be. Nothing is removed.")
    .argument("[id]", "a Hugging Face Hub id or an alias (default: every model in the cache)")
    .option("--json", "print it as JSON")
    .action((id: string | undefined, options: JsonOption) => verify(id, options, terminal));
}

async function list({ json = false }: JsonOption, terminal: Terminal): Promise<void> {
  const repositories = await withArguments(() => listCache());
  await writeOut(terminal, json ? jsonText(repositories) : formatCache(repositories));
}

async function remove(
  name: string,
  { revision, json = false }: JsonOption & { readonly revision?: string },
  terminal: Terminal,
): Promise<void> {
  const cached = await findCached(name);
  const id = cached?.id ?? findCheckpoint(name)?.id ?? name;
  // The cache is shared, so a slip of the pen must not cost somebody a model that is no codec.
  if (cached === undefined && findCheckpoint(id) === undefined) throw notCached(id);
  if (
    cached !== undefined &&
    revision !== undefined &&
    !cached.commits.some(({ commit, refs }) => commit === revision || refs.includes(revision))
  ) {
    const known = cached.commits.map(({ commit, refs }) => [commit, ...refs].join(" "));
    throw new CommandError(`revision ${revision} of ${id} is not in the cache; there is ${known.join(", ")}`);
  }
  const bytes = await withArguments(() => removeCached(id, { revision }));
  if (cached === undefined && bytes === 0) throw notCached(id);
  await writeOut(
    terminal,
    json
      ? jsonText({ id, revision: revision ?? null, bytes })
      : `${visibleLine(`removed ${id}${revision === undefined ? "" : ` at ${revision}`}: ${bytesText(bytes)} freed`)}\n`,
  );
}

async function verify(name: string | undefined, { json = false }: JsonOption, terminal: Terminal): Promise<void> {
  const cached = name === undefined ? await withArguments(() => listCache()) : [await findCached(name)];
  const results: { readonly id: string; readonly files: readonly VerifiedFile[] }[] = [];
  for (const repository of cached) {
    if (repository === undefined) throw notCached(name!);
    results.push({ id: repository.id, files: await verifyCached(repository.id, { signal: terminal.signal }) });
  }
  await writeOut(
    terminal,
    json ? jsonText(results) : results.map(({ id, files }) => `${visibleLine(`${id}: ${verifiedText(files)}`)}\n`).join(""),
  );
  const wrong = results.flatMap((result) =>
    result.files.filter(({ isRight }) => isRight === false).map((file) => ({ ...file, id: result.id })),
  );
  for (const { id, commit, file, expected, actual } of wrong) {
    const found = expected === null ? "is a link that leaves the repository's folder" : `has digest ${actual}, expected ${expected}`;
    tell(
      terminal,
      `encodec-tokenizer: ${file} of ${id} at ${commit} ${found}; remove it with encodec-tokenizer cache remove ${id} and pull again`,
    );
  }
  if (wrong.length > 0) throw new ReportedError();
}

/** Finds a repository by id or alias. */
async function findCached(name: string): Promise<CachedRepository | undefined> {
  const id = findCheckpoint(name)?.id ?? name;
  return (await withArguments(() => listCache())).find((repository) => repository.id.toLowerCase() === id.toLowerCase());
}

function notCached(id: string): CommandError {
  return new CommandError(`${id} is not in the cache; encodec-tokenizer cache lists what is`);
}

function formatCache(repositories: readonly CachedRepository[]): string {
  if (repositories.length === 0) return "no EnCodec models are in the cache; encodec-tokenizer pull <id> downloads one\n";
  const rows = repositories.flatMap(({ id, commits, bytes }) => [
    ...commits.map(({ commit, refs, bytes: size }) => [id, commit, refs.join(", "), bytesText(size)]),
    ...(commits.length === 0 ? [[id, "", "unfinished", bytesText(bytes)]] : []),
  ]);
  const total = repositories.reduce((sum, { bytes }) => sum + bytes, 0);
  const table = formatTable(["model", "commit", "known as", "size"], rows, ["model", "commit", "known as"]);
  return `${table.join("\n")}\n\n${countText(repositories.length, "model")}, ${bytesText(total)} on the disk\n`;
}

function verifiedText(files: readonly VerifiedFile[]): string {
  const count = (isRight: boolean | null): number => files.filter((file) => file.isRight === isRight).length;
  const unknown = count(null);
  return [
    `${countText(count(true), "file")} right`,
    ...(count(false) === 0 ? [] : [`${count(false)} wrong`]),
    ...(unknown === 0 ? [] : [`${unknown} with nothing to compare with`]),
  ].join(", ");
}
