import { loadBullMq } from "./load-bullmq.ts";
import { QueueError } from "./queue-error.ts";

/** Where Redis is, if nobody says otherwise. */
export const defaultRedisUrl = "redis://127.0.0.1:6379";

/** The environment variable with a URL that stands for the default. */
export const redisUrlVariable = "REDIS_URL";

/** A Redis server. */
export interface RedisAddress {
  /** The address with its password, if it has one: not for messages. */
  readonly url: string;
  /** `host:port`, for messages. */
  readonly shown: string;
}

/**
 * Reads the URL of a Redis server.
 * @param url `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. By default REDIS_URL, or `defaultRedisUrl`.
 * @throws RangeError for what is none; the message does not repeat it.
 */
function redisAddress(url: string = process.env[redisUrlVariable] || defaultRedisUrl): RedisAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  // Where a password has `/`, `?` or `#` in it, what is read as the host is a part of it.
  const isAddress =
    parsed !== undefined &&
    /^rediss?:$/u.test(parsed.protocol) &&
    parsed.hostname !== "" &&
    /^\/?\d{0,5}$/u.test(parsed.pathname) &&
    parsed.hash === "" &&
    !parsed.search.includes("@");
  if (!isAddress) {
    throw new RangeError("redis must be a URL such as redis://host:6379 or rediss://user:password@host:6379/0");
  }
  if (!isDecodable(parsed.username) || !isDecodable(parsed.password)) {
    throw new RangeError("the user or the password in the URL of Redis has a % that stands for nothing; write %25 for it");
  }
  return { url: url.trim(), shown: `${parsed.hostname}:${parsed.port === "" ? "6379" : parsed.port}` };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A connection that waits for Redis to come back, however long that takes. */
export function lastingConnection({ url }: RedisAddress): {
  readonly url: string;
  readonly maxRetriesPerRequest: null;
  readonly retryStrategy: (times: number) => number;
} {
  return { url, maxRetriesPerRequest: null, retryStrategy: (times: number) => Math.min(200 * times, 2000) };
}

/** The time within which Redis has to give a sign of life, in milliseconds: something else may listen at its port, and say nothing. */
const answerTime = 10_000;

/**
 * Asks Redis for a sign of life.
 * @param url As `redisAddress` takes it.
 * @throws QueueError QUEUE_UNREACHABLE if there is none, or it refuses the password, QUEUE_NOT_INSTALLED without bullmq and ioredis;
 * RangeError for what is no URL of Redis.
 */
export async function checkRedis(url?: string): Promise<RedisAddress> {
  const address = redisAddress(url);
  const { Redis } = await loadBullMq();
  const client = new Redis(address.url, {
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: answerTime,
    commandTimeout: answerTime,
  });
  let cause: Error | undefined;
  client.on("error", (error: Error) => {
    cause ??= error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    const reason = cause ?? (error as Error);
    const message = `cannot reach Redis at ${address.shown}: ${reasonText(reason)}. Start it (redis-server), or say where it is with --redis redis://host:6379 or ${redisUrlVariable}`;
    throw new QueueError("QUEUE_UNREACHABLE", message, { cause: withoutCommand(reason) });
  } finally {
    client.disconnect();
  }
  return address;
}

/** What Redis said, without the command that it answers: where that was to log in, it has the password in it. */
export function withoutCommand(error: Error): Error {
  return "command" in error ? Object.assign(new Error(error.message), { name: error.name }) : error;
}

/** Errors of several addresses of one host have their texts inside. */
function reasonText(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join("; ");
  return error.message === "" ? ((error as NodeJS.ErrnoException).code ?? "no answer") : error.message;
}
