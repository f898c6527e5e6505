import { insertRelease, type InsertedRelease, type NewRelease } from "./insert-release.ts";
import type { Db } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

class Undo extends Error {
  readonly inserted: InsertedRelease;
  constructor(inserted: InsertedRelease) {
    super("A rehearsal is never committed.");
    this.inserted = inserted;
  }
}

/**
 * What recording this release would do: `insertRelease` in a transaction that is always rolled back, so that it
 * throws and answers the same and leaves nothing. `created`: false when the release is recorded already.
 */
export async function rehearseRelease(db: Db, release: NewRelease): Promise<{ created: boolean }> {
  // Joined to a transaction that goes on, the undoing would not undo.
  if (db.isTransaction) throw new TypeError("A rehearsal needs a transaction of its own.");
  try {
    return await inTransaction(db, async (trx) => {
      throw new Undo(await insertRelease(trx, release));
    });
  } catch (error) {
    if (error instanceof Undo) return { created: error.inserted.created };
    throw error;
  }
}
