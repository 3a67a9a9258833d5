/** Whose request it is, by a JSON Web Token: its signature, its issuer, its audience, its time, and what it claims. */
import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from "jose";
import type { Runtime } from "../../../lib/index.ts";
import {
  type Authenticator,
  bearerOf,
  FAILED_AUTHENTICATION,
  NOT_VERIFIED,
  type Session,
  unauthorized,
} from "./access.ts";
import type { JwtSettings } from "./settings.ts";

const SKEW_S = 60;

export function jwtAccess(
  settings: Omit<JwtSettings, "url">,
  findKey: JWTVerifyGetKey,
  runtime: Pick<Runtime, "now">,
): Authenticator {
  const { issuer, audience, algorithms, userClaim } = settings;
  return {
    mode: "jwks",
    needs: "nothing",
    async authenticate(exchange) {
      const token = bearerOf(exchange);
      const rules: JWTVerifyOptions = {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: SKEW_S,
        currentDate: new Date(runtime.now()),
        requiredClaims: ["exp", userClaim],
      };
      const payload = await verify(token, findKey, rules).catch((error: unknown) => {
        // What is not about the token is about the keys: the log has it, and the client hears that nothing is wrong with it.
        throw error instanceof errors.JOSEError ? unauthorized(FAILED_AUTHENTICATION) : error;
      });
      return sessionOf(payload, settings);
    },
  };
}

/** A token that does not say which key is its own may be any key's of its algorithm. @throws JOSEError; what `findKey` throws. */
async function verify(token: string, findKey: JWTVerifyGetKey, rules: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, findKey, rules)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      const verified = await jwtVerify(token, key, rules).catch(noteForged);
      if (verified !== undefined) return verified.payload;
    }
    throw error;
  }
}

/** @throws what is wrong with the token beside its signature. */
function noteForged(error: unknown): undefined {
  if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
}

/** @throws unauthorized. */
function sessionOf(payload: JWTPayload, settings: Omit<JwtSettings, "url">): Session {
  const { userClaim, domainsClaim, roleClaim, adminRole, verifiedClaim, allowsUnverified } = settings;
  const user = payload[userClaim];
  if (typeof user !== "string" || user === "") throw unauthorized(FAILED_AUTHENTICATION);
  const isPlatformAdmin = textsOf(payload[roleClaim]).includes(adminRole);
  const isUnverified = (payload[verifiedClaim] ?? true) !== true;
  if (isUnverified && !allowsUnverified && !isPlatformAdmin) throw unauthorized(NOT_VERIFIED);
  return { user, domains: textsOf(payload[domainsClaim]), isPlatformAdmin };
}

/** A text alone, or all texts of a list. */
function textsOf(claim: unknown): readonly string[] {
  return [claim].flat().filter((each): each is string => typeof each === "string" && each !== "");
}
