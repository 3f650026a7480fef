import type { Command } from "commander";
import type { ConnectionEvent } from "../../../queue/index.ts";

export interface QueueCommandOptions {
  readonly redis?: string;
}

/** Adds `--redis`. */
export function addRedisOption(command: Command): void {
  command.option(
    "--redis <url>",
    "Redis, as redis://host:6379 or rediss://user:password@host (default: REDIS_URL, or redis://127.0.0.1:6379)",
  );
}

/** Makes `--json` tell events. */
export function tellEvents(command: Command): void {
  command.options.find(({ long }) => long === "--json")!.description = "print events as JSON on standard output, one a line";
}

/** What to say of an outage. */
export function connectionText({ isUp, address }: ConnectionEvent): string {
  return isUp ? `Redis at ${address} is back` : `Redis at ${address} does not answer; waiting until it does`;
}
