/** Certificates that are their own authority, for servers of tests. */
import { generate } from "selfsigned";
import type { Certificate } from "../../server/http/certificate.ts";

/** For localhost and 127.0.0.1, known to clients that have `cert` as their authority. */
export async function testCertificate(notAfterDate?: Date): Promise<Certificate> {
  const pems = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
    ...(notAfterDate === undefined ? {} : { notBeforeDate: new Date(0), notAfterDate }),
  });
  return { cert: pems.cert, key: pems.private };
}
