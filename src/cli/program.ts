import { Command } from "commander";
import { thisPackage } from "../files/index.ts";
import { addCacheCommand } from "./commands/cache.ts";
import { addDecodeCommand } from "./commands/decode.ts";
import { addEncodeCommand } from "./commands/encode.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { addLicenseCommand } from "./commands/license.ts";
import { addModelsCommand } from "./commands/models.ts";
import { addNoticeCommand } from "./commands/notice.ts";
import { addPatternsCommand } from "./commands/patterns/patterns.ts";
import { addPullCommand } from "./commands/pull.ts";
import { addPushCommand } from "./commands/push.ts";
import { addRoundtripCommand } from "./commands/roundtrip.ts";
import { addTokenizeCommand } from "./commands/tokenize/tokenize.ts";
import { addVerifyCommand } from "./commands/verify.ts";
import { exitCodes, reportError } from "./shared/failures.ts";
import { showText, tell } from "./shared/terminal.ts";
import type { Terminal } from "./shared/terminal.ts";

const notes = `
Exit codes: 0 all went well, 1 something failed, 2 the command line is wrong, 3 tokenize is done but for files that failed,
130 interrupted by Ctrl-C, 129 or 143 by SIGHUP or SIGTERM.
Run encodec-tokenizer <command> --help for options and examples.
`;

/**
 * Runs a command line to its end.
 * @param args The arguments after the program's name.
 * @returns The exit code; whatever failed has been told on standard error.
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await createProgram(terminal).parseAsync(args, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    return reportError(error, terminal);
  }
}

function createProgram(terminal: Terminal): Command {
  const program = new Command("encodec-tokenizer")
    .description("EnCodec as an audio tokenizer: audio to codes and back.")
    .version(thisPackage().version)
    .exitOverride()
    // So that options after the name of a command are that command's: `models show tiny --json`.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => showText(terminal.stdout, text),
      writeErr: (text) => showText(terminal.stderr, text),
      outputError: (text) =>
        tell(
          terminal,
          text
            .trimEnd()
            .replace(/^error: /, "encodec-tokenizer: ")
            .replace(/\n(?=\(Did you mean .*\)$)/u, " "),
        ),
    })
    .showHelpAfterError("(add --help for options and examples)")
    .addHelpText("after", notes);
  addEncodeCommand(program, terminal);
  addDecodeCommand(program, terminal);
  addRoundtripCommand(program, terminal);
  addTokenizeCommand(program, terminal);
  addVerifyCommand(program, terminal);
  addPushCommand(program, terminal);
  addInspectCommand(program, terminal);
  addPatternsCommand(program, terminal);
  addModelsCommand(program, terminal);
  addPullCommand(program, terminal);
  addCacheCommand(program, terminal);
  addLicenseCommand(program, terminal);
  addNoticeCommand(program, terminal);
  return program;
}
