import { isPrerelease, type Kind, type PakDto, selectVersion, versionKey } from "@paks/schema";
import { formatRelease, listVersions, selectReleases } from "./releases.ts";
import type { Db } from "./tables.ts";

export interface PakRow {
  readonly id: string;
  readonly accountId: string;
  readonly account: string;
  readonly name: string;
  readonly kind: Kind;
}

export async function findPakRow(db: Db, id: { account: string; name: string }): Promise<PakRow | undefined> {
  const row = await db
    .selectFrom("paks")
    .innerJoin("accounts", "accounts.id", "paks.account_id")
    .select(["paks.id", "paks.account_id as accountId", "accounts.name as account", "paks.name", "paks.kind"])
    .where("accounts.name", "=", id.account)
    .where("paks.name", "=", id.name)
    .executeTakeFirst();
  return row && { ...row, kind: row.kind as Kind };
}

/** The pak with its latest release; undefined also while it has no visible one. */
export async function findPak(db: Db, id: { account: string; name: string }): Promise<PakDto | undefined> {
  const row = await selectReleases(db)
    .innerJoin("paks as pak", "pak.latest_release_id", "releases.id")
    .leftJoin("bindings", (join) => join.onRef("bindings.pak_id", "=", "pak.id").on("bindings.state", "<>", "released"))
    .select(["pak.id", "pak.description", "pak.license", "pak.homepage", "pak.keywords", "pak.categories"])
    .select(["pak.downloads", "pak.created_at", "pak.updated_at"])
    .select(["bindings.repository_url as bound_url", "bindings.path as bound_path"])
    .where("accounts.name", "=", id.account)
    .where("paks.name", "=", id.name)
    .executeTakeFirst();
  if (!row) return undefined;
  const { id: pakId, description, license, homepage, keywords, categories, downloads, ...rest } = row;
  const { created_at, updated_at, bound_url, bound_path, ...release } = rest;
  return {
    account: release.account,
    name: release.name,
    kind: release.kind as Kind,
    description,
    license,
    homepage,
    keywords,
    categories,
    repository: bound_url,
    path: bound_path,
    downloads: Number(downloads),
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
    channels: { ...channelsOf(await listVersions(db, pakId)), latest: release.version },
    latest: formatRelease(release),
  };
}

/** Channel → its highest version: one channel per first prerelease identifier (`1.0.0-beta.2` → `beta`). */
function channelsOf(versions: readonly { version: string; yanked: boolean }[]): Record<string, string> {
  const names = new Set(versions.flatMap(({ version }) => channelName(version) ?? []));
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const selected = selectVersion(versions, name);
      return selected && !selected.yanked ? [[name, selected.version]] : [];
    }),
  );
}

function channelName(version: string): string | undefined {
  if (!isPrerelease(version)) return undefined;
  const key = versionKey(version);
  const name = key.slice(key.indexOf("-") + 1).split(".")[0] ?? "";
  return /[a-z]/i.test(name) && name !== "latest" ? name : undefined;
}
