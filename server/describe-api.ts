/** Handler of `/-/openapi.json`. */
import { type Answer, jsonAnswer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { openApiDocument } from "./openapi/document.ts";

export function describeApi(exchange: Exchange): Answer {
  exchange.parameters().finish();
  return jsonAnswer(200, openApiDocument(exchange.context.version));
}
