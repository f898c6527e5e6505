import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import type { Registry } from "../registry.ts";
import { askDryRun } from "./registry-checks.ts";

test("that a registry reads no such repository is said as its own word: elsewhere it may be read", async () => {
  const refusal = { code: "PROTOCOL_NOT_ALLOWED", message: "Repositories are not read over file here." } as const;
  const release = {
    id: { account: "acme", name: "pdf" },
    version: "1.0.0",
    digest: "",
    tag: "v1.0.0",
    path: "",
    repository: "file:///srv/pdf",
    manifest: new Map<string, string>(),
    files: [],
  };
  const ask = async (dryRunIndex: () => Promise<unknown>) =>
    await askDryRun({ url: "https://r.example", dryRunIndex } as unknown as Registry, release);
  const message = "https://r.example says: Repositories are not read over file here.";
  const thrown = async () =>
    await Promise.reject(new PaksError(refusal.code, refusal.message, { hint: "Allowed: https." }));
  await expect(ask(thrown)).rejects.toMatchObject({ code: refusal.code, message, hint: "Allowed: https." });
  const findings = [
    { severity: "error", ...refusal },
    { severity: "error", code: "TOO_LARGE", message: "Too large." },
  ];
  expect(await ask(async () => await Promise.resolve({ findings }))).toMatchObject([
    { message },
    { message: "Too large." },
  ]);
});
