import { setTimeout as wait } from "node:timers/promises";
import { HubError } from "../core/index.ts";
import { thisPackage } from "../files/index.ts";
import { connectionError, errorOf, unexpectedAnswer } from "./answer-errors.ts";
import type { Subject } from "./answer-errors.ts";
import type { HubSettings } from "./hub-options.ts";

/** Longest wait in seconds that a busy server may ask for; beyond it the caller decides. */
const maxWait = 60;

/** Answers to questions are short: a listing of a thousand files takes 300 kB. */
const maxAnswerLength = 16 * 2 ** 20;

type Transient = "HUB_RATE_LIMITED" | "HUB_SERVER" | "HUB_UNREACHABLE" | "HUB_INTERRUPTED";
const transientCodes: ReadonlySet<string> = new Set<Transient>(["HUB_RATE_LIMITED", "HUB_SERVER", "HUB_UNREACHABLE", "HUB_INTERRUPTED"]);

/** Most requests for a question, unless it has more to ask. */
const maxQuestionRequests = 8;

/** Longest Link header that is looked at: one with the address of the next page. */
const maxLinkLength = 8192;

/** What a download has to get on by within `timeout`, in bytes; a question has to be answered as a whole. */
const leastBytes = 1024;

/** Most redirects of one request; as many as `fetch` follows. */
const maxRedirects = 20;

/**
 * Sends one request and returns its answer with the body unread, redirects followed.
 * The token goes to the endpoint's own origin only, and not there either once a redirect has led elsewhere.
 * @throws HubError for an answer that is not a success or is a web page, and for broken connections and those on which nothing comes.
 */
export async function send(
  settings: HubSettings,
  subject: Subject,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const url = input instanceof Request ? input.url : String(input);
  const headers = new Headers(init.headers);
  headers.set("user-agent", userAgent());
  if (settings.token !== null && new URL(url).origin === new URL(settings.endpoint).origin) {
    headers.set("authorization", `Bearer ${settings.token}`);
  }
  const giveUp = new AbortController();
  const signal = settings.signal === undefined ? giveUp.signal : AbortSignal.any([settings.signal, giveUp.signal]);
  const isQuestion = init.body === undefined || init.body === null;
  const response = await overConnection(
    settings,
    subject,
    url,
    () =>
      isQuestion
        ? within(settings.timeout, follow(settings, subject, url, { ...init, headers, signal }), () => giveUp.abort())
        : settings.fetch(url, { ...init, headers, signal }), // how long an upload takes, nobody knows
  );
  if (!response.ok) {
    await response.body?.cancel().catch(() => {});
    const plain = response.status === 404 && !response.headers.has("x-error-code") ? withoutExpand(url) : undefined;
    if (plain !== undefined) return send(settings, subject, plain, init);
    throw errorOf(response, subject, settings);
  }
  if (/^text\/html/iu.test(response.headers.get("content-type") ?? "")) {
    await response.body?.cancel().catch(() => {});
    throw unexpectedAnswer("a web page", subject, settings, { status: response.status });
  }
  return response;
}

/** Asks, and goes where redirects lead, one by one, so that an error can say which host could not be reached. */
async function follow(
  settings: HubSettings,
  subject: Subject,
  address: string,
  { headers, ...init }: RequestInit & { readonly headers: Headers },
): Promise<Response> {
  let url = address;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await overConnection(settings, subject, url, () => settings.fetch(url, { ...init, headers, redirect: "manual" }));
    const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get("location") : null;
    if (location === null) return response;
    await response.body?.cancel().catch(() => {});
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (next === undefined || !/^https?:$/u.test(next.protocol)) throw unexpectedAnswer("a redirect that leads nowhere", subject, settings);
    if (next.origin !== new URL(url).origin) headers.delete("authorization");
    url = next.href;
  }
  throw unexpectedAnswer(`more than ${maxRedirects} redirects`, subject, settings);
}

/** The address of a question without `expand`, to which Artifactory and others answer 404, unlike the Hub without a reason; undefined if it has none. */
function withoutExpand(address: string): string | undefined {
  const url = new URL(address);
  if (!url.searchParams.has("expand")) return undefined;
  url.searchParams.delete("expand");
  return url.href;
}

/** What may be asked in a question. */
export interface QuestionLimits {
  /** Requests, such as pages of a listing; repetitions do not count. @default 8 */
  readonly maxRequests?: number;
}

/**
 * Asks a question through a function of @huggingface/hub, which is given a `fetch` that retries, sends the token and
 * throws errors that say what is wrong.
 * @throws HubError, also where the client cannot make sense of an answer, and where the server has the client ask without end.
 */
export async function ask<T>(
  settings: HubSettings,
  subject: Subject,
  question: (fetch: typeof globalThis.fetch) => Promise<T>,
  { maxRequests = maxQuestionRequests }: QuestionLimits = {},
): Promise<T> {
  let numRequests = 0;
  try {
    return await question((input, init) => {
      if (++numRequests > maxRequests) throw unexpectedAnswer(`more than ${maxRequests} pages`, subject, settings);
      const ofRange = new Headers(init?.headers).has("range");
      return retrying(settings, async () => bufferAnswer(settings, subject, await send(settings, subject, input, init), ofRange));
    });
  } catch (error) {
    settings.signal?.throwIfAborted();
    throw error instanceof HubError ? error : unexpectedAnswer("something that cannot be read", subject, settings, { cause: error });
  }
}

/**
 * Calls a function again, after a pause that grows, for as long as it fails with what may pass and the settings allow:
 * 429, 5xx and broken connections. A server's own Retry-After comes first. Without any connection one repetition is enough.
 */
export async function retrying<T>(settings: HubSettings, attempt: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (error) {
      settings.signal?.throwIfAborted();
      if (!(error instanceof HubError) || !transientCodes.has(error.code)) throw error;
      const allowed = error.code === "HUB_UNREACHABLE" ? Math.min(1, settings.maxRetries) : settings.maxRetries;
      const seconds = error.retryAfter ?? settings.retryDelay * 2 ** retries * (0.75 + Math.random() / 2);
      if (retries >= allowed || seconds > maxWait) throw error;
      await pause(seconds, settings.signal);
    }
  }
}

/** Runs what reads from a connection; its failures become HubErrors, and a signal's reason stays what it is. */
async function overConnection<T>(settings: HubSettings, subject: Subject, url: string, read: () => Promise<T>): Promise<T> {
  settings.signal?.throwIfAborted();
  try {
    return await read();
  } catch (cause) {
    settings.signal?.throwIfAborted();
    throw cause instanceof HubError ? cause : connectionError(cause, subject, settings, url);
  }
}

/**
 * The body of an answer, piece by piece; leaving the loop early gives the connection up.
 * @param least Bytes that have to come within the settings' `timeout`, over and over. What the caller does between the pieces does not count.
 */
export async function* chunksOf(
  settings: HubSettings,
  subject: Subject,
  response: Response,
  least: number = leastBytes,
): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let secondsLeft = settings.timeout;
  let bytesLeft = least;
  try {
    for (;;) {
      const begun = performance.now();
      const { done, value } = await overConnection(settings, subject, response.url, () => within(secondsLeft, reader.read(), () => {}));
      if (done) return;
      secondsLeft -= (performance.now() - begun) / 1000;
      bytesLeft -= value.byteLength;
      if (bytesLeft <= 0) [secondsLeft, bytesLeft] = [settings.timeout, least];
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * Reads an answer to its end, so that a connection that breaks half-way is one more thing to retry.
 * @param ofRange Whether a range was asked for. A server that knows none sends the whole file, whose headers are all that was wanted.
 */
async function bufferAnswer(settings: HubSettings, subject: Subject, response: Response, ofRange: boolean): Promise<Response> {
  const { status, statusText, headers } = response;
  if ((headers.get("link") ?? "").length > maxLinkLength)
    throw unexpectedAnswer(`a link of more than ${maxLinkLength} characters`, subject, settings);
  if (ofRange && status !== 206) {
    await response.body?.cancel().catch(() => {});
    return new Response(null, { status, statusText, headers });
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(settings, subject, response, Infinity)) {
    length += chunk.byteLength;
    if (length > maxAnswerLength) throw unexpectedAnswer(`more than ${maxAnswerLength} bytes`, subject, settings);
    chunks.push(chunk);
  }
  return new Response(length === 0 ? null : Buffer.concat(chunks), { status, statusText, headers });
}

/** A promise, or an error if it takes longer. @param seconds Any number, Infinity included. */
async function within<T>(seconds: number, promise: Promise<T>, giveUp: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const fail = (): void => {
      reject(new Error("nothing comes any more, or too slowly"));
      giveUp();
    };
    if (seconds > 0) timer = setTimeout(fail, Math.min(1000 * seconds, maxTimer));
    else fail();
  });
  try {
    return await Promise.race([tooLate, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Longer ones would go off at once. */
const maxTimer = 2 ** 31 - 1;

let agent: string | undefined;

/** What servers know programs by: name and version, of this package and of what runs it. Without it they would take it for a program called node. */
function userAgent(): string {
  const { bun, deno, node } = process.versions;
  const runtime = bun !== undefined ? `bun/${bun}` : deno !== undefined ? `deno/${deno}` : `node/${node}`;
  return (agent ??= `${ownName()} ${runtime}`);
}
/** A program that is one file has no package.json beside it. */
function ownName(): string {
  try {
    const { name, version } = thisPackage();
    return `${name}/${version}`;
  } catch {
    return "encodec-tokenizer";
  }
}

async function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(seconds * 1000, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
