/**
 * Who asks, by the header x-rh-identity that a gateway in front of the tracker writes. Nothing signs it, so it counts only
 * from a gateway that the operator trusts (`--trusted-proxy`), or from this machine.
 */
import { JsonError, parseJson } from "../../../lib/index.ts";
import { isLoopback } from "../../auth/gate.ts";
import type { Exchange } from "../../http/exchange.ts";
import { HttpError } from "../../wire/errors.ts";

const HEADER = "x-rh-identity";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const JSON_DEPTH = 64;

/** @throws unauthorized: there is no identity; forbidden: it lacks the role. */
export function requireRole(exchange: Exchange, role: string): void {
  if (rolesOf(parseIdentity(exchange)).includes(role)) return;
  throw new HttpError("forbidden", {
    reason: "You do not have the required permissions to access this resource",
  });
}

function parseIdentity({ request, context }: Exchange): unknown {
  const { remoteAddress } = request;
  const header = request.header(HEADER) ?? "";
  if (header === "") throw unauthorized(`the header ${HEADER} is missing; the gateway in front writes it`);
  if (!isLoopback(remoteAddress) && !context.clientAddresses.isProxy(remoteAddress)) {
    throw unauthorized(`${HEADER} counts only from a gateway that --trusted-proxy names`);
  }
  if (!BASE64.test(header)) throw unauthorized(`${HEADER} is not base64`);
  try {
    return parseJson(Buffer.from(header, "base64"), JSON_DEPTH);
  } catch (error) {
    if (error instanceof JsonError) throw unauthorized(`${HEADER} is ${error.message}`);
    throw error;
  }
}

/** `identity.associate.Role`; none where it is not there. @throws unauthorized where it is something else. */
function rolesOf(identity: unknown): readonly unknown[] {
  let value = identity;
  for (const name of ["identity", "associate", "Role"]) {
    if (value === undefined || value === null) return [];
    if (typeof value !== "object" || Array.isArray(value))
      throw unauthorized(`${HEADER} has no object around ${name}`);
    value = Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
  }
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw unauthorized(`${HEADER} has no list of roles`);
}

/** Tokens have nothing to do with it. */
function unauthorized(reason: string): HttpError {
  return new HttpError("unauthorized", { reason, headers: [] });
}
