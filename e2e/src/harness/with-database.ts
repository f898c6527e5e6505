import { randomBytes } from "node:crypto";
import { Client } from "pg";

/** A database of its own on the test server, for programs that are given a URL. */
export async function withDatabase(server: string, work: (url: string) => Promise<void>): Promise<void> {
  const name = `e2e_${randomBytes(8).toString("hex")}`;
  const ask = async (text: string) => {
    const client = new Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  await ask(`create database ${name}`);
  try {
    const url = new URL(server);
    url.pathname = `/${name}`;
    await work(url.href);
  } finally {
    await ask(`drop database ${name} with (force)`);
  }
}
