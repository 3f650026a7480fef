import { HubError, shownAddress } from "../core/index.ts";
import type { HubErrorCode } from "../core/index.ts";
import type { HubSettings } from "./hub-options.ts";

/** What a request is about, for error messages. */
export interface Subject {
  /** The repository's id. */
  readonly id: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** Name of the file, where it is about one. */
  readonly file?: string | undefined;
}

/** What the Hub writes into X-Error-Message when it refuses a token, and for repositories that it took down. */
const badTokenMessage = "Invalid credentials in Authorization header";
const disabledMessage = "Access to this resource is disabled.";

/**
 * The error that an unsuccessful answer stands for.
 * Source of the headers and what they mean: huggingface_hub `utils/_http.py`, `hf_raise_for_status`.
 */
export function errorOf(response: Response, subject: Subject, settings: HubSettings): HubError {
  const { status, headers } = response;
  const errorCode = headers.get("x-error-code");
  const errorMessage = headers.get("x-error-message");
  const { id, revision, file } = subject;
  const where = `${settings.endpoint}/${id}`;
  const retryAfter = parseRetryAfter(headers.get("retry-after")) ?? parseRateLimit(headers.get("ratelimit"));

  function error(code: HubErrorCode, message: string): HubError {
    return new HubError(code, message, {
      // Links of the Hub's storage carry a signature after the question mark, which is a secret for as long as it is valid.
      url: response.url === "" ? where : shownAddress(response.url),
      status,
      requestId: headers.get("x-request-id")?.slice(0, 200),
      retryAfter,
    });
  }

  if (errorMessage === disabledMessage) {
    return error("HUB_DISABLED", `${id} was disabled by the Hub; ${where} may say why`);
  }
  if (errorCode === "RevisionNotFound") {
    const next = `its branches, tags and commits are listed at ${where}/tree/main`;
    return error("HUB_REVISION_NOT_FOUND", `${id} has no revision ${revision}; ${next}`);
  }
  if (errorCode === "EntryNotFound") {
    const next = `its files are listed at ${where}/tree/${revision}`;
    return error("HUB_FILE_NOT_FOUND", `${id} has no file ${file ?? "of that name"} at ${revision}; ${next}`);
  }
  if (errorCode === "GatedRepo") {
    const next =
      settings.token === null ? "then set HF_TOKEN to an access token of that account" : "with the account that the token belongs to";
    return error("HUB_GATED", `${id} is gated: visit ${where} to ask for access, ${next}`);
  }
  if (status === 401 && errorMessage === badTokenMessage) {
    const next = `make a new one at ${settings.endpoint}/settings/tokens, or set none`;
    return error("HUB_BAD_TOKEN", `the Hub does not accept the access token; ${next}`);
  }
  // Who is not logged in gets 401 for private repositories and for those that do not exist, so that the two cannot be told apart.
  if (errorCode === "RepoNotFound" || status === 401 || (status === 404 && file === undefined)) {
    const next = settings.token === null ? "if it is private, set HF_TOKEN" : "the token may not cover it";
    return error("HUB_NOT_FOUND", `${id} does not exist at ${settings.endpoint}, or it is private: check the spelling; ${next}`);
  }
  if (status === 404) {
    return error("HUB_FILE_NOT_FOUND", `${id} has no file ${file} at ${revision}`);
  }
  if (status === 403) {
    const reason = errorMessage === null ? "" : ` (${errorMessage.slice(0, 200)})`;
    return error("HUB_FORBIDDEN", `access to ${id} is forbidden${reason}; the token needs the permission to read it`);
  }
  if (status === 429) {
    const when = retryAfter === undefined ? "later" : `in ${retryAfter} s`;
    const hint = settings.token === null ? "; with a token (HF_TOKEN) the limit is higher" : "";
    return error("HUB_RATE_LIMITED", `${settings.endpoint} has had too many requests; try again ${when}${hint}`);
  }
  return status >= 500
    ? error("HUB_SERVER", `${settings.endpoint} answers with status ${status} for ${id}; try again later`)
    : error(
        "HUB_UNEXPECTED_ANSWER",
        `${settings.endpoint} answers with status ${status} for ${id}; is it a Hugging Face Hub or a mirror of one?`,
      );
}

/**
 * The error for a request that got no answer, or whose answer broke off.
 * @param address What was asked, which may be another host that the endpoint refers to; what of it may be a secret is not shown.
 */
export function connectionError(cause: unknown, subject: Subject, settings: HubSettings, address: string = ""): HubError {
  const { code, message } = rootOf(cause);
  const { endpoint } = settings;
  const what = subject.file ?? subject.id;
  const { origin } = new URL(address === "" ? endpoint : address);
  const isElsewhere = origin !== new URL(endpoint).origin;
  const options = { url: isElsewhere ? shownAddress(address) : `${endpoint}/${subject.id}`, cause };
  if (unreachableCodes.has(code ?? "")) {
    return isElsewhere
      ? new HubError(
          "HUB_UNREACHABLE",
          `${endpoint} refers to ${origin} for ${what}, which cannot be reached (${code}); a firewall or a proxy has to let that host through, too`,
          options,
        )
      : new HubError(
          "HUB_UNREACHABLE",
          `${endpoint} cannot be reached (${code}); check the network, HF_ENDPOINT, and the proxy (HTTPS_PROXY) if there has to be one`,
          options,
        );
  }
  return new HubError(
    "HUB_INTERRUPTED",
    `the connection to ${isElsewhere ? origin : endpoint} broke while ${what} was read (${message.slice(0, 300)})`,
    options,
  );
}

/** The error for an answer that is not what a Hub says. */
export function unexpectedAnswer(
  what: string,
  subject: Subject,
  settings: HubSettings,
  options: ErrorOptions & { readonly status?: number } = {},
): HubError {
  const about = subject.file === undefined ? subject.id : `${subject.file} of ${subject.id}`;
  const hint = "is it a Hugging Face Hub or a mirror of one, reached without a login page in between?";
  return new HubError("HUB_UNEXPECTED_ANSWER", `${settings.endpoint} answers with ${what} when asked for ${about}; ${hint}`, {
    ...options,
    url: `${settings.endpoint}/${subject.id}`,
  });
}

/** Failures before a connection stood. */
const unreachableCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** `fetch` hides what happened in `cause`, and two addresses that both fail in an AggregateError. */
function rootOf(error: unknown): { readonly code: string | undefined; readonly message: string } {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  if (error.cause instanceof Error) return rootOf(error.cause);
  const code = "code" in error ? String(error.code) : undefined;
  return { code, message: error.message === "" ? (code ?? error.name) : error.message };
}

/** Seconds from now: the header holds seconds or a date. */
function parseRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/u.test(header.trim())) return Number(header);
  const seconds = Math.ceil((Date.parse(header) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** Seconds until the limit starts over: `"api";r=0;t=55`. Source: huggingface_hub `utils/_http.py`, `parse_ratelimit_headers`. */
function parseRateLimit(header: string | null): number | undefined {
  const seconds = /"\s*;\s*r\s*=\s*0\s*;\s*t\s*=\s*(\d{1,9})/u.exec(header ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
