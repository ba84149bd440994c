// Tokens of others' servers, sealed at rest: AES-256-GCM under a key drawn from the installation's secret (HKDF, RFC 5869), bound to the
// row they belong to, so that a copied row opens nothing.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { env } from "#lib/kit/env.ts";
import { Problem } from "#lib/kit/problem.ts";

const key = (): Buffer => Buffer.from(hkdfSync("sha256", env.authSecret, "", "atelier kernel-server token", 32));

/** Seals a text for one owner (a row's id). */
export const seal = (text: string, owner: string): string => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key(), nonce).setAAD(Buffer.from(owner));
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
};

/** Opens what was sealed for this owner; refused when the installation's secret has changed since. */
export const unseal = (sealed: string, owner: string): string => {
  const bytes = Buffer.from(sealed, "base64");
  try {
    const decipher = createDecipheriv("aes-256-gcm", key(), bytes.subarray(0, 12)).setAAD(Buffer.from(owner));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
  } catch (cause) {
    throw new Problem(
      "unavailable",
      "kernelServers.sealed",
      "The server's token cannot be opened: the installation's secret has changed. Remove the server and add it again.",
      { cause },
    );
  }
};
