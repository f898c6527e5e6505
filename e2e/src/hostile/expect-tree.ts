import { join } from "node:path";
import type { ErrorCode } from "@paks/schema";
import { expect } from "vitest";
import { snapshotOf } from "./files.ts";
import { expectCode, expectVerdict, type HostileLab } from "./open.ts";
import { type MakeEntries, tagTree } from "./tags.ts";

export interface Tree {
  readonly name: string;
  readonly make: MakeEntries;
  readonly code: ErrorCode | "ok";
}

/** Indexed for its publisher and installed from its URL: the same verdict, and nothing of what is refused anywhere. */
export async function expectTree(hostile: HostileLab, { name, make, code }: Tree): Promise<void> {
  const { repository, tag } = await tagTree(hostile.lab, name, make);
  expectVerdict(await hostile.follow({ repository, tag }), code);
  await hostile.requireWell();
  const project = await hostile.lab.folder(join("projects", name, "project"));
  expectCode(await hostile.paks(project, ["install", `${repository}#tag=${tag}`, "--agent", "claude-code"]), code);
  await hostile.requireWell();
  const found = await fetch(`${hostile.lab.registry.url}/api/skills/acme/${name}`);
  expect(found.status).toBe(code === "ok" ? 200 : 404);
  if (code !== "ok") expect(Object.keys(await snapshotOf(join(project, "..")))).toEqual(["project"]);
}
