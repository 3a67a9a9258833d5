/** The one door to topics on NATS JetStream. It is loaded where a command is given `--engine`, and nowhere else. */
export { Engine, type EngineOptions } from "./engine/engine.ts";
export {
  type EngineStatus,
  lookAtEngine,
  type TopicStatus,
} from "./engine/engine-status.ts";
