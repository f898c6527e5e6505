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
    const there = place(bound.repository_url, bound.path);
    throw new PaksError("BINDING_CONFLICT", `${id} is released from ${there}.`, {
      hint: releaseFrom(there),
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

/** @param there the repository, and the folder in it */
export const releaseFrom = (there: string): string =>
  `Publish from ${there}, or under another name: a registry cannot move a pak to another repository or folder yet.`;

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
  const other = await findPakAt(trx, repository.key, path);
  throw new PaksError(
    "BINDING_CONFLICT",
    `${other === undefined ? "Another pak" : describeOther(other, other.account === pak.account)} is released from ${place(repository.url, path)}.`,
    {
      hint: `Move ${id} into a folder of its own, or keep the other name.`,
      details: { repository: repository.url, path, ...(other && { bound: `${other.account}/${other.name}` }) },
    },
  );
}

interface OtherPak {
  readonly account: string;
  readonly name: string;
}

/** The pak that a place is bound to. */
const findPakAt = (db: Db, repositoryKey: string, path: string): Promise<OtherPak | undefined> =>
  db
    .selectFrom("bindings")
    .innerJoin("paks", "paks.id", "bindings.pak_id")
    .innerJoin("accounts", "accounts.id", "paks.account_id")
    .select(["accounts.name as account", "paks.name"])
    .where("bindings.state", "<>", "released")
    .where("bindings.repository_key", "=", repositoryKey)
    .where("bindings.path", "=", path)
    .executeTakeFirst();

/** Which one, and that it is somebody else's: the name alone looks like one's own. */
export const describeOther = ({ account, name }: OtherPak, isOwn: boolean): string =>
  `${account}/${name}${isOwn ? "" : ", a pak of another account,"}`;
