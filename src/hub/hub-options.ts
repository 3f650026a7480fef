import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { HubError, shownAddress } from "../core/index.ts";

/** How far a download has come. */
export interface DownloadProgress {
  /** The file that is being read. */
  readonly file: string;
  /** Bytes that are there, those of an earlier attempt included, and bytes that there will be, over all files of the call. */
  readonly done: number;
  readonly total: number;
}

/** Where and how to reach the Hugging Face Hub. What is left out is read from the environment, as Python's client does. */
export interface HubOptions {
  /** Branch, tag or commit. @default "main" */
  readonly revision?: string | undefined;
  /** Access token; null asks anonymously. @default $HF_TOKEN, or what the token file holds */
  readonly token?: string | null | undefined;
  /** Address of the Hub or of a mirror. @default $HF_ENDPOINT, or "https://huggingface.co" */
  readonly endpoint?: string | undefined;
  /** Folder with one folder per repository. @default $HF_HUB_CACHE, or "hub" in $HF_HOME */
  readonly cacheDir?: string | undefined;
  /** Whether only the cache is read and no server asked. @default what $HF_HUB_OFFLINE or $TRANSFORMERS_OFFLINE says */
  readonly offline?: boolean | undefined;
  /** What sends requests: to go through a proxy, say. It must heed `redirect` and hand on `signal`. @default the global `fetch` */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How often a request is repeated after a busy server or a broken connection. @default 4 */
  readonly maxRetries?: number | undefined;
  /** Seconds before the first repetition; each further one waits twice as long. @default 0.5 */
  readonly retryDelay?: number | undefined;
  /**
   * Seconds within which a question has to be answered, and within which a download has to get on by a kibibyte: else the connection counts
   * as broken. Uploads take as long as they take.
   * @default $HF_HUB_DOWNLOAD_TIMEOUT, or 60
   */
  readonly timeout?: number | undefined;
  /** Stops the work; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called for every piece of weights that arrives. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** The environment. @default process.env */
  readonly env?: Environment | undefined;
}

/** Variables of the environment, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `HubOptions` with every default filled in. */
export interface HubSettings {
  readonly revision: string;
  readonly token: string | null;
  /** The Hub's address, without a slash at its end. */
  readonly endpoint: string;
  /** @throws HubError with code HUB_CACHE where nothing says which folder it is: there may be no home folder, as in containers. */
  readonly cacheDir: string;
  readonly offline: boolean;
  /** What to do to be online again, such as `unset HF_HUB_OFFLINE`; undefined if it is. */
  readonly offlineAdvice: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly maxRetries: number;
  /** The wait before the first repetition, in seconds. */
  readonly retryDelay: number;
  /** The time within which a question has to be answered, in seconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: DownloadProgress) => void) | undefined;
  readonly env: Environment;
}

/**
 * Fills in what the options leave open from the environment; options come first.
 * @throws TypeError if the endpoint is no http address or has a password in it, which is not shown, or the token has characters that no header can carry.
 * @throws RangeError if a number is negative.
 * Source of the variables, their order and the words that count as yes: huggingface_hub `constants.py`.
 */
export function resolveHubOptions(options: HubOptions = {}): HubSettings {
  const env = options.env ?? process.env;
  const { maxRetries = 4, retryDelay = 0.5, revision = "main", timeout = timeoutOf(env) } = options;
  const { offline = isOffline(env) } = options;
  for (const [name, value] of Object.entries({ maxRetries, retryDelay, timeout })) {
    if (!(value >= 0)) throw new RangeError(`${name} must be 0 or more; got ${value}`);
  }
  return {
    revision: checkRevision(revision),
    token: checkToken(options.token === undefined ? tokenOf(env) : options.token),
    endpoint: checkEndpoint(options.endpoint ?? nonEmpty(env["HF_ENDPOINT"]) ?? "https://huggingface.co"),
    get cacheDir() {
      return options.cacheDir ?? cacheDirOf(env);
    },
    offline,
    offlineAdvice: offline ? adviceOf(options.offline, env) : undefined,
    fetch: options.fetch ?? globalThis.fetch,
    maxRetries,
    retryDelay,
    timeout,
    signal: options.signal,
    onProgress: options.onProgress,
    env,
  };
}

/** @throws TypeError if it is no name of a revision. */
export function checkRevision(revision: string): string {
  if (typeof revision !== "string" || revision === "") throw new TypeError("revision must be a branch, a tag or a commit");
  return revision;
}

function cacheDirOf(env: Environment): string {
  const folder = nonEmpty(env["HF_HUB_CACHE"]) ?? nonEmpty(env["HUGGINGFACE_HUB_CACHE"]);
  const path = folder === undefined ? hfHomeOf(env, "hub") : expandHome(folder);
  if (path !== undefined) return path;
  throw new HubError(
    "HUB_CACHE",
    "there is no home folder to keep the cache in: HOME is not set, and the system has none for this user; set HF_HUB_CACHE to a folder",
  );
}

/** What is of that name in Hugging Face's folder; undefined if that would be in a home folder, and there is none. */
function hfHomeOf(env: Environment, name: string): string | undefined {
  return expandHome(join(nonEmpty(env["HF_HOME"]) ?? join(cacheHomeOf(env), "huggingface"), name));
}

function cacheHomeOf(env: Environment): string {
  return nonEmpty(env["XDG_CACHE_HOME"]) ?? join("~", ".cache");
}

/** The folder for what this package itself remembers; null where nobody knows a home. */
export function ownCacheOf(env: Environment): string | null {
  return expandHome(join(cacheHomeOf(env), "encodec-tokenizer")) ?? null;
}

function tokenOf(env: Environment): string | null {
  const token = nonEmpty(env["HF_TOKEN"]);
  if (token !== undefined) return token;
  const named = nonEmpty(env["HF_TOKEN_PATH"]);
  const path = named === undefined ? hfHomeOf(env, "token") : expandHome(named);
  try {
    return path === undefined ? null : readFileSync(path, "utf8");
  } catch {
    return null; // no token file, or one that is not ours to read: anonymous, as in Python
  }
}

/** The token itself never appears in an error. */
function checkToken(token: string | null): string | null {
  const trimmed = token?.trim() ?? "";
  if (!/^[!-~]*$/u.test(trimmed)) throw new TypeError("the Hugging Face token has spaces or characters beyond ASCII; it looks like hf_…");
  return trimmed === "" ? null : trimmed;
}

/** What may be a password is never in the message. */
function checkEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new TypeError(`endpoint must be an address such as "https://huggingface.co"; got ${shownAddress(endpoint)}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`endpoint must not have a user or a password in it; give ${shownAddress(endpoint)}, and a token with HF_TOKEN`);
  }
  return endpoint.replace(/\/+$/u, "");
}

function isOffline(env: Environment): boolean {
  return isYes(nonEmpty(env["HF_HUB_OFFLINE"]) ?? env["TRANSFORMERS_OFFLINE"]);
}

function adviceOf(option: boolean | undefined, env: Environment): string {
  const variable = nonEmpty(env["HF_HUB_OFFLINE"]) === undefined ? "TRANSFORMERS_OFFLINE" : "HF_HUB_OFFLINE";
  return [...(option === true ? ["leave out --offline (offline: true)"] : []), ...(isOffline(env) ? [`unset ${variable}`] : [])].join(
    " and ",
  );
}

/** What is no number of seconds is passed over, as other programs read the variable too. */
function timeoutOf(env: Environment): number {
  const seconds = Number(nonEmpty(env["HF_HUB_DOWNLOAD_TIMEOUT"]) ?? Number.NaN);
  return seconds > 0 ? seconds : 60;
}

function isYes(value: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes(value?.toUpperCase() ?? "");
}

/** Undefined for a path in the home folder where there is none. */
function expandHome(path: string): string | undefined {
  if (!/^~(?:$|[/\\])/u.test(path)) return path;
  const home = homeFolder();
  return home === undefined ? undefined : join(home, path.slice(1));
}

/** Undefined where the environment names none and the system knows none of this user. */
function homeFolder(): string | undefined {
  try {
    return nonEmpty(homedir());
  } catch {
    return undefined;
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
