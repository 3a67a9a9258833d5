/** Requests that are in a server's hands, and not answered: what a signal, or the end of something, must deal with. */
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { within } from "./deadline.ts";

const HOST = "127.0.0.1";

export interface BegunRequest {
  readonly socket: Socket;
  /** All that comes until the server closes the connection. */
  readonly answer: Promise<string>;
}

/** A message of ten bytes for `topic`, of which the first five were sent. */
export async function halfPublished(port: number, topic: string): Promise<BegunRequest> {
  const head = `POST /${topic}/payload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n`;
  const socket = connection(port);
  socket.write(`${head}expect: 100-continue\r\nconnection: close\r\n\r\n`);
  await within("100 Continue", new Promise((resolve) => socket.once("data", resolve)));
  socket.write("half ");
  return { socket, answer: answerOf(socket) };
}

/** A GET that waits: it was sent together with a request that was answered. */
export async function waitingRequest(port: number, target: string): Promise<BegunRequest> {
  const socket = connection(port);
  const first = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
  socket.write(`${first}GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  await within("the first answer", new Promise((resolve) => socket.once("data", resolve)));
  return { socket, answer: answerOf(socket) };
}

/** A message for `topic` that the system has taken, whether or not the server can. */
export async function sentMessage(port: number, topic: string, text: string): Promise<BegunRequest> {
  const socket = connection(port);
  const head = `POST /${topic}/payload HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${text.length}\r\n`;
  const sent = new Promise<void>((resolve) => {
    socket.write(`${head}connection: close\r\n\r\n${text}`, () => resolve());
  });
  await within("the sending of a message", sent);
  return { socket, answer: answerOf(socket) };
}

function connection(port: number): Socket {
  const socket = connect(port, HOST).setEncoding("utf8");
  onTestFinished(() => void socket.destroy());
  return socket;
}

function answerOf(socket: Socket): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    let text = "";
    socket.on("data", (piece: string) => {
      text += piece;
    });
    socket.once("end", () => resolve(text)).once("error", reject);
  });
  // Not everybody waits for an answer.
  answer.catch(() => {});
  return answer;
}
