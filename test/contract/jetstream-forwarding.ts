/** Two servers over one NATS: the one that the tests call has no topic, so all that means one goes to the other. */
import type { Neighbours } from "../../lib/index.ts";
import { startEngineServer } from "../support/engine-server.ts";
import { Nats } from "../support/nats.ts";
import type { ContractTarget } from "./contract.ts";
import { MAX_PAYLOAD } from "./jetstream-target.ts";
import { forwardingTarget } from "./targets.ts";

export const jetstreamForwardingTarget: ContractTarget = {
  name: "through a server that sends everything on, over NATS JetStream",
  exceptions: forwardingTarget.exceptions!,
  start: async () => {
    const nats = await Nats.start({ settings: `max_payload: ${MAX_PAYLOAD}` });
    const owner = await startEngineServer(nats, {}, {});
    const front = await startEngineServer(nats, {}, {}, (neighbours) => allElsewhere(neighbours, owner.url));
    const stop = async (): Promise<void> => {
      await front.stop();
      await owner.stop();
      await nats.remove();
    };
    return { url: front.url, stop };
  },
};

/** Topics that are not there yet are the other server's as well, which makes them. */
function allElsewhere(neighbours: Neighbours, url: string): Neighbours {
  const ownerOf = (name: string): string | Promise<string> => {
    const owner = neighbours.ownerOf(name);
    return owner instanceof Promise ? owner.then((known) => known ?? url) : (owner ?? url);
  };
  return new Proxy(neighbours, {
    get(target, name) {
      if (name === "ownerOf") return ownerOf;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
