import type { Command } from "commander";
import { findCheckpoint, notice } from "../../catalogue/index.ts";
import { writeFileAtomically } from "../../files/index.ts";
import { UsageError } from "../shared/failures.ts";
import { makeFoldersFor } from "../shared/make-folder.ts";
import { refuseExisting } from "../shared/output-plan.ts";
import { outputPath } from "../shared/paths.ts";
import { stream, writeOut } from "../shared/terminal.ts";
import type { Terminal } from "../shared/terminal.ts";

interface NoticeCommandOptions {
  readonly output: string;
  readonly force?: boolean;
}

const examples = `
Examples:
  encodec-tokenizer notice 32khz tiny                   what an app that ships these two has to say
  encodec-tokenizer notice 24khz -o NOTICE-models.txt   into a file
`;

/** Adds `notice <ids…>`: attribution text for an app that ships models. */
export function addNoticeCommand(program: Command, terminal: Terminal): void {
  program
    .command("notice")
    .summary("write attribution text for an app that ships models")
    .description(
      "Writes attribution text for an app that ships these models: creator, source, license, what that asks for, and what is not certain.",
    )
    .argument("<ids...>", "ids or aliases that encodec-tokenizer models lists")
    .option("-o, --output <file>", "where it goes; - is standard output", outputPath, stream)
    .option("--force", "overwrite a file that exists")
    .addHelpText("after", examples)
    .action((ids: readonly string[], options: NoticeCommandOptions) => writeNotice(ids, options, terminal));
}

async function writeNotice(ids: readonly string[], { output, force = false }: NoticeCommandOptions, terminal: Terminal): Promise<void> {
  const strangers = ids.filter((id) => findCheckpoint(id) === undefined);
  if (strangers.length > 0) {
    throw new UsageError(
      `${strangers.join(", ")} ${strangers.length === 1 ? "is" : "are"} not in the catalogue; encodec-tokenizer models lists what is`,
    );
  }
  const text = notice(ids);
  if (output === stream) {
    await writeOut(terminal, text);
    return;
  }
  refuseExisting([output], force);
  await using _ = await makeFoldersFor([output], terminal);
  await writeFileAtomically(output, new TextEncoder().encode(text), { overwrite: force });
}
