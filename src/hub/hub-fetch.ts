import { setTimeout as wait } from "node:timers/promises";
import { HubError } from "../core/index.ts";
import { connectionError, errorOf, type Subject, unexpectedAnswer } from "./hub-answer.ts";
import type { HubSettings } from "./hub-options.ts";

/** Longest wait in seconds that a busy server may ask for; beyond it the caller decides. */
const maxWait = 60;

/** Answers to questions are short: a listing of a thousand files takes 300 kB. */
const maxAnswerLength = 16 * 2 ** 20;

type Transient = "HUB_RATE_LIMITED" | "HUB_SERVER" | "HUB_UNREACHABLE" | "HUB_INTERRUPTED";
const transientCodes: ReadonlySet<string> = new Set<Transient>(["HUB_RATE_LIMITED", "HUB_SERVER", "HUB_UNREACHABLE", "HUB_INTERRUPTED"]);

/**
 * Sends one request and returns its answer with the body unread, redirects followed.
 * The token goes to the endpoint's own origin only: it is added here, and `fetch` drops it when redirected to another.
 * @throws HubError for an answer that is not a success or is a web page, and for broken connections.
 */
export async function send(settings: HubSettings, subject: Subject, input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const url = input instanceof Request ? input.url : String(input);
  const headers = new Headers(init.headers);
  if (settings.token !== null && new URL(url).origin === new URL(settings.endpoint).origin) {
    headers.set("authorization", `Bearer ${settings.token}`);
  }
  const response = await overConnection(settings, subject, () => settings.fetch(url, { ...init, headers, signal: settings.signal ?? null }));
  if (!response.ok) {
    await response.body?.cancel().catch(() => {});
    throw errorOf(response, subject, settings);
  }
  if (/^text\/html/iu.test(response.headers.get("content-type") ?? "")) {
    await response.body?.cancel().catch(() => {});
    throw unexpectedAnswer("a web page", subject, settings, { status: response.status });
  }
  return response;
}

/**
 * Asks a question through a function of @huggingface/hub, which is given a `fetch` that retries, sends the token and
 * throws errors that say what is wrong.
 * @throws HubError, also where the client cannot make sense of an answer.
 */
export async function ask<T>(settings: HubSettings, subject: Subject, question: (fetch: typeof globalThis.fetch) => Promise<T>): Promise<T> {
  try {
    return await question((input, init) =>
      retrying(settings, async () => bufferAnswer(settings, subject, await send(settings, subject, input, init))),
    );
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
async function overConnection<T>(settings: HubSettings, subject: Subject, read: () => Promise<T>): Promise<T> {
  settings.signal?.throwIfAborted();
  try {
    return await read();
  } catch (cause) {
    settings.signal?.throwIfAborted();
    throw cause instanceof HubError ? cause : connectionError(cause, subject, settings);
  }
}

/** The body of an answer, piece by piece; leaving the loop early gives the connection up. */
export async function* chunksOf(settings: HubSettings, subject: Subject, response: Response): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await overConnection(settings, subject, () => reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Reads an answer to its end, so that a connection that breaks half-way is one more thing to retry. */
async function bufferAnswer(settings: HubSettings, subject: Subject, response: Response): Promise<Response> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(settings, subject, response)) {
    length += chunk.byteLength;
    if (length > maxAnswerLength) throw unexpectedAnswer(`more than ${maxAnswerLength} bytes`, subject, settings);
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(length === 0 ? null : Buffer.concat(chunks), { status, statusText, headers });
}

async function pause(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(seconds * 1000, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
