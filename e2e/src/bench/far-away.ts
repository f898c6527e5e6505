import { createServer, connect, type AddressInfo, type Socket } from "node:net";

export interface FarAway {
  /** Where the server can be reached from afar. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A server at a distance: what goes through arrives half a round trip later, each way, and a connection is made one
 * round trip after it was asked for. As much goes through as the machine can take; order is kept.
 * @param roundTrip milliseconds
 */
export async function moveAway(url: string, roundTrip: number): Promise<FarAway> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const server = createServer((near) => {
    // The kernel has taken the connection already; the first bytes pay for that as well.
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      open.add(socket.setNoDelay(true));
      socket.on("close", () => open.delete(socket));
      socket.on("error", () => [near, far].forEach((one) => one.destroy()));
    }
    const begun = performance.now();
    forward(near, far, () => Math.max(roundTrip / 2, begun + roundTrip * 1.5 - performance.now()));
    forward(far, near, () => roundTrip / 2);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(from: Socket, to: Socket, delay: () => number): void {
  const waiting: (() => void)[] = [];
  // Timers may overtake each other by a millisecond; whichever ends, what came first goes first.
  const later = (step: () => void) => {
    waiting.push(step);
    setTimeout(() => waiting.shift()?.(), delay());
  };
  from.on("data", (bytes) => later(() => to.write(bytes)));
  from.on("end", () => later(() => to.end()));
}
