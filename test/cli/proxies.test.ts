import { afterEach, describe, expect, test, vi } from "vitest";
import { useProxies } from "../../src/cli/shared/proxies.ts";
import { commitOf } from "../hub/hub-server.ts";
import { run } from "./fake-terminal.ts";
import { proxyServer } from "./proxy-server.ts";
import { served24, servedHub } from "./served-hub.ts";

const ownFetch = globalThis.fetch;
const [id] = Object.keys(served24) as [string];

afterEach(() => {
  globalThis.fetch = ownFetch;
  vi.unstubAllEnvs();
});

async function pulled(): Promise<string> {
  const { code, stdout, stderr } = await run(["pull", id, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
  return JSON.parse(stdout.toString()).commit as string;
}

describe("proxies", () => {
  test.each([
    ["HTTP_PROXY", (host: string) => ({ HTTP_PROXY: `http://${host}` }), undefined],
    ["without a scheme", (host: string) => ({ HTTP_PROXY: host }), undefined],
    ["lower case first", (host: string) => ({ HTTP_PROXY: "http://127.0.0.1:9", http_proxy: `http://${host}` }), undefined],
    ["a password", (host: string) => ({ HTTP_PROXY: `http://me:pass@${host}` }), `Basic ${btoa("me:pass")}`],
    ["NO_PROXY for others", (host: string) => ({ HTTP_PROXY: host, NO_PROXY: "example.com" }), undefined],
  ])("carry every request of the Hub: %s", async (_, env, authorization) => {
    await using hub = await servedHub(served24);
    await using proxy = await proxyServer();
    useProxies(env(proxy.host));
    expect(await pulled()).toBe(commitOf(served24[id]!));
    const hosts = [hub.server.endpoint, hub.server.storage].map((each) => new URL(each).host);
    expect(new Set(proxy.tunnels.map(({ to }) => to))).toEqual(new Set(hosts));
    for (const tunnel of proxy.tunnels) expect(tunnel.authorization).toBe(authorization);
  });

  test("are not asked for the hosts of NO_PROXY, and where none is named", async () => {
    await using _ = await servedHub(served24);
    await using proxy = await proxyServer();
    for (const env of [
      { HTTP_PROXY: proxy.host, NO_PROXY: "localhost,127.0.0.1" },
      { HTTP_PROXY: proxy.host, no_proxy: "*" },
      { HTTP_PROXY: "" },
    ]) {
      useProxies(env);
      await pulled();
      globalThis.fetch = ownFetch;
    }
    expect(proxy.tunnels).toEqual([]);
  });

  test("of another kind are told when the Hub is asked, without a password, and no earlier", async () => {
    await using _ = await servedHub(served24);
    useProxies({ HTTPS_PROXY: "socks5://me:hunter2@proxy.corp:1080" });
    expect(await run(["models"])).toMatchObject({ code: 0 });
    expect(await run(["pull", id])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        "encodec-tokenizer: HTTPS_PROXY names no proxy that can be used: expected http://host:port, and it is socks5://proxy.corp:1080\n",
      ),
    });
  });
});
