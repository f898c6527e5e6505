import { PaksError } from "@paks/schema";
import type { NewRelease } from "./insert-release.ts";
import type { Db } from "./tables.ts";

/** A pak whose row is locked by this transaction. */
export interface LockedPak {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly account: string;
}

export const tooWeak = (why: string): PaksError =>
  new PaksError("EVIDENCE_TOO_WEAK", `${why}, and what came with this tag does not prove that it may be made.`, {
    hint: "Run `paks publish` while logged in: a token and the tag's trailers prove it.",
  });

/** The pak is bound to this repository and folder, or is bound now. */
export async function requireBinding(trx: Db, pak: LockedPak, release: NewRelease): Promise<void> {
  const bound = await trx
    .selectFrom("bindings")
    .select(["repository_key", "repository_url", "path", "state"])
    .where("pak_id", "=", pak.id)
    .where("state", "<>", "released")
    .executeTakeFirst();
  const id = `${pak.account}/${pak.name}`;
  if (!bound) return bindPak(trx, pak, release);
  if (bound.repository_key !== release.repository.key || bound.path !== release.path) {
    throw new PaksError("BINDING_CONFLICT", `${id} is released from ${place(bound.repository_url, bound.path)}.`, {
      hint: "Release it from there, or choose another name.",
      details: { repository: bound.repository_url, path: bound.path },
    });
  }
  if (bound.state === "frozen") {
    throw new PaksError(
      "REPOSITORY_IDENTITY_CHANGED",
      `Publishing of ${id} is frozen until its owner confirms the repository.`,
    );
  }
}

const place = (url: string, path: string): string => (path === "" ? url : `${url}, folder ${path}`);

async function bindPak(trx: Db, pak: LockedPak, release: NewRelease): Promise<void> {
  const id = `${pak.account}/${pak.name}`;
  if (!release.mayBind) throw tooWeak(`${id} is bound to no repository`);
  const { repository, path } = release;
  const result = await trx
    .insertInto("bindings")
    .values({
      pak_id: pak.id,
      repository_key: repository.key,
      repository_url: repository.url,
      host: repository.host,
      path,
      tag_prefix: release.tagPrefix,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if ((result.numInsertedOrUpdatedRows ?? 0n) > 0n) return;
  throw new PaksError("BINDING_CONFLICT", `Another pak is released from ${place(repository.url, path)}.`, {
    hint: `Move ${id} into a folder of its own, or keep the other name.`,
    details: { repository: repository.url, path },
  });
}
