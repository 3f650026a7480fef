import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { outOfBundle, RuntimeError } from "../core/index.ts";

/** This process's ends of the pipes to one that runs models. */
export interface RuntimePipes {
  readonly requests: Socket;
  readonly answers: Socket;
  /** Fulfilled once nothing is left of what started the process: a worker thread that ends later leaves nothing behind. */
  readonly launched: Promise<unknown>;
}

/** Set in the environment of processes that run models. */
const mark = "ENCODEC_TOKENIZER_RUNTIME";
const shell = "/bin/sh";

/**
 * Starts a process that runs models (onnx-process.js). It ends when the pipe of requests does, and so with the thread or
 * process that started it, in whatever way that ends. Neither it nor the pipes keep this process alive.
 * @throws Error if it cannot be started.
 */
export async function startRuntimeProcess(): Promise<RuntimePipes> {
  // An executable that does not run the script but an application of its own, this one, would start itself without end.
  if (process.env[mark] !== undefined) throw new Error(`${process.execPath} does not run scripts`);
  const command = [process.execPath, scriptPath()];
  // Of a worker thread that is terminated nobody waits for the children: each would stay, as a zombie, until the process ends.
  // A shell that starts it and ends at once makes it a child of init, which waits for all.
  const throughShell = !isMainThread && existsSync(shell);
  if (throughShell) command.unshift(shell, "-c", '"$0" "$@" &');
  const child = spawn(command[0]!, command.slice(1), {
    env: {
      ...process.env,
      ORT_DISABLE_TELEMETRY: telemetrySwitch(process.env["ORT_DISABLE_TELEMETRY"]),
      ELECTRON_RUN_AS_NODE: "1",
      [mark]: "1",
    },
    stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"],
    windowsHide: true,
  });
  const launched = throughShell ? once(child, "exit") : Promise.resolve();
  await once(child, "spawn");
  const [, , , requests, answers] = child.stdio as unknown as readonly Socket[];
  // A process that is gone is noticed by the end of its answers.
  requests!.on("error", () => {});
  // A shell ends by itself, and soon.
  if (!throughShell) child.unref();
  for (const pipe of [requests!, answers!]) pipe.unref?.(); // not in Bun
  return { requests: requests!, answers: answers!, launched };
}

/** @throws RuntimeError where this code is in a bundle, and the script is not beside it. */
function scriptPath(): string {
  try {
    // Written out, so that bundlers find it.
    const path = fileURLToPath(new URL("./onnx-process.js", import.meta.url));
    if (existsSync(path)) return path;
  } catch {
    // A bundle of CommonJS does not know where it is.
  }
  throw new RuntimeError(
    "RUNTIME_UNAVAILABLE",
    `models run in a process whose script has to be beside the other files of this package, and ${outOfBundle}`,
  );
}

/**
 * ONNX Runtime's official builds report on their use to Microsoft, except where `ORT_DISABLE_TELEMETRY` says 1 (or true, yes, on).
 * @param asked What the variable says outside. Only who turns the switch the other way in so many words has asked for reports.
 */
export function telemetrySwitch(asked: string | undefined): string {
  return asked !== undefined && /^\s*(?:0|false|no|off)\s*$/iu.test(asked) ? asked : "1";
}
