/** Handler of `/-/openapi.json`. */
import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { Exchange } from "../http/exchange.ts";
import { openApiDocument } from "./document.ts";

export function describeApi(exchange: Exchange): Answer {
  exchange.parameters().finish();
  return jsonAnswer(200, openApiDocument(exchange.context.version));
}
