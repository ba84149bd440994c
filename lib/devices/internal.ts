// Where machines beat. It needs the secret of the installation; without it the address does not exist.
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { beatPath, beatSchema } from "#lib/devices/contract.ts";
import { hearBeat } from "#lib/devices/leases.ts";
import { env } from "#lib/kit/env.ts";
import { Problem } from "#lib/kit/problem.ts";

const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Mounts the address of beats. */
export const mountBeats = (app: FastifyInstance): void => {
  app.post(beatPath, async (request, reply) => {
    const shown = request.headers.authorization ?? "";
    const isOurs = env.internalSecret !== "" && timingSafeEqual(digestOf(shown), digestOf(`Bearer ${env.internalSecret}`));
    if (!isOurs) throw new Problem("missing", "house.route", "Nothing answers here. The operations are listed at /api/v1/openapi.json.");
    const beat = beatSchema.safeParse(request.body);
    if (!beat.success) throw new Problem("invalid", "devices.beat", `The beat is not one: ${beat.error.issues[0]?.message ?? ""}`);
    return reply.send(await hearBeat(beat.data));
  });
};
