import { HubError, shownAddress } from "../../core/index.ts";

/**
 * Has the requests of this process go through the proxies that the environment names: `HTTPS_PROXY` and `HTTP_PROXY`, in lower case, too, but for the hosts of
 * `NO_PROXY`. Node's own `fetch` passes over these variables; those of Bun and Deno read them.
 * @param env The environment.
 */
export function useProxies(env: NodeJS.ProcessEnv): void {
  if (process.versions["bun"] !== undefined || process.versions["deno"] !== undefined) return;
  const proxies = { httpProxy: variableOf(env, "HTTP_PROXY"), httpsProxy: variableOf(env, "HTTPS_PROXY") };
  if (proxies.httpProxy === undefined && proxies.httpsProxy === undefined) return;
  const noProxy = variableOf(env, "NO_PROXY")?.value ?? "";
  let proxied: Promise<typeof globalThis.fetch> | undefined;
  // Most commands ask nobody, and need neither the package nor a proxy that is right.
  globalThis.fetch = async (input, init) =>
    (await (proxied ??= proxiedFetch({ httpProxy: addressOf(proxies.httpProxy), httpsProxy: addressOf(proxies.httpsProxy), noProxy })))(
      input,
      init,
    );
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

/** A variable that is set; lower case comes first, as with other programs. */
function variableOf(env: NodeJS.ProcessEnv, upper: string): Variable | undefined {
  const name = [upper.toLowerCase(), upper].find((each) => (env[each] ?? "") !== "");
  return name === undefined ? undefined : { name, value: env[name]! };
}

/** @returns Empty text where there is no proxy. @throws HubError for one of another kind, without the password that may be in its address. */
function addressOf(variable: Variable | undefined): string {
  if (variable === undefined) return "";
  const { name, value } = variable;
  const address = value.includes("://") ? value : `http://${value}`;
  if (URL.canParse(address) && /^https?:$/u.test(new URL(address).protocol)) return address;
  throw new HubError(
    "HUB_UNREACHABLE",
    `${name} names no proxy that can be used: expected http://host:port, and it is ${shownAddress(value)}`,
  );
}

async function proxiedFetch(proxies: {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}): Promise<typeof globalThis.fetch> {
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const dispatcher = new EnvHttpProxyAgent(proxies);
  // Node's types of the same functions are a declaration of their own.
  const proxied = (input: string, init: object | undefined): Promise<unknown> => fetch(input, { ...init, dispatcher });
  return proxied as unknown as typeof globalThis.fetch;
}
