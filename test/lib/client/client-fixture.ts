/** A server in the test's own process on the memory disk, and a client of it. */
import {
  type Message,
  NetlogClient,
  type NetlogClientOptions,
  type Topic,
} from "../../../lib/client/index.ts";
import { type ServerFixture, serverForTest } from "../../server/server-fixture.ts";

export interface ClientFixture extends ServerFixture {
  readonly client: NetlogClient;
  /** `demo`, which is there and empty. */
  readonly topic: Topic;
}

export async function clientForTest(options: NetlogClientOptions = {}): Promise<ClientFixture> {
  const fixture = await serverForTest();
  const client = new NetlogClient(fixture.server.url, options);
  const topic = await client.createTopic("demo");
  return { ...fixture, client, topic };
}

/** All that a loop gives. */
export async function textsOf(messages: AsyncIterable<Message>): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of messages) texts.push(message.text());
  return texts;
}
