import { isRepositoryId } from "./cache-layout.ts";
import type { Environment } from "./hub-options.ts";

/** Where people copy addresses of repositories from. */
const hubAddresses = ["https://huggingface.co/", "https://www.huggingface.co/", "https://hf.co/", "hf://"];

/** What an address of the Hub leads to. */
interface HubPage {
  /** The repository's id. */
  readonly id: string;
  /** Branch, tag or commit, where the address names another one than `main`. */
  readonly revision: string | undefined;
}

/**
 * The model repository whose page, file or listing an address is: `https://huggingface.co/org/model/tree/v2`, `hf://org/model@v2/config.json`. Undefined for others,
 * such as those of datasets.
 */
export function pageOf(address: string, env: Environment = process.env): HubPage | undefined {
  const endpoint = (env["HF_ENDPOINT"] ?? "").replace(/\/+$/u, "");
  const starts = endpoint === "" ? hubAddresses : [`${endpoint}/`, ...hubAddresses];
  const start = starts.find((each) => address.toLowerCase().startsWith(each.toLowerCase()));
  if (start === undefined) return undefined;
  const [owner = "", name = "", view = "", revision] = address.slice(start.length).split(/[?#]/u)[0]!.split("/");
  const [repository, atName] = name.split("@") as [string, string | undefined];
  const id = `${owner}/${repository}`;
  if (!isRepositoryId(id) || ["datasets", "spaces", "api", "models", "docs", "papers", "collections"].includes(owner)) return undefined;
  const found = atName ?? (["tree", "blob", "resolve", "raw", "commits"].includes(view) ? revision : undefined);
  return { id, revision: found === "" || found === "main" ? undefined : found };
}
