import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { readDatasetInfo, verifyDataset } from "../../dataset/index.ts";
import type { Finding, VerifyOptions } from "../../dataset/index.ts";
import { startDownload } from "../shared/download-progress.ts";
import { CommandError, ReportedError, UsageError, withArguments } from "../shared/failures.ts";
import { parseCount, parseThreads, policyOf } from "../shared/option-values.ts";
import { datasetPath } from "../shared/paths.ts";
import { jsonText } from "../shared/report.ts";
import { addModelOptions, modelSources } from "../shared/shared-options.ts";
import type { ModelCommandOptions } from "../shared/shared-options.ts";
import { say, tell, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";
import { countText } from "../shared/wording.ts";
import { startWork } from "../shared/work-progress.ts";

/** Findings that are told one by one. */
const shownFindings = 20;

type Reencode = NonNullable<VerifyOptions["reencode"]>;

interface VerifyCommandOptions extends ModelCommandOptions {
  readonly sample?: Reencode["sample"];
  readonly root?: readonly string[];
  readonly model?: string;
  readonly threads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer verify codes                          every shard against the index
  encodec-tokenizer verify codes --sample 20              and 20 clips encoded again
  encodec-tokenizer verify codes --sample 20 --root /new/corpus   … of a corpus that moved
  encodec-tokenizer verify codes --sample 1% -m 24khz     a share of them, with a model that is named
`;

/** Adds `verify <folder>`: reads a finished dataset against its index. */
export function addVerifyCommand(program: Command, terminal: Terminal): void {
  const verifying = program
    .command("verify")
    .summary("read a finished dataset against its index")
    .description(
      "Reads every shard of a finished dataset again: digests, shapes, ranges of codes, counts, and files that do not belong there. With --sample, some clips are encoded again from their audio, and the codes compared.",
    )
    .argument("<folder>", "the dataset", datasetPath)
    .addOption(new Option("--sample <clips>", "encode so many clips again, or a share of them: 20, 1%").argParser(parseSample))
    .addOption(
      new Option(
        "--root <folder>",
        "where the audio is now: the folder for all inputs, or repeated, one for each of them in their order (default: where it was)",
      ).argParser((folder: string, before: readonly string[] = []) => [...before, folder]),
    )
    .option("-m, --model <source>", `${modelSources} (default: the one that the dataset names, if it is catalogued or cached)`);
  addModelOptions(verifying);
  verifying
    .addOption(new Option("--threads <count>", "CPU threads; 0 means one per core (default: 0)").argParser(parseThreads))
    .option("-q, --quiet", "print nothing but what is wrong")
    .option("--json", "print what is wrong as JSON")
    .addHelpText("after", examples)
    .action((folder: string, options: VerifyCommandOptions) => verify(folder, options, terminal));
}

async function verify(folder: string, options: VerifyCommandOptions, terminal: Terminal): Promise<void> {
  checkOptions(options);
  const { counts, shards } = await readDatasetInfo(folder);
  const { findings, reencoded } = await findingsOf(folder, options, terminal);
  if (options.json) await writeOut(terminal, jsonText({ folder, findings, ...(options.sample === undefined ? {} : { reencoded }) }));
  const missing = findings.filter(({ kind }) => kind === "source");
  if (missing.length > 0) tell(terminal, `${countText(missing.length, "clip")} could not be encoded again; ${findingText(missing[0]!)}`);
  const wrong = findings.length - missing.length;
  if (wrong > 0) {
    tell(terminal, `encodec-tokenizer: ${folder} is not as its index says: ${countText(wrong, "finding")}`);
    throw new ReportedError();
  }
  const compared = reencoded - missing.length;
  const sound = `${folder}: ${countText(shards.length, "shard")} with ${countText(counts.clips, "clip")}, all as the index says`;
  const again = [
    ...(compared > 0 ? [`${countText(compared, "clip")} encoded again to the same codes`] : []),
    ...(options.sample !== undefined && reencoded === 0 ? ["no clip is in the sample, so none was encoded again"] : []),
  ];
  say(terminal, options, [sound, ...again].join("; "));
  if (missing.length > 0 && compared === 0)
    throw new CommandError(
      `no clip of the sample could be compared; verify ${folder} where its audio is, or say where that is now (--root)`,
    );
}

/** What is wrong, told as it is found; clips whose audio is gone are counted instead. */
async function findingsOf(
  folder: string,
  options: VerifyCommandOptions,
  terminal: Terminal,
): Promise<{ readonly findings: readonly Finding[]; readonly reencoded: number }> {
  using work = startWork(terminal, options.quiet);
  using download = startDownload(terminal, options.model ?? "the model", options.quiet);
  const findings: Finding[] = [];
  let wrong = 0;
  let reencoded = 0;
  await withArguments(async () => {
    for await (const finding of verifyDataset(folder, {
      reencode: reencodeOf(options, download.show),
      signal: terminal.signal,
      onProgress({ done, total, reencoded: clips }) {
        download[Symbol.dispose](); // one bar at a time
        reencoded = clips;
        work.show(
          done,
          total,
          `${done.toLocaleString("en")} of ${total.toLocaleString("en")} clips read${clips === 0 ? "" : `, ${clips.toLocaleString("en")} encoded again`}`,
        );
      },
    })) {
      findings.push(finding);
      if (finding.kind === "source") continue;
      if (++wrong <= shownFindings) work.note(findingText(finding));
      if (wrong === shownFindings) work.note("further findings are counted; --json lists them all");
    }
  });
  return { findings, reencoded };
}

function reencodeOf(
  { sample, root, model, revision, exact, offline, license, threads = 0 }: VerifyCommandOptions,
  onProgress: NonNullable<NonNullable<Reencode["load"]>["onProgress"]>,
): Reencode | undefined {
  if (sample === undefined) return undefined;
  const named = { ...(revision === undefined ? {} : { revision }), ...(exact === undefined ? {} : { exact }) };
  return { sample, roots: root, model, load: { ...named, offline, licensePolicy: policyOf(license), threads, onProgress } };
}

function checkOptions({ sample, root, model, revision, exact, offline, license, threads }: VerifyCommandOptions): void {
  const ofModel = Object.entries({ root, model, revision, exact, offline, license, threads }).find(([, value]) => value !== undefined);
  if (sample === undefined && ofModel !== undefined) throw new UsageError(`--${ofModel[0]} is about encoding again; add --sample`);
}

/** A number of clips, or a fraction of them in percent. */
function parseSample(text: string): Reencode["sample"] {
  if (!text.endsWith("%")) return { clips: parseCount(text) };
  const percent = Number(text.slice(0, -1));
  if (!/^\d*\.?\d+%$/u.test(text) || !(percent > 0 && percent <= 100))
    throw new InvalidArgumentError("It must be a number of clips, or a share such as 1%, up to 100%.");
  return { share: percent / 100 };
}

function findingText({ kind, file, key, message }: Finding): string {
  return `${file}${key === undefined ? "" : ` (${key})`}: ${kind}: ${message}`;
}
