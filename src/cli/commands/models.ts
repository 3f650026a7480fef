import { Option } from "commander";
import type { Command } from "commander";
import { catalogue, checkLicense, findCheckpoint, selectCheckpoint } from "../../catalogue/index.ts";
import type { CheckpointCriteria, LicensePolicy, Selection } from "../../catalogue/index.ts";
import type { LicenseClass } from "../../core/index.ts";
import { formatCheckpoint, formatModels, formatSelection, nothingPassesText, selectionForPrograms } from "../reports/models-report.ts";
import { ReportedError, UsageError } from "../shared/failures.ts";
import { parseAmount, parseCount, parseLicenseClasses, parsePolicy } from "../shared/option-values.ts";
import { jsonText } from "../shared/report.ts";
import { tell, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";

interface FilterOptions extends Omit<CheckpointCriteria, "licensePolicy"> {
  readonly license?: LicensePolicy;
  readonly commercial?: boolean;
  readonly licenseClass?: readonly LicenseClass[];
}

interface JsonOption {
  readonly json?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer models                                     every checkpoint that is known
  encodec-tokenizer models --commercial --sample-rate 24000    those that fit, best first, and why not the others
  encodec-tokenizer models --used-by musicgen --json           the same for programs
  encodec-tokenizer models show 24khz                          one of them, with the evidence for its license
`;

/** Adds `models`, the catalogue, and `models show <id>`, one checkpoint of it. */
export function addModelsCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("models")
    .summary("list the checkpoints that are known, or those that fit")
    .description(
      "Lists the catalogue of EnCodec checkpoints with their licenses. With filters: those that pass, the best first, and why not the others.",
    )
    .enablePositionalOptions()
    .addOption(new Option("--sample-rate <hertz>", "exactly this sampling rate").argParser(parseCount))
    .addOption(new Option("--channels <count>", "this many channels").argParser(parseCount))
    .addOption(new Option("--min-bandwidth <kbps>", "reaches at least this bandwidth").argParser(parseAmount))
    .addOption(new Option("--max-frame-rate <rate>", "has at most so many frames per second").argParser(parseAmount))
    .option("--used-by <model>", "a language model that reads its codes, such as musicgen")
    .addOption(new Option("--license <policy>", "a license policy: any, permissive, commercial, research, or rules").argParser(parsePolicy))
    .addOption(new Option("--commercial", "the same as --license commercial").conflicts("license"))
    .addOption(
      new Option("--license-class <class>", "has a license of this class, or one of several by commas").argParser(parseLicenseClasses),
    )
    .option("--json", "print it as JSON")
    .addHelpText("after", examples)
    .action((options: FilterOptions & JsonOption) => listModels(options, terminal));
  command
    .command("show")
    .description("Prints everything that is known about a checkpoint: files, codec, license, and the evidence for it.")
    .argument("<id>", "an id or alias that encodec-tokenizer models lists")
    .option("--json", "print it as JSON")
    .action((id: string, options: JsonOption) => showModel(id, options, terminal));
}

async function listModels({ json = false, ...filters }: FilterOptions & JsonOption, terminal: Terminal): Promise<void> {
  const criteria = criteriaOf(filters);
  if (Object.keys(criteria).length === 0) {
    await writeOut(terminal, json ? jsonText({ models: catalogue }) : formatModels(catalogue));
    return;
  }
  const selection = select(criteria);
  if (json) await writeOut(terminal, jsonText(selectionForPrograms(selection)));
  if (selection.best === null) {
    tell(terminal, `encodec-tokenizer: ${nothingPassesText(selection.relaxations, licenseFlags(filters))}`);
    throw new ReportedError();
  }
  if (!json) await writeOut(terminal, formatSelection(selection));
}

function criteriaOf({ commercial = false, license, licenseClass, ...criteria }: FilterOptions): CheckpointCriteria {
  const policy = commercial ? "commercial" : license;
  if (licenseClass !== undefined) return { ...criteria, licensePolicy: ofClass(licenseClass, policy) };
  return policy === undefined ? criteria : { ...criteria, licensePolicy: policy };
}

/** A policy that admits licenses of any of these classes, as far as the other admits them. */
function ofClass(classes: readonly LicenseClass[], policy: LicensePolicy = "any"): LicensePolicy {
  return (record) => {
    if (record.classes.some((name) => classes.includes(name))) return checkLicense(record, policy);
    return { isAllowed: false, rule: "--license-class", reason: `its license ${record.effective} is ${record.classes.join(", ")}` };
  };
}

/** The options that say what the license has to be like, as they were given. */
function licenseFlags({ commercial, license, licenseClass }: FilterOptions): string {
  const given = [commercial && "--commercial", license !== undefined && "--license", licenseClass !== undefined && "--license-class"];
  return given.filter((flag) => typeof flag === "string").join(" and ");
}

function select(criteria: CheckpointCriteria): Selection {
  try {
    return selectCheckpoint(criteria);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message.replace(/^usedBy/, "--used-by"), { cause: error }) : error;
  }
}

async function showModel(id: string, { json = false }: JsonOption, terminal: Terminal): Promise<void> {
  const entry = findCheckpoint(id);
  if (entry === undefined) throw new UsageError(`${id} is not in the catalogue; encodec-tokenizer models lists what is`);
  await writeOut(terminal, json ? jsonText(entry) : formatCheckpoint(entry));
}
