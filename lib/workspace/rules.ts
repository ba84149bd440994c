// Decisions of the workspace room without I/O: slugs, who may change whose role, what a token may reach.
import { createHash, randomBytes } from "node:crypto";
import { Problem } from "#lib/kit/problem.ts";
import { type Member, type Role, reaches } from "#lib/workspace/contract.ts";

/** URL word of a name: lower case, digits and dashes, never empty; `taken` decides about a number at the end. */
export const slugOf = (name: string, taken: ReadonlySet<string>): string => {
  const plain =
    name
      .normalize("NFKD")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40) || "workspace";
  if (!taken.has(plain)) return plain;
  let n = 2;
  while (taken.has(`${plain}-${n}`)) n += 1;
  return `${plain}-${n}`;
};

/** W3: a workspace keeps an owner. Answers a refusal, or null when the change is allowed. */
export const refusalToLoseOwner = (members: Member[], userId: string, next: Role | null): Problem | null => {
  const isOwner = members.some((member) => member.userId === userId && member.role === "owner");
  const others = members.filter((member) => member.role === "owner" && member.userId !== userId);
  return isOwner && next !== "owner" && others.length === 0
    ? new Problem("conflict", "workspace.last_owner", "This is the last owner. Make somebody else an owner first.")
    : null;
};

/** W4: a token never reaches wider than its maker. */
export const refusalToWiden = (wanted: Role, own: Role): Problem | null =>
  reaches(own, wanted)
    ? null
    : new Problem("forbidden", "workspace.wider_token", `Your role here is ${own}; a token cannot be ${wanted}. Ask for ${own} or less.`);

/** A secret to hand out once: 32 random bytes behind a word that secret scanners can find. */
export const newSecret = (word: string): string => `${word}_${randomBytes(32).toString("base64url")}`;

/** What we keep of a secret. 256 random bits need no salt and no slow hash. */
export const hashSecret = (secret: string): string => createHash("sha256").update(secret).digest("hex");
