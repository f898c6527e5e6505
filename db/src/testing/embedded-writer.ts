/**
 * A program of its own for tests of the embedded database: opens the folder of its first argument, says `ready`,
 * and writes one fact after the other, each name on standard output only when its transaction has been committed.
 */
import { openDatabase } from "../database.ts";
import { insertFact } from "../facts.ts";
import { migrate } from "../migrate.ts";
import { inTransaction } from "../transaction.ts";

const say = (line: string) => process.stdout.write(`${line}\n`);

const { db } = await openDatabase({ dataDir: process.argv[2]! }, { publicUrl: "http://127.0.0.1:8787" });
await migrate(db);
say("ready");
for (let count = 0; ; count++) {
  await inTransaction(db, async (trx) => {
    await insertFact(trx, `first-${count}`, count);
    await insertFact(trx, `second-${count}`, "x".repeat(2_000));
  });
  say(String(count));
}
