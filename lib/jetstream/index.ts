/** The one door to topics on NATS JetStream. It is loaded where a server is started with `--engine`, and nowhere else. */
export { Engine, type EngineOptions } from "./engine.ts";
export { EngineStartError } from "./start-error.ts";
