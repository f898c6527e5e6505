import { canonicalName, PaksError, parseAccountName, reservedName } from "@paks/schema";
import type { AccountKind, Db } from "./tables.ts";

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly kind: AccountKind;
  readonly createdAt: Date;
}

const columns = ["id", "name", "kind", "created_at as createdAt"] as const;

/** Throws INVALID_NAME, NAME_RESERVED, NAME_TAKEN (also when only hyphens differ). */
export async function insertAccount(
  db: Db,
  account: { name: string; kind?: AccountKind | undefined },
): Promise<Account> {
  const name = parseAccountName(account.name);
  const reason = reservedName("account", name);
  if (reason !== undefined) {
    throw new PaksError("NAME_RESERVED", `The account name ${name} is reserved: ${reason}`, {
      hint: "Choose another name.",
    });
  }
  const row = await db
    .insertInto("accounts")
    .values({ name, canonical_name: canonicalName(name), kind: account.kind ?? "user" })
    .onConflict((conflict) => conflict.column("canonical_name").doNothing())
    .returning(columns)
    .executeTakeFirst();
  if (row) return row;
  throw new PaksError("NAME_TAKEN", `The account name ${name} is taken, or differs from a taken one only in hyphens.`, {
    hint: "Choose another name.",
  });
}

export const findAccount = (db: Db, name: string): Promise<Account | undefined> =>
  db.selectFrom("accounts").select(columns).where("name", "=", name).executeTakeFirst();

export async function countAccounts(db: Db): Promise<number> {
  const row = await db
    .selectFrom("accounts")
    .select((eb) => eb.fn.countAll().as("count"))
    .executeTakeFirstOrThrow();
  return Number(row.count);
}
