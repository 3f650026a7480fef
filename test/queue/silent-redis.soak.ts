import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { expect, test } from "vitest";
import { checkRedis } from "../../src/queue/index.ts";

test("a queue needs something that answers where Redis should be", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const connections = new Set<Socket>();
  silent.on("connection", (socket) => connections.add(socket));
  const { port } = silent.address() as AddressInfo;
  await expect(checkRedis(`redis://127.0.0.1:${port}`)).rejects.toMatchObject({
    code: "QUEUE_UNREACHABLE",
    message: expect.stringContaining("timed out"),
  });
  for (const socket of connections) socket.destroy();
  silent.close();
});
