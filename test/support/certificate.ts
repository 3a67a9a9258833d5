/** Certificates that are their own authority, for servers of tests. */
import { generate } from "selfsigned";
import type { Certificate } from "../../server/http/certificate.ts";

/** For these names, and 127.0.0.1 where none are given; known to clients that have `cert` as their authority. */
export async function testCertificate(notAfterDate?: Date, names?: readonly string[]): Promise<Certificate> {
  const pems = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      {
        name: "subjectAltName",
        altNames: [
          ...(names ?? ["localhost"]).map((value) => ({ type: 2, value }) as const),
          ...(names === undefined ? [{ type: 7, ip: "127.0.0.1" } as const] : []),
        ],
      },
    ],
    ...(notAfterDate === undefined ? {} : { notBeforeDate: new Date(0), notAfterDate }),
  });
  return { cert: pems.cert, key: pems.private };
}
