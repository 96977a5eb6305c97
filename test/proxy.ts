/**
 * A network for a test: it forwards connections to a server of this machine, late, or not at all.
 *
 * @module
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A network between a client and a server. */
export interface TestNetwork {
  readonly port: number;
  /** While it is cut nothing passes, and nobody is told. */
  isCut: boolean;
  /** Bursts that went from clients to the server, each later than the answer to the one before: round trips. */
  readonly roundTrips: number;
  end(): void;
}

/** @param delay milliseconds that a byte takes to pass, in either direction */
export async function startNetwork(port: number, delay: number): Promise<TestNetwork> {
  let roundTrips = 0;
  const sockets = new Set<Socket>();
  let isCut = false;
  const forward = (from: Socket, to: Socket, count: () => void): void => {
    const late: { readonly at: number; readonly data: Buffer | undefined }[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pass = (): void => {
      timer = undefined;
      while (late[0] !== undefined && late[0].at <= performance.now() && !isCut) {
        const { data } = late.shift()!;
        if (data === undefined) to.end();
        else to.write(data);
      }
      if (late[0] !== undefined && !from.destroyed) plan();
    };
    const plan = (): void => {
      timer ??= setTimeout(pass, Math.max(isCut ? 20 : 1, late[0]!.at - performance.now()));
    };
    const add = (data: Buffer | undefined): void => {
      late.push({ at: performance.now() + delay, data });
      plan();
    };
    from.on("data", (data: Buffer) => {
      count();
      add(data);
    });
    from.on("end", () => add(undefined));
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      if (isCut) return;
      clearTimeout(timer);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) sockets.add(socket);
    let isAsking = false;
    forward(client, upstream, () => {
      if (!isAsking) roundTrips++;
      isAsking = true;
    });
    forward(upstream, client, () => {
      isAsking = false;
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as { port: number }).port,
    get isCut() {
      return isCut;
    },
    set isCut(cut) {
      isCut = cut;
    },
    get roundTrips() {
      return roundTrips;
    },
    end() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
