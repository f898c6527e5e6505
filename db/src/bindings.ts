import type { BindingState, Db } from "./tables.ts";

export interface Binding {
  readonly id: string;
  readonly pakId: string;
  readonly accountId: string;
  readonly account: string;
  readonly name: string;
  /** Folder inside the repository, "" = its root. */
  readonly path: string;
  readonly tagPrefix: string | null;
  readonly state: BindingState;
}

/** The paks that are bound to a repository now, by path. */
export const listBindings = (db: Db, repositoryKey: string): Promise<Binding[]> =>
  db
    .selectFrom("bindings")
    .innerJoin("paks", "paks.id", "bindings.pak_id")
    .innerJoin("accounts", "accounts.id", "paks.account_id")
    .select([
      "bindings.id",
      "bindings.pak_id as pakId",
      "paks.account_id as accountId",
      "accounts.name as account",
      "paks.name",
      "bindings.path",
      "bindings.tag_prefix as tagPrefix",
      "bindings.state",
    ])
    .where("bindings.repository_key", "=", repositoryKey)
    .where("bindings.state", "<>", "released")
    .orderBy("bindings.path")
    .execute();
