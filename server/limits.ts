/** All caps of the server, those of the engine included, each with the value that holds where no other is handed in. */
import { LIMITS as ENGINE_LIMITS } from "../lib/index.ts";
import { AuthCaps } from "./auth/limits.ts";
import { HttpCaps, type Limits } from "./http/limits.ts";
import { WireCaps } from "./wire/limits.ts";

export const LIMITS: Limits = {
  ...ENGINE_LIMITS,
  ...new WireCaps(),
  ...new AuthCaps(),
  ...new HttpCaps(),
};
