/* A server of a test's own that answers as it is told, and a proxy that cuts. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer as createTcp, type AddressInfo, type Server, type Socket } from "node:net";

/** Answers one request; `number` counts those before it. */
export type Script = (request: IncomingMessage, response: ServerResponse, number: number) => void;

/** A server with its address; `using` is newer than the oldest Node this is for, so tests close it. */
export interface Faulty {
  url: string;
  requests: IncomingMessage[];
  close(): void;
}

/** Starts a server that does what `script` says. */
export async function faulty(script: Script): Promise<Faulty> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    script(request, response, requests.length - 1);
  });
  return { url: await listening(server), requests, close: () => (server.close(), server.closeAllConnections()) };
}

/** Answers with a problem document. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/problem+json", ...headers });
  response.end(
    JSON.stringify({ type: `/errors/${code}`, title: "t", status, detail: `refused by ${code}`, code, index: 3 }),
  );
}

/** Begins a stream with these events. */
export function stream(response: ServerResponse, events: string): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(events);
}

/** Starts a proxy before a server that cuts every connection after so many bytes of the server. */
export async function cutting(url: string, bytes: () => number): Promise<Faulty> {
  const { port, hostname } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createTcp((client) => {
    const upstream = connect(Number(port), hostname);
    let left = bytes();
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => (client.destroy(), upstream.destroy(), sockets.delete(socket)));
    }
    client.pipe(upstream);
    upstream.on("data", (data: Buffer) => {
      client.write(data.subarray(0, left));
      left -= data.length;
      // What was written has to arrive before the end does.
      if (left <= 0) client.end();
    });
  });
  return {
    url: await listening(server),
    requests: [],
    close: () => (server.close(), sockets.forEach((socket) => socket.destroy())),
  };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
