import { listAttempts, listVersions } from "@paks/db";
import type { AttemptDto } from "@paks/schema";

import { type Author, skill, type World } from "./world.ts";

/** A repository with one pak at its root, tagged 1.0.0 and asked for, but not indexed yet. */
export async function published(world: World): Promise<{ author: Author; tag: string; id: string }> {
  const author = await world.author("acme/pdf", { "SKILL.md": skill("pdf") });
  const tag = await author.publish({ package: "acme/pdf", version: "1.0.0" });
  const { id } = await world.hint(author, tag, { evidence: await world.token("acme") });
  return { author, tag, id };
}

/** The same, released. */
export async function released(world: World): Promise<Author> {
  const { author, id } = await published(world);
  await world.drain();
  const { state, message } = await world.attempt(id);
  if (state !== "indexed") throw new Error(`The first release is ${state}: ${message}`);
  return author;
}

/** Highest first. */
export async function versionsOf(world: World, name: string): Promise<string[]> {
  const pak = await world.db.selectFrom("paks").select("id").where("name", "=", name).executeTakeFirst();
  return pak ? (await listVersions(world.db, pak.id)).map(({ version }) => version) : [];
}

/** Attempts on what listing found by itself, newest first. */
export async function listedAttempts(world: World, { repository }: Author): Promise<AttemptDto[]> {
  const attempts = await listAttempts(world.db, { repositoryKey: repository.key, limit: 100 });
  return attempts.filter(({ trigger }) => trigger === "reconcile");
}

/** Audit events other than releases, oldest first. */
export const tagEvents = (world: World) =>
  world.db
    .selectFrom("audit_events")
    .select(["action", "details"])
    .where("action", "<>", "release")
    .orderBy("id")
    .execute();

/** What the author is told. */
export async function outcome(world: World, id: string) {
  const { state, code, hint, details, stage, releases } = await world.attempt(id);
  return { state, code, hint, details, stage, releases: releases.map(({ name, version }) => `${name}@${version}`) };
}
